"""What moved where a gap changed: by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from helpers.grids import cell

from xstilts.degradation.moves import Move, moves
from xstilts.degradation.outcomes import add_outcomes

SCORES = {  # (intermediate, target): English, then Swahili and Chinese
    ("none", "xnli"): (80.0, 60.0, 50.0),
    ("mnli", "xnli"): (90.0, 64.0, 56.0),
    ("none", "mlqa"): (70.0, 40.0, None),
    ("mnli", "mlqa"): (68.0, 48.0, None),
}


def cells() -> pd.DataFrame:
    rows = [
        cell(intermediate=intermediate, target=target, language=language, value=value)
        for (intermediate, target), values in SCORES.items()
        for language, value in zip(("en", "sw", "zh"), values, strict=True)
        if value is not None
    ]
    return add_outcomes(pd.DataFrame(rows))


def test_a_change_of_the_gap_is_the_gain_in_english_less_that_in_the_others() -> None:
    """By hand: XNLI gains 10 in English and (4 + 6) / 2 elsewhere; MLQA loses 2 and gains 8."""
    assert moves(cells()) == [
        Move("mnli", targets=2, gap_change=(5 - 10) / 2, english=(10 - 2) / 2, others=(5 + 8) / 2)
    ]
    (move,) = moves(cells())
    assert move.gap_change == pytest.approx(move.english - move.others)
    assert move.more == "the other languages moved more"


def test_runs_that_do_not_count_move_nothing() -> None:
    rows = cells()
    bad = (rows["target"] == "mlqa") & (rows["intermediate"] == "mnli")
    (move,) = moves(rows.assign(diverged=rows["diverged"].where(~bad, "nan loss")))
    assert (move.targets, move.english, move.others) == (1, 10.0, 5.0)
    assert move.more == "English moved more"
    assert move._replace(others=-10.02).more == "both moved alike"
    assert moves(rows[rows["intermediate"] == "none"]) == []
