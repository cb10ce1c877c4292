"""The four change paths: each is one place, and none of them retrains anything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.study import PUBLISHED, ROOT, TINY, Study

from xstilts.config import read_config
from xstilts.io.tables import read_table
from xstilts.similarity.table import SIMILARITY

pytestmark = pytest.mark.xdist_group("changes")
FITS = (
    "fit_degradation",
    "check_sensitivity",
    "predict_held_out",
    "check_claims",
    "write_answer",
    "plot_effects",
    "plot_headline",
    "plot_scatter",
    "show_scatter",
    "plot_random_effects",
    "plot_sensitivity",
    "plot_held_out",
    "plot_cost",
    "show_tables",
    "write_first_page",
)
TRAINING = ("train_intermediate", "finetune_target")


def example(heading: str, number: int = 0) -> str:
    """A code block of CONTRIBUTING.md, by the heading that it stands under."""
    section = (
        (ROOT / "CONTRIBUTING.md")
        .read_text(encoding="utf-8")
        .split(f"\n## {heading}\n")[1]
        .split("\n## ")[0]
    )
    return re.findall(r"```\w*\n(.*?)```", section, re.DOTALL)[number]


def test_a_finished_study_plans_nothing(finished: Study) -> None:
    assert not finished.planned()


def test_another_formula_is_one_line_of_the_config_and_plans_the_fits(study: Study) -> None:
    study.configure(degradation={"steps": {"facts of languages": "mmd"}})
    assert set(study.planned()) == {*FITS, "all"}


def test_a_new_measure_is_one_file_and_plans_its_table_and_the_fits(study: Study) -> None:
    measure = study.folder / "xstilts/similarity/measures/centroid_distance.py"
    measure.write_text(example("Add a similarity measure"), encoding="utf-8")
    listed = [*TINY["similarity"]["measures"], "centroid_distance"]
    study.configure(similarity={**TINY["similarity"], "measures": listed})
    planned = study.planned()
    assert planned["measure_similarity"] == 1
    fits = {"measure_similarity", *FITS, "plot_measures", "plot_overview", "all"}
    assert set(planned) == fits
    table = "results/tiny/similarity/measure=centroid_distance/model=nano/similarity.parquet"
    result = study.snakemake(table, warm=True)
    assert result.returncode == 0, result.stderr[-2000:]
    found = read_table(study.folder / table, SIMILARITY).to_pandas()
    assert (found["value"] >= 0).all()
    assert (found["se"] > 0).all()


def test_saving_more_often_plans_nothing(study: Study) -> None:
    study.configure(training={**TINY["training"], "save_minutes": 3})
    assert not study.planned()


def edit(study: Study, module: str, old: str, new: str) -> None:
    file = study.folder / "xstilts" / module
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_better_docstrings_plan_nothing(study: Study) -> None:
    for module in (
        "training/loop.py",
        "kinds/classification.py",
        "io/tables.py",
        "report/style.py",
    ):
        edit(study, module, '"""', '"""Better: ')
        edit(study, module, '"""Better: \n', '"""\n')
    assert not study.planned()


def test_a_title_is_drawn_anew_and_nothing_else(study: Study) -> None:
    edit(study, "tasks/xnli.py", 'title="XNLI"', 'title="Cross-lingual NLI"')
    planned = set(study.planned()) - {"all"}
    assert "plot_degradation" in planned
    assert {name.split("_")[0] for name in planned} <= {"plot", "show", "write"}


def test_results_can_be_kept_over_an_edit_and_not_over_the_next(study: Study) -> None:
    edit(study, "training/loop.py", "MOST_NORM = 1e6", "MOST_NORM = 1e7")
    assert set(study.planned()) & {*TRAINING, "evaluate_xnli"} == {*TRAINING, "evaluate_xnli"}
    kept = study.xstilts("keep", "results/tiny", *TRAINING)
    assert kept.returncode == 0, kept.stderr
    assert "2 changes" in kept.stdout  # on mnli, in both phases, and on udpos
    assert not set(TRAINING) & set(study.planned())
    edit(study, "training/loop.py", "MOST_NORM = 1e7", "MOST_NORM = 1e8")
    assert set(TRAINING) <= set(study.planned())


def test_what_is_kept_is_named_as_the_folder_knows_it(study: Study) -> None:
    wrong = study.xstilts("keep", "results/tiny", "finetune")
    assert wrong.returncode == 1
    assert "unknown script 'finetune'; did you mean 'finetune_target'?" in wrong.stderr
    nowhere = study.xstilts("keep", "results/other", "finetune_target")
    assert "results/other/code.json: not there" in nowhere.stderr


def tagged(folder: Path, language: str, sentences: int) -> None:
    words = [f"{language}{at}" for at in range(sentences)]
    lines = [f"a\tDET\n{word}\tNOUN\nsat\tVERB\n" for word in words]
    (folder / f"{language}.tsv").write_text("\n".join(lines), encoding="utf-8")


CELL_TABLE = "results/local/cells.parquet"


def configure_local(study: Study, **changes: Any) -> None:
    """A model and files of one's own, in two languages of the shipped table."""
    paths = {"train": "files/train.tsv", "test": "files/{language}.tsv"}
    local = {
        "results": "results/local",
        **PUBLISHED,
        "data_root": None,
        "models": ["mine"],
        "model_table": {"mine": {"path": "resources/tiny/nano", "layer": 1}},
        "intermediates": ["none"],
        "targets": ["udpos"],
        "languages": ["en", "de"],
        "data": {"udpos": {"path": paths, "format": "conll"}},
        "similarity": {"parallel": None},
    }
    study.configure(**{**local, **changes})


