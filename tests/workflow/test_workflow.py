"""The workflow itself: single cells, the store, the tables and the report of a finished study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from helpers.study import TINY, Study

from xstilts import cli
from xstilts.degradation.effects import EFFECTS
from xstilts.degradation.held_out import HELD_OUT
from xstilts.degradation.outcomes import CELLS
from xstilts.evaluation.layer_sweep import LAYERS
from xstilts.io.tables import read_json, read_table

pytestmark = pytest.mark.xdist_group("workflow")
CELL = (
    "results/tiny/scores/target=xnli/model=nano/intermediate=mnli/seed=1/language=qe/scores.parquet"
)


def times(study: Study, pattern: str) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in study.folder.glob(pattern)}


def test_forgetting_one_cell_computes_that_cell_and_what_depends_on_it(study: Study) -> None:
    scores = "results/tiny/store/*/*/scores.parquet"
    before = times(study, scores)
    assert cli.main(["forget", str(study.folder / CELL)]) == 0
    planned = study.planned()
    assert planned["evaluate_xnli"] == 1
    assert not {"finetune_target", "train_intermediate", "evaluate_udpos"} & set(planned)
    result = study.snakemake(CELL)
    assert result.returncode == 0, result.stderr[-2000:]
    after = times(study, scores)
    assert len(after) == len(before)
    changed = {path for path in after if before.get(path) != after[path]}
    key = read_table(study.folder / CELL)["key"][0].as_py()
    assert {path.parent.name for path in changed} == {key}


def test_a_layer_sweep_is_made_when_asked_for_and_agrees_with_the_cells(study: Study) -> None:
    place = "target=tatoeba/model=nano/intermediate=none/seed=1"
    sweep = f"results/tiny/layers/{place}/layers.parquet"
    assert "sweep_layers" not in study.planned("--forceall")
    result = study.snakemake(sweep)
    assert result.returncode == 0, result.stderr[-2000:]
    layers = read_table(study.folder / sweep, LAYERS).to_pandas()
    assert sorted(set(layers["layer"])) == [0, 1, 2]  # nano's embeddings and two layers
    retrieval = layers[layers["layer"] == 1].set_index("language")["value"]  # its row in models.py
    for language, value in retrieval.items():
        file = study.folder / f"results/tiny/scores/{place}/language={language}/scores.parquet"
        assert read_table(file)["value"][0].as_py() == pytest.approx(value, abs=1e-9)


def test_the_benchmark_table_holds_the_mean_over_languages(finished: Study) -> None:
    summary = pd.read_csv(finished.folder / "results/tiny/xtreme_summary.csv")
    cells = read_table(finished.folder / "results/tiny/cells.parquet", CELLS).to_pandas()
    chosen = cells[cells["reported"] & (cells["target"] == "udpos")]
    for intermediate, rows in chosen.groupby("intermediate"):
        found = summary[(summary["target"] == "udpos") & (summary["intermediate"] == intermediate)]
        assert found["value"].item() == pytest.approx(rows["value"].mean(), abs=0.005)
        assert found["languages"].item() == 4


def test_a_deleted_score_file_is_linked_again_from_the_store(study: Study) -> None:
    before = times(study, "results/tiny/store/*/*/scores.parquet")
    (study.folder / CELL).unlink()
    result = study.snakemake(CELL)
    assert result.returncode == 0, result.stderr[-2000:]
    assert times(study, "results/tiny/store/*/*/scores.parquet") == before
    assert (study.folder / CELL).stat().st_nlink > 1


def test_a_failing_language_does_not_stop_the_others(study: Study) -> None:
    data = "results/tiny/encoded/part=test/model=nano/task=xnli/language=qe/rows.arrow"
    assert cli.main(["forget", str(study.folder / CELL)]) == 0
    other = CELL.replace("language=qe", "language=qa")
    assert cli.main(["forget", str(study.folder / other)]) == 0
    (study.folder / data).write_bytes(b"broken")
    stored = len(times(study, "results/tiny/store/*/*/scores.parquet"))
    result = study.snakemake(CELL)
    assert result.returncode != 0
    assert len(times(study, "results/tiny/store/*/*/scores.parquet")) == stored + 1
    assert "failed in qe" in result.stdout + result.stderr


def test_the_cell_table_holds_every_cell_and_the_gap(finished: Study) -> None:
    cells = read_table(finished.folder / "results/tiny/cells.parquet", CELLS).to_pandas()
    reported = cells[cells["reported"]]
    # xnli and udpos in four languages, tatoeba in the three that are not English, two intermediates
    assert len(reported) == 2 * (4 + 4 + 3)
    run = reported[(reported["target"] == "udpos") & (reported["intermediate"] == "none")]
    values = run.set_index("language")
    expected = values.loc["en", "value"] - values.loc["ql", "value"]
    assert values.loc["ql", "gap"] == pytest.approx(expected)
    assert pd.isna(values.loc["en", "gap"])
    assert reported[reported["target"] == "tatoeba"]["gap"].isna().all()


def test_what_is_tested_was_written_down_before_there_were_scores(finished: Study) -> None:
    results = finished.folder / "results/tiny"
    declared = read_json(results / "declared.json")
    assert declared["scores_before"] is False
    assert (declared["headline"], declared["outcome"]) == ("centroid_cosine", "gap")
    page = (results / "first_page.rst").read_text(encoding="utf-8")
    assert f"were written down before any score ({declared['time']})." in page


def test_effects_stand_beside_the_planted_truth(finished: Study) -> None:
    effects = read_table(finished.folder / "results/tiny/effects.parquet", EFFECTS).to_pandas()
    # Invented languages have no distance and share no word, so these are the same everywhere. XNLI
    # is not learnt in so few steps: of one target and intermediate, so are the measures of tasks.
    constant = {"uriel_genetic", "jensen_shannon", "logme", "same_data", "task_embedding"}
    fitted = {*TINY["similarity"]["measures"], "planted"} - constant
    assert set(effects["measure"]) == fitted
    page = (finished.folder / "results/tiny/first_page.rst").read_text(encoding="utf-8")
    assert "XNLI after MNLI, seed 1 (no better in English than answers that do not look" in page
    # So few of them leave some parts without a test.
    tested = effects.dropna(subset="low")
    assert len(tested) and (tested["low"] <= tested["estimate"]).all()
    answer = (finished.folder / "results/tiny/answer.txt").read_text(encoding="utf-8")
    assert "planted: " in answer


def test_every_claim_has_a_verdict_and_a_reason(finished: Study) -> None:
    claims = pd.read_csv(finished.folder / "results/tiny/claims.csv")
    assert {*claims["claim"].astype(str)} == {*map(str, range(1, 10)), "question"}
    assert set(claims["verdict"]) <= {"holds", "does not", "not tested"}
    assert claims["why"].str.len().min() > 0
    (phases,) = claims[claims["claim"].astype(str) == "8"]["verdict"]
    assert phases == "holds"  # MNLI, then UD-POS
    start = claims[claims["claim"].astype(str) == "7"].iloc[0]
    assert start["verdict"] == "not tested" and "resources/tiny/nano, not" in start["why"]


def test_what_was_left_out_is_predicted(finished: Study) -> None:
    results = finished.folder / "results/tiny"
    held = read_table(results / "held_out.parquet", HELD_OUT).to_pandas()
    assert set(held["scheme"]) == {"language"}  # of two targets and two intermediates none is left
    assert set(held["group"]) == {"qa", "qe", "ql"}
    skill = pd.read_csv(results / "skill.csv")
    assert {"mean", "similarity alone", "gradient boosting"} <= set(skill["predictor"])
    variants = pd.read_csv(results / "sensitivity.csv")["variant"]
    assert {"main fit", "chance-corrected", "without qa"} <= set(variants)


def test_the_workflow_as_a_module_has_nothing_left_to_do(finished: Study) -> None:
    assert not finished.planned("-s", "workflow/Snakefile")


def test_the_tree_of_the_grid_shares_training(finished: Study) -> None:
    tuned = list((finished.folder / "results/tiny/tuned").rglob("checkpoint.json"))
    assert len(tuned) == 4  # (none, mnli) x (mnli, udpos); tatoeba is not trained


def test_no_temporary_file_is_left(finished: Study) -> None:
    assert not list((finished.folder / "results").rglob("*.tmp"))


def test_under_a_locale_without_utf8_the_same_files_are_made(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on older clusters: here ASCII, with Python's own remedies for it switched off."""
    names = ("outcomes.html", "scatter.html", "claims.html")
    files = [f"results/tiny/figures/{name}" for name in names]
    files += ["results/tiny/first_page.rst", "results/tiny/answer.txt"]
    before = {}
    for file in files:
        before[file] = (study.folder / file).read_bytes()
        (study.folder / file).unlink()
    assert any(not content.isascii() for content in before.values())
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    result = study.snakemake(*files)
    assert result.returncode == 0, result.stderr[-2000:]
    made = {file: (study.folder / file).read_bytes() for file in files}
    assert made.keys() == before.keys()
    for file in files:
        if not file.endswith(("outcomes.html", "scatter.html")):  # their elements' names are drawn
            assert made[file] == before[file], file
        assert len(made[file]) == len(before[file])
