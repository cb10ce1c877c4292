"""The first page of the report: what it says of tables that are written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from helpers.grids import cell, grid_of, write_cells

from xstilts.degradation.by_example import AGREEMENT
from xstilts.degradation.effects import EFFECTS, RANDOM_EFFECTS
from xstilts.degradation.held_out import SKILL
from xstilts.degradation.missing_cells import missing_cells
from xstilts.degradation.sensitivity import SENSITIVITY
from xstilts.io.tables import rows_table, write_csv, write_table
from xstilts.report.first_page import write_first_page

Row = dict[str, Any]


def effect(model: str, level: str = "by_language", **values: Any) -> dict[str, Any]:
    """A row of the effects: a slope of -2 (-3 to -1; over these groups alone -2.5 to -1.5)."""
    sizes = {"rows": 12, "missing": 0, "languages": 4, "targets": 1, "intermediates": 3}
    texts = {"outcome": "gap", "controls": "", "absent": "", "dropped": ""}
    slope = {"estimate": -2.0, "low": -3.0, "high": -1.0, "converged": True}
    slope |= {"these": -2.0, "these_low": -2.5, "these_high": -1.5}
    slope |= {"p": 0.01, "p_family": 0.01, "p_holm": 0.01}
    return {"model": model, "measure": "mmd", "level": level, **sizes, **texts, **slope, **values}


def page_of(
    tmp_path: Path,
    effects: list[Row],
    cells: list[Row],
    manifests: Sequence[Row] = (),
    groups: Sequence[Row] = (),
    pairs: Sequence[Row] = (),
) -> str:
    """The first page of encoders a and b on XNLI in English, Swahili and Chinese."""
    axes = {
        "models": ["a", "b"],
        "intermediates": ["none", "mnli"],
        "targets": ["xnli"],
        "seeds": [1],
    }
    axes |= {"languages": {"xnli": ["en", "sw", "zh"]}}
    names = ("effects", "cells", "missing", "sens", "skill", "groups", "pairs")
    files = {name: str(tmp_path / name) for name in names}
    write_cells(Path(files["cells"]), cells)
    write_table(Path(files["effects"]), rows_table(effects, EFFECTS), EFFECTS)
    missing_cells(axes, pd.DataFrame(cells)).to_csv(files["missing"], index=False)
    write_csv(Path(files["sens"]), rows_table([], SENSITIVITY))
    write_csv(Path(files["skill"]), rows_table([], SKILL))
    write_table(Path(files["groups"]), rows_table([*groups], RANDOM_EFFECTS), RANDOM_EFFECTS)
    write_table(Path(files["pairs"]), rows_table([*pairs], AGREEMENT), AGREEMENT)
    data = [str(tmp_path / f"manifest-{at}.json") for at in range(len(manifests))]
    for path, content in zip(data, manifests, strict=True):
        Path(path).write_text(json.dumps(content), encoding="utf-8")
    write_first_page(
        effects=files["effects"],
        cells=files["cells"],
        missing=files["missing"],
        sensitivity=files["sens"],
        skill=files["skill"],
        random_effects=files["groups"],
        agreement=files["pairs"],
        data=data,
        axes=axes,
        headline="mmd",
        choice={"headline": "mmd"},
        declared=str(tmp_path / "declared.json"),
        languages={"en": "English", "sw": "Swahili", "zh": "Chinese"},
        invented=False,
        figure=str(tmp_path / "figure.svg"),
        page=str(tmp_path / "page.rst"),
    )
    return (tmp_path / "page.rst").read_text(encoding="utf-8")


def test_the_page_names_where_a_slope_is_smallest_and_largest(tmp_path: Path) -> None:
    common = {"model": "a", "term": "by_language", "group": "target"}
    groups = [
        {**common, "level": "xnli", "estimate": 2.5, "se": 0.1},
        {**common, "level": "udpos", "estimate": -4.0, "se": 0.1},
        {**common, "level": "pawsx", "estimate": 1.5, "se": 0.1},
        {**common, "group": "intermediate", "level": "mnli", "estimate": 0.0, "se": 0.0},
        {**common, "term": "by_cell", "level": "xnli", "estimate": 9.0, "se": 0.1},
        {**common, "model": "b", "level": "xnli", "estimate": 9.0, "se": 0.1},
    ]
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw"), groups=groups)
    # By hand: the slope is -2, so -2 - 4 and -2 + 2.5.
    said = "It differs: over targets from 6.0 points smaller (UD-POS) to 0.5 points larger (XNLI)."
    assert f"{said}\n" in page
    assert "Slopes of single tasks and languages are predictions, drawn towards the mean." in page
    assert page.count("It differs") == 1


def test_every_encoder_has_its_answer_and_what_it_lacks(tmp_path: Path) -> None:
    cells = [*grid_of("a", "en", "sw"), *grid_of("b", "en")]
    page = page_of(tmp_path, [effect("a")], cells)
    assert "what a loses? **Yes: between languages.**" in page
    assert "b: No answer yet" in page
    assert "* a: Not run: 2 of 6 cells (all of language zh)." in page
    assert "* b: Not run: 4 of 6 cells (all of language sw, zh)." in page
    assert "* a: 1 target: so few that how they differ is hardly known." in page


def test_the_page_says_what_was_left_out_of_the_data_and_what_may_not_be_meant(
    tmp_path: Path,
) -> None:
    said = "udpos, en, test: 3 of 100 examples are in the training set of udpos"
    moved = {"answers moved to where they are": 2}
    manifests: list[Row] = [
        {"task": "udpos", "dropped": {"en, test": 4}, "warnings": [said]},
        {"task": "xquad", "aside": {"en, test": moved, "de, test": moved}, "warnings": []},
        {"task": "xnli", "dropped": {"en, test": 1, "sw, test": 1}, "warnings": [said]},
        {"task": "xquad", "warnings": []},  # of the encoded part
    ]
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"), manifests)
    read = page.split("What was read\n")[1].split("What was not run")[0]
    assert [line for line in read.splitlines() if line.startswith("* ")] == [
        f"* {said}.",
        "* 6 rows, of which the label or answer is hidden, left out: udpos 4, xnli 2.",
        "* 4 rows, answers moved to where they are: xquad 4.",
    ]


def test_the_page_says_that_nothing_was_done_to_the_data(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"), [{"task": "xnli"}])
    assert "* Every row of the data, as it is in its file." in page


def test_the_page_counts_scores_without_an_english_one(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "sw", "zh"))
    said = "scores are left out: without an English score to set them against"
    assert f"* a: 4 {said}." in page


def test_the_page_says_whether_english_moved_or_the_others(tmp_path: Path) -> None:
    """By hand: English gains 1, Swahili loses 2, so the gap is 3 larger."""
    scores = {("none", "en"): 70.0, ("none", "sw"): 60.0, ("mnli", "en"): 71.0, ("mnli", "sw"): 58}
    cells = [
        cell(model="a", intermediate=intermediate, language=language, value=value)
        for (intermediate, language), value in scores.items()
    ]
    page = page_of(tmp_path, [effect("a")], cells)
    assert (
        "After MNLI the transfer gap is 3.0 points larger than after none (mean of 1 target): "
        "English gained 1.0, the other languages lost 2.0; the other languages moved more."
    ) in page


def test_the_page_names_runs_that_did_not_learn(tmp_path: Path) -> None:
    cells = grid_of("a", "en", "sw")
    for row in cells:
        if row["intermediate"] == "mnli":
            row |= {"value": 30.0, "low": 28.0, "high": 32.0}
    page = page_of(tmp_path, [effect("a")], cells)
    assert "2 of 6 combinations are of runs that did not learn their target in English" in page
    said = "XNLI after MNLI, seed 1 (collapsed: 30 in English, 70 after none)"
    assert f"Runs that did not learn their target: {said}." in page


def test_the_page_says_how_reliable_each_part_is(tmp_path: Path) -> None:
    known = effect("a", reliability=0.8, corrected=-2.5, controls="same_data, pretraining_size")
    page = page_of(tmp_path, [known], grid_of("a", "en", "sw"))
    said = (
        "the reliability of what is compared is 0.80 between languages (2.5 points smaller without"
    )
    assert said in page
    assert "What pretraining_size measure badly passes for similarity" in page
    unknown = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw"))
    assert "its error makes slopes smaller." in unknown and "measure badly" not in unknown


def test_an_encoder_that_was_not_run_says_so(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"))
    assert "* a: Every cell of the grid was run." in page
    assert "* b: Not run: any of 6 cells." in page
    assert "No gap" not in page  # the grid has English cells


def test_a_slope_without_a_test_is_unknown_on_the_page(tmp_path: Path) -> None:
    """As fits leave it: nan, which a table holds as empty."""
    nothing = dict.fromkeys(("low", "high", "p", "p_family", "p_holm"), np.nan)
    untested = effect("a", **nothing)
    page = page_of(tmp_path, [untested], grid_of("a", "en", "sw"))
    assert "Unknown: between languages." in page
    assert "too few of them for an interval" in page and "nan" not in page


def test_the_page_counts_the_tests_that_verdicts_are_corrected_for(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("low", "high", "p", "p_family", "p_holm"), np.nan)
    rows = [effect("a"), effect("a", "by_cell"), effect("a", "by_target_language", **nothing)]
    page = page_of(tmp_path, rows, grid_of("a", "en", "sw"))
    assert "Verdicts are corrected for 2 tests at once" in page
    assert "Slopes between pairs are found too seldom" in page
    alone = page_of(tmp_path, rows[:1], grid_of("a", "en", "sw"))
    assert "Verdicts are corrected" not in alone and "between pairs" not in alone


def test_the_page_says_what_was_written_down(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw"))
    assert "Nobody wrote down headline, outcome and formula before there were scores." in page
    was = {"headline": "frechet", "time": "2026-01-01", "scores_before": False}
    (tmp_path / "declared.json").write_text(json.dumps(was), encoding="utf-8")
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw"))
    assert "written down before any score (2026-01-01)." in page
    assert "**The headline was changed later:** from frechet to mmd." in page


def test_the_page_says_whether_relatives_fail_on_the_same_examples(tmp_path: Path) -> None:
    """By hand: 0.5 within a family, 0.2 and 0.4 between them; English is none of them."""
    cells = grid_of("a", "en", "de", "nl", "sw")
    family = dict.fromkeys(("en", "de", "nl"), "Germanic") | {"sw": "Bantu"}
    cells = [{**row, "family": family[row["language"]]} for row in cells]
    common = {"model": "a", "axis": "language", "target": "xnli", "examples": 10}
    kappa = {("de", "nl"): 0.5, ("de", "sw"): 0.2, ("nl", "sw"): 0.4, ("de", "en"): 0.9}
    pairs = [
        {**common, "one": one, "other": other, "kappa": value}
        for (one, other), value in kappa.items()
    ]
    page = page_of(tmp_path, [effect("a")], cells, pairs=pairs)
    said = (
        "Languages of one family fail on the same examples with a kappa of 0.50, others with 0.30"
    )
    assert f"* a: {said} (p " in page
    without = page_of(tmp_path, [effect("a")], cells)
    assert "fail on the same examples" not in without
