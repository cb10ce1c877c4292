"""Parts of a grid: chosen in the config or on the command line, or what happens to be finished."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from helpers.study import Study

from xstilts import cli
from xstilts.errors import InputError
from xstilts.grid import Cell, read_grid
from xstilts.io.tables import read_table

pytestmark = pytest.mark.xdist_group("parts")
RESULTS = "results/tiny"
ANSWER, MISSING = f"{RESULTS}/answer.txt", f"{RESULTS}/missing.csv"
MAKING = {"fetch_task", "encode_task", "train_intermediate", "finetune_target", "embed_texts"}


def scores(study: Study, pattern: str) -> list[Path]:
    return sorted((study.folder / RESULTS / "scores").glob(f"{pattern}/scores.parquet"))


def test_seeds_that_are_added_reuse_all_there_is(finished: Study) -> None:
    planned = finished.planned("--config", "seeds=[1,2]")
    # As many as the first seed took: mnli, and (none, mnli) x (mnli, udpos).
    assert planned["train_intermediate"] == 1
    assert planned["finetune_target"] == 4
    assert planned["evaluate_xnli"] == planned["evaluate_udpos"] == 2
    assert not {"fetch_task", "encode_task", "embed_texts"} & set(planned)


def test_a_part_that_is_chosen_on_the_command_line_makes_nothing_again(finished: Study) -> None:
    planned = finished.planned("--config", "targets=[udpos]", "intermediates=[none]")
    assert "collect_cells" in planned
    assert not MAKING & set(planned)
    assert not {name for name in planned if name.startswith("evaluate")}


def test_what_is_finished_is_analysed_and_what_is_missing_is_said(study: Study) -> None:
    for file in scores(study, "target=udpos/*/intermediate=mnli/*/*"):
        assert cli.main(["forget", str(file)]) == 0
    assert study.planned()["evaluate_udpos"] == 1
    finished = ("--config", "cells=finished")
    planned = study.planned(*finished)
    assert not MAKING & set(planned)
    assert not {name for name in planned if name.startswith("evaluate")}
    result = study.snakemake(ANSWER, *finished, warm=True)
    assert result.returncode == 0, result.stderr[-2000:]
    missing = pd.read_csv(study.folder / MISSING, keep_default_na=False)
    assert set(zip(missing["intermediate"], missing["target"], strict=True)) == {("mnli", "udpos")}
    assert sorted(missing["language"]) == ["en", "qa", "qe", "ql"]
    assert "Not run: 4 of 22 cells" in (study.folder / ANSWER).read_text(encoding="utf-8")
    cells = read_table(study.folder / RESULTS / "cells.parquet").to_pandas()
    assert len(cells[cells["reported"]]) == 18
    assert study.planned()["evaluate_udpos"] == 1  # the rest is still to be had


def test_with_nothing_finished_there_is_nothing_to_analyse(finished: Study) -> None:
    empty = ("results=results/other", "cells=finished")
    result = finished.snakemake("-n", "--config", *empty)
    assert result.returncode != 0
    assert "no cell of this grid is finished" in result.stdout + result.stderr


CONFIG = {
    "models": ["xlm-r-base", "xlm-r-large"],
    "intermediates": ["none", "mnli", "qqp"],
    "targets": ["xnli", "udpos"],
    "languages": ["en", "de", "fr"],
    "seeds": [1, 2],
    "model_table": {},
    "data": {},
    "translation": {"data": {}, "languages": None},
    "similarity": {"measures": "all", "headline": "centroid_cosine", "parallel": None},
}


def test_a_grid_is_narrowed_to_the_axes_of_some_cells() -> None:
    whole = read_grid(CONFIG)
    part = whole.narrowed(
        [
            Cell("xlm-r-large", "qqp", "udpos", "fr", 2),
            Cell("xlm-r-large", "none", "udpos", "en", 2),
        ]
    )
    assert part.axes == {
        "models": ["xlm-r-large"],
        "intermediates": ["none", "qqp"],
        "targets": ["udpos"],
        "languages": {"udpos": ["en", "fr"]},
        "seeds": [2],
    }
    assert whole.narrowed([*whole.cells()]).axes == whole.axes
    with pytest.raises(InputError, match="no cell"):
        whole.narrowed([])
