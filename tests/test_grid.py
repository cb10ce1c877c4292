"""The grid: cells, languages, and the tree of checkpoints that targets share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from helpers.invented import invented
from helpers.study import ROOT, SMALL, TINY

from xstilts.config import check_config
from xstilts.languages import languages_of
from xstilts.recipes import recipes
from xstilts.tasks import intermediate_tasks, target_tasks, tasks

# XTREME-R's evaluate.py; PAWS-X and BUCC from XTREME.
LANGUAGE_COUNTS = {
    "xnli": 15,
    "xcopa": 11,
    "udpos": 38,
    "wikiann": 48,
    "xquad": 12,
    "mlqa": 7,
    "tydiqa": 9,
    "tatoeba": 41,
    "mewslix": 11,
    "lareqa": 11,
    "pawsx": 7,
    "bucc": 4,
}


def config(**changes: Any) -> dict[str, Any]:
    return {**TINY, "data_root": str(invented(SMALL)), **changes}


def test_nine_intermediate_tasks_and_twelve_targets() -> None:
    assert len(intermediate_tasks()) == 9
    assert len(target_tasks()) == 12
    plain = [*intermediate_tasks(), "multi"]
    assert list(recipes())[: 1 + len(plain)] == ["none", *plain]
    modified = {f"{name}-{change}" for name in plain for change in ("mlm", "mlm-en", "mt")}
    assert set(recipes()) == {"none", *plain, *modified}
    assert recipes()["mnli-mt"].tasks == recipes()["mnli"].tasks


@pytest.mark.parametrize("target", LANGUAGE_COUNTS)
def test_a_target_has_the_languages_of_xtreme_r(target: str) -> None:
    assert len(languages_of(target)) == LANGUAGE_COUNTS[target]


def test_xquad_and_mlqa_share_one_training() -> None:
    assert tasks()["xquad"].training_name == tasks()["mlqa"].training_name == "squad1"
    assert tasks()["xcopa"].training_name == "siqa+copa"


def test_a_target_without_training_is_evaluated_on_the_intermediate() -> None:
    grid = check_config(config())
    assert grid.stage("mnli", "tatoeba") == "intermediate"
    assert grid.stage("none", "tatoeba") == "pretrained"
    assert grid.stage("none", "xnli") == "tuned"


def test_cells_have_the_languages_that_each_target_has() -> None:
    cells = list(check_config(config()).cells())
    assert len(cells) == len(set(cells)) == 2 * (4 + 4 + 3)
    assert not [cell for cell in cells if cell.target == "tatoeba" and cell.language == "en"]


def test_a_retrieval_pool_is_whole_whatever_languages_are_asked_for() -> None:
    grid = check_config(config(targets=["lareqa"], languages=["qa"]))
    assert grid.languages["lareqa"] == ["qa"]
    assert len(grid.fetched_languages("lareqa")) == 13


@pytest.mark.parametrize("name", ["config.yaml", "config/demo.yaml"])
def test_the_shipped_configs_are_valid(name: str) -> None:
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    preset = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    root = {"data_root": str(invented(SMALL))} if "data_root" in preset else {}
    grid = check_config({**shipped, **preset, **root, "allow_unlocked": True})
    assert len(list(grid.cells())) > 1000


def test_a_task_may_list_its_languages_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(tasks()["bucc"], languages=("sw",))
    monkeypatch.setitem(tasks(), "bucc", own)
    assert set(languages_of("bucc")) == {"de", "fr", "ru", "zh", "sw"}