@pytest.fixture
def local_study(study: Study) -> Study:
    """Such a study, with its cells."""
    (study.folder / "files").mkdir()
    for name in ("train", "en", "de", "xx"):
        tagged(study.folder / "files", name, 20)
    configure_local(study)
    cells = study.snakemake(CELL_TABLE, warm=True)
    assert cells.returncode == 0, cells.stderr[-2000:]
    return study


def test_a_new_language_is_named_by_the_config_alone_and_retrains_nothing(
    local_study: Study,
) -> None:
    table = local_study.folder / "my_languages.csv"
    table.write_text("code,name,targets\nxx,Xish,udpos\n", encoding="utf-8")
    configure_local(local_study, languages=["en", "de", "xx"], language_table=table.name)
    planned = local_study.planned(CELL_TABLE)
    assert not set(TRAINING) & set(planned)
    assert planned["evaluate_udpos"] == 1
    stored = set((local_study.folder / "results/local/store").glob("*/*"))
    result = local_study.snakemake(CELL_TABLE, warm=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert len(set((local_study.folder / "results/local/store").glob("*/*")) - stored) == 1
    cells = read_table(local_study.folder / CELL_TABLE).to_pandas()
    assert cells[cells["language"] == "xx"]["gap"].notna().any()


def test_a_changed_data_file_is_fetched_again(local_study: Study) -> None:
    assert "fetch_task" not in local_study.planned(CELL_TABLE)
    tagged(local_study.folder / "files", "de", 21)
    planned = local_study.planned(CELL_TABLE)
    assert planned["fetch_task"] == 1
    assert not set(TRAINING) & set(planned)


def test_a_new_language_plans_no_training(study: Study) -> None:
    study.configure(languages=["en", "qa", "qb", "qe", "ql"])
    planned = study.planned()
    assert not set(TRAINING) & set(planned)
    assert planned["evaluate_xnli"] == 2


CHUNKS = {"train": "train.tsv", "test": "{language}.tsv"}


def test_a_new_task_is_one_file_and_plans_only_itself(study: Study) -> None:
    new = study.folder / "xstilts/tasks/chunking.py"
    new.write_text(
        '"""Chunking: a task of our own, from local files."""\n'
        "from xstilts.tasks import Schedule, Task\n"
        'TASK = Task(name="chunking", title="Chunking", kind="tagging", metric="span_f1",\n'
        "    finetuning=Schedule(batch_size=32, epochs=10), trains_on=('chunking',), target=True,\n"
        "    languages=('en', 'de'))\n",
        encoding="utf-8",
    )
    for language in ("train", "en", "qa", "qe", "ql"):
        tagged(study.folder, language, 20)
    paths = {name: str(study.folder / file) for name, file in CHUNKS.items()}
    entry = {"path": paths, "format": "conll", "languages": TINY["languages"]}
    study.configure(
        targets=["xnli", "udpos", "tatoeba", "chunking"],
        data={**TINY["data"], "chunking": entry},
    )
    planned = study.planned()
    assert planned["finetune_target"] == 2  # after none and after mnli, on its own training set
    assert planned["evaluate_chunking"] == 2
    assert not {"train_intermediate", "evaluate_xnli", "evaluate_udpos"} & set(planned)


def test_the_example_of_a_task_is_trained_on(study: Study) -> None:
    (study.folder / "xstilts/tasks/winogrande.py").write_text(
        example("Add a task"), encoding="utf-8"
    )
    row = {"sentence": "The cup fits the box as the _ is small.", "option1": "cup"}
    rows = [{**row, "option2": f"box {at}", "answer": str(1 + at % 2)} for at in range(40)]
    for split in ("train", "dev"):
        lines = "".join(json.dumps(each).replace("cup", split) + "\n" for each in rows)
        (study.folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    paths = {split: str(study.folder / f"{split}.jsonl") for split in ("train", "dev")}
    study.configure(
        intermediates=["none", "mnli", "winogrande"],
        data={**TINY["data"], "winogrande": {"path": paths, "format": "jsonl"}},
    )
    planned = study.planned()
    assert planned["train_intermediate"] == 1 and planned["evaluate_xnli"] == 1
    trained = "results/tiny/intermediate/model=nano/intermediate=winogrande/seed=1/checkpoint.json"
    result = study.snakemake(trained, warm=True)
    assert result.returncode == 0, result.stderr[-2000:]


def test_the_example_of_a_language_is_in_the_grid_of_its_targets(tmp_path: Path) -> None:
    (tmp_path / "my_languages.csv").write_text(example("Add a language"), encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(f"language_table: {tmp_path}/my_languages.csv", encoding="utf-8")
    _, grid = read_config(config)
    assert {cell.target for cell in grid.cells() if cell.language == "sl"} == {"tatoeba", "wikiann"}


def test_a_new_model_is_one_row_and_plans_only_its_own_jobs(study: Study) -> None:
    encoder = study.folder / "resources/tiny/nano"
    row = yaml.safe_load(
        example("Add a model", 1).replace("/models/multilingual-e5-base", str(encoder))
    )
    (name,) = row["models"]
    row["model_table"][name]["layer"] = 2  # of the two that this one has
    table = {**TINY["model_table"], **row["model_table"]}
    study.configure(models=["nano", name], model_table=table)
    planned = study.planned()
    assert planned["fetch_model"] == 1
    assert planned["train_intermediate"] == 1
    assert planned["finetune_target"] == 4  # (none, mnli) x (mnli, udpos)
    assert planned["evaluate_xnli"] == 2
    assert "fetch_task" not in planned
