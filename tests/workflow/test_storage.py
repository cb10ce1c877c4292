"""What stays on disk, what is rebuilt when it is gone, and what several people share."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.study import Study
from safetensors.torch import load_file

from xstilts import cli
from xstilts.checkpoint.network import MANIFEST, WEIGHTS
from xstilts.io.tables import read_table

pytestmark = pytest.mark.xdist_group("storage")
RESULTS = "results/tiny"
CELL = (
    f"{RESULTS}/scores/target=xnli/model=nano/intermediate=mnli/seed=1/language=qe/scores.parquet"
)
CELLS = f"{RESULTS}/cells.parquet"
COLUMNS = ("target", "intermediate", "language", "metric", "value", "low", "high", "checkpoint")


def weights(study: Study) -> set[str]:
    """Every checkpoint's weights that are there, by their place in the results."""
    found = (study.folder / RESULTS).rglob(WEIGHTS)
    return {str(path.relative_to(study.folder / RESULTS)) for path in found}


def values(study: Study) -> list[tuple[object, ...]]:
    table = read_table(study.folder / CELLS)
    return sorted(map(tuple, zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)))


@pytest.mark.parametrize(
    ("keep", "rebuilt"),
    [
        ("none", {"train_intermediate": 1, "finetune_target": 1}),
        ("intermediate", {"finetune_target": 1}),
        ("all", {}),
    ],
)
def test_a_cell_rerun_after_cleaning_rebuilds_what_it_needs_and_no_more(
    study: Study, keep: str, rebuilt: dict[str, int]
) -> None:
    before, keeping = values(study), ("--config", f"keep_checkpoints={keep}")
    assert study.snakemake("--delete-temp-output", *keeping).returncode == 0
    assert {path.split("/")[0] for path in weights(study)} == {
        "none": set(),
        "intermediate": {"intermediate"},
        "all": {"intermediate", "tuned"},
    }[keep]
    assert not study.planned(*keeping)  # weights that are gone are not missed
    assert cli.main(["forget", str(study.folder / CELL)]) == 0
    assert study.planned(CELL, *keeping) == {**rebuilt, "evaluate_xnli": 1}
    left = weights(study)
    result = study.snakemake(CELL, *keeping, warm=bool(rebuilt))
    assert result.returncode == 0, result.stderr[-2000:]
    assert weights(study) == left  # and gone again
    rest = study.planned(*keeping)
    assert {"collect_cells", "fit_degradation"} <= set(rest)
    assert not {"train_intermediate", "finetune_target", "evaluate_xnli"} & set(rest)
    assert study.snakemake(CELLS, *keeping).returncode == 0
    assert values(study) == before


def test_weights_are_kept_in_bf16(finished: Study) -> None:
    files = sorted((finished.folder / RESULTS).rglob(WEIGHTS))
    assert len(files) == 5  # after mnli; (none, mnli) x (mnli, udpos)
    kinds = {str(tensor.dtype) for file in files for tensor in load_file(file).values()}
    assert kinds == {"torch.bfloat16"}


def test_what_others_have_trained_and_scored_is_not_made_again(
    study: Study, tmp_path: Path
) -> None:
    """Two results folders, one store: the second links what the first has left there."""
    store, made = tmp_path / "store", {}
    for person in ("ann", "bob"):
        study.configure(results=f"results/{person}", store=str(store))
        result = study.snakemake(f"results/{person}/cells.parquet", warm=True)
        assert result.returncode == 0, result.stderr[-2000:]
        made[person] = sorted(path.name for path in store.glob("??/*"))
    assert made["ann"] == made["bob"]
    # Trainings and cells. XNLI trains on MNLI, so two trainings of the five are one.
    assert len(made["ann"]) == 5 - 1 + 22
    logs = (study.folder / "results/bob/logs/finetune_target").rglob("*.log")
    assert all("found in" in log.read_text(encoding="utf-8") for log in logs)
    ours = study.folder / "results/bob/tuned/model=nano/intermediate=none/training_set=mnli/seed=1"
    assert (ours / WEIGHTS).stat().st_nlink == 5  # the store's, and two of ann's and of bob's
    assert cli.main(["prune", str(store)]) == 0
    assert sorted(path.name for path in store.glob("??/*")) == made["ann"]


def test_what_a_broken_disk_has_cut_is_named(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    results = study.folder / RESULTS
    assert cli.main(["verify", str(results)]) == 0
    cut = [study.folder / CELL, next(results.glob(f"tuned/**/{WEIGHTS}"))]
    for file in cut:
        with file.open("r+b") as opened:
            opened.truncate(file.stat().st_size - 10)
    capsys.readouterr()
    assert cli.main(["verify", str(results)]) == 1
    named = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert named == [str(cut[0]), str(cut[1].with_name(MANIFEST))]
