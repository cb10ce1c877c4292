"""The four change paths: each is one place, and none of them retrains anything."""

from __future__ import annotations

import pytest
from conftest import Study

pytestmark = pytest.mark.xdist_group("workflow")
TRAINING = ("train_intermediate", "finetune_target")


def test_a_finished_study_plans_nothing(finished: Study) -> None:
    assert not finished.planned()


def test_a_new_measure_is_one_file_and_plans_its_table_and_the_fits(study: Study) -> None:
    measure = study.folder / "xstilts/similarity/euclidean.py"
    measure.write_text(
        '"""Euclidean distance of the centroids."""\n'
        "import numpy as np\n"
        "from xstilts.similarity import Measure\n"
        "def euclidean(x, y):\n"
        "    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))\n"
        "MEASURE = Measure("
        'title="Euclid", direction="distance", reference="", compute=euclidean)\n'
    )
    study.configure(similarity={"texts": 20, "measures": ["centroid_cosine", "mmd", "euclidean"]})
    planned = study.planned()
    assert planned["measure_similarity"] == 1
    assert set(planned) == {
        "measure_similarity",
        "fit_degradation",
        "write_answer",
        "plot_effects",
        "all",
    }


def test_a_new_language_is_one_row_and_retrains_nothing(study: Study) -> None:
    table = study.folder / "xstilts/world/languages.csv"
    table.write_text(table.read_text() + "qm,Morvan,Latin,SVO,before,0.6\n")
    study.configure(languages=["en", "qa", "qe", "ql", "qm"])
    result = study.snakemake("results/tiny/cells.parquet", warm=True)
    assert result.returncode == 0, result.stderr[-2000:]
    cells = list((study.folder / "results/tiny/scores").rglob("language=qm/scores.parquet"))
    assert len(cells) == 6  # 2 intermediates x 3 targets


def test_a_new_language_plans_no_training(study: Study) -> None:
    study.configure(languages=["en", "qa", "qb", "qe", "ql"])
    planned = study.planned()
    assert not set(TRAINING) & set(planned)
    assert planned["evaluate_xnli"] == 2


def test_a_new_task_is_one_file_and_plans_only_itself(study: Study) -> None:
    old = (study.folder / "xstilts/tasks/pawsx.py").read_text()
    new = study.folder / "xstilts/tasks/newtask.py"
    new.write_text(
        old.replace('name="pawsx"', 'name="newtask"').replace('("pawsx",)', '("newtask",)')
    )
    study.configure(targets=["xnli", "udpos", "tatoeba", "newtask"])
    planned = study.planned()
    assert planned["finetune_target"] == 2  # after none and after mnli, on its own training set
    assert planned["evaluate_newtask"] == 2
    assert not {"train_intermediate", "evaluate_xnli", "evaluate_udpos"} & set(planned)


def test_a_new_model_is_one_row_and_plans_only_its_own_jobs(study: Study) -> None:
    encoder = study.folder / "results/tiny/pretrained/model=nano/encoder"
    study.configure(
        models=["nano", "mine"], model_table={"mine": {"path": str(encoder), "layer": 2}}
    )
    planned = study.planned()
    assert planned["fetch_model"] == 1
    assert planned["train_intermediate"] == 1
    assert planned["finetune_target"] == 4  # (none, mnli) x (mnli, udpos)
    assert planned["evaluate_xnli"] == 2
    assert "fetch_task" not in planned
