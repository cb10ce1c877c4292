"""The answer in words: effect, interval, verdict, what the data cannot hold, what was not run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from helpers.grids import (
    by_level,
    effects_of_frame,
    effects_rows,
    headline_rows,
    simulated,
)

from xstilts.degradation.answer import NO_ANSWER, answer_of, write_answer
from xstilts.degradation.effects import (
    EFFECTS,
    TRUTH,
)
from xstilts.degradation.missing_cells import missing_cells
from xstilts.grid import cells_of as cells_of_axes
from xstilts.io.tables import rows_table, write_table


def test_the_answer_says_effect_interval_verdict_and_truth() -> None:
    effects = headline_rows(effects_rows())
    planted = [{**row, "measure": TRUTH, "estimate": -5.04, "p_holm": None} for row in effects]
    turned = [
        {**row, "p_family": 0.01 if row["level"] == "by_language" else 0.5} for row in effects
    ]
    text = answer_of("nano", [*turned, *planted], "centroid_cosine")
    row = by_level(effects)["by_language"]
    low, high = row["low"], row["high"]
    assert low < 0 < high
    share = [round(100 * row[f"explained{end}"]) for end in ("", "_low", "_high")]
    assert (
        f"- {-row['estimate']:.1f} points smaller between languages (95% interval from {-low:.1f} "
        f"smaller to {high:.1f} larger; for these targets and intermediates alone "
        f"from {-row['these_low']:.1f} smaller to {row['these_high']:.1f} larger; "
        f"planted: 5.0 points smaller; it explains {share[0]}%, {share[1]} to {share[2]}, "
        "of how they differ): yes"
    ) in text
    assert text.count(": not shown") == 6
    assert "Over 250 combinations of 5 intermediates, 5 targets and 10 languages" in text
    assert "goes with a transfer gap\n- " in text
    assert "dropped" not in text and "leaves out" not in text
    found = {row["level"]: int(row["p_holm"] < 0.05) for row in effects}
    said = f"{found['by_language']} of 1 between languages; {found['by_target']} of 1"
    assert f"an effect is found by {said} between targets" in text


def test_an_interval_says_the_direction_of_its_ends() -> None:
    effects = headline_rows(effects_rows(), missing=12)
    larger = [{**row, "estimate": 1.5, "low": 0.5, "high": 2.5} for row in effects]
    text = answer_of("nano", larger, "centroid_cosine")
    assert "The fit leaves out 12 more" in text
    assert "1.5 points larger between languages (95% interval 0.5 to 2.5 larger;" in text
    smaller = [{**row, "estimate": -1.5, "low": -2.5, "high": -0.5} for row in effects]
    text = answer_of("nano", smaller, "centroid_cosine")
    assert "1.5 points smaller between languages (95% interval 0.5 to 2.5 smaller;" in text


def test_the_answer_says_what_the_data_cannot_hold() -> None:
    effects = headline_rows(effects_of_frame(simulated(targets=1)))
    text = answer_of("nano", effects, "centroid_cosine")
    assert "cannot hold were dropped: (0 + by_language | target), " in text
    assert "between targets" not in text


GRID = {
    "models": ["nano"],
    "intermediates": ["none", "mnli", "qqp"],
    "targets": ["xnli", "udpos"],
    "languages": {"xnli": ["en", "qa"], "udpos": ["en", "qa", "qb"]},
    "seeds": [1],
}


def write_missing(folder: Path, *gone: tuple[str, str, str]) -> None:
    """Cells of the grid that were not run, by intermediate, target and language."""
    there = [cell for cell in cells_of_axes(GRID) if cell[1:4] not in gone]
    frame = missing_cells(GRID, pd.DataFrame(there))
    frame.to_csv(folder / "missing.csv", index=False)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ((), None),
        ((("mnli", "xnli", "qa"),), "Not run: 1 of 15 cells (1 single ones)."),
        (
            (("none", "udpos", "qb"), ("mnli", "udpos", "qb"), ("qqp", "udpos", "qb")),
            "Not run: 3 of 15 cells (all of language qb).",
        ),
        (
            (
                *(("qqp", target, code) for target in ("xnli", "udpos") for code in ("en", "qa")),
                ("qqp", "udpos", "qb"),
                ("none", "xnli", "qa"),
            ),
            "Not run: 6 of 15 cells (all of intermediate qqp; 1 others).",
        ),
    ],
)
def test_without_effects_there_is_no_answer_yet_and_what_was_not_run_is_said(
    tmp_path: Path, gone: tuple[tuple[str, str, str], ...], sentence: str | None
) -> None:
    write_table(tmp_path / "effects.parquet", rows_table([], EFFECTS), EFFECTS)
    write_missing(tmp_path, *gone)
    write_answer(
        effects=str(tmp_path / "effects.parquet"),
        missing=str(tmp_path / "missing.csv"),
        axes=GRID,
        headline="centroid_cosine",
        answer=str(tmp_path / "answer.txt"),
    )
    found = (tmp_path / "answer.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert found == [NO_ANSWER, sentence] if sentence else [NO_ANSWER]
