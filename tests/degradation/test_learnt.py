"""Whether a run learnt its target in English: by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.grids import cell

from xstilts.degradation.learnt import BLIND, not_learnt
from xstilts.degradation.outcomes import add_outcomes, analysed, left_out


def english(value: float, half: float, intermediate: str = "mnli", **more: Any) -> dict[str, Any]:
    """English of a run of XNLI, where random answers score 20."""
    ends = {"low": value - half, "high": value + half}
    return {**cell(intermediate=intermediate, value=value), **ends, **more}


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (70.0, 4.0, ""),
        (24.0, 5.0, BLIND),  # 19 to 29
        (25.0, 5.0, BLIND),  # 20 to 30: random answers lie on its end
        # Half of what none reaches above 20 is (80 - 20) / 2 + 20 = 50.
        (46.0, 3.0, "collapsed: 46 in English, 80 after none"),
        (46.0, 4.0, ""),  # 42 to 50
        (46.0, np.nan, "collapsed: 46 in English, 80 after none"),  # without an interval, by itself
    ],
)
def test_a_run_is_judged_by_the_interval_of_its_english_score(
    value: float, half: float, expected: str
) -> None:
    rows = pd.DataFrame(
        [cell(), english(value, half), cell(intermediate="mnli", language="sw", value=40.0)]
    )
    assert not_learnt(rows).tolist() == ["", expected, expected]


def test_a_run_is_set_against_none_of_its_own_target_and_seed() -> None:
    rows = [
        cell(value=40.0),
        english(30.0, 1.0),  # above half of none's 40
        cell(seed=2),
        english(30.0, 1.0, seed=2),  # below half of none's 80
        cell(target="pawsx"),
        english(30.0, 1.0, target="mlqa"),  # a target without none
    ]
    found = not_learnt(pd.DataFrame(rows))
    assert found.tolist() == ["", "", "", "collapsed: 30 in English, 80 after none", "", ""]


def test_answers_that_do_not_look_are_a_floor_above_chance() -> None:
    """The majority class is right in 45 of 100: 49 less 5 reaches it, 51 less 5 does not."""
    rows = [english(49.0, 5.0, floor=45.0), english(51.0, 5.0, floor=45.0, seed=2)]
    assert not_learnt(pd.DataFrame(rows)).tolist() == [BLIND, ""]


def test_without_english_nothing_is_said() -> None:
    rows = [cell(language="sw", value=21.0), cell(language="zh", value=5.0)]
    assert not_learnt(pd.DataFrame(rows)).tolist() == ["", ""]
    lacking = pd.DataFrame([cell(value=np.nan), cell(language="sw", value=21.0)])
    assert not_learnt(lacking).tolist() == ["", ""]


def test_cells_of_runs_that_did_not_learn_are_counted_and_can_be_kept() -> None:
    rows = [
        cell(),
        cell(language="sw", value=60.0),
        english(46.0, 3.0),
        cell(intermediate="mnli", language="sw", value=40.0),
    ]
    cells = add_outcomes(pd.DataFrame(rows))
    assert analysed(cells, "gap")["gap"].tolist() == [20.0]
    assert analysed(cells, "gap", keeping=["not_learnt"])["gap"].tolist() == [20.0, 6.0]
    why = "of a run that did not learn its target, or set against one"
    assert left_out(cells, "gap") == {why: 1}


def test_a_change_of_a_gap_over_a_run_of_none_that_did_not_learn_is_left_out() -> None:
    rows = [
        english(24.0, 5.0, "none"),
        cell(language="sw", value=22.0),
        english(70.0, 4.0),
        cell(intermediate="mnli", language="sw", value=60.0),
    ]
    cells = add_outcomes(pd.DataFrame(rows))
    assert analysed(cells, "gap")["gap"].tolist() == [10.0]
    assert analysed(cells, "gap_change").empty
    assert analysed(cells, "gain")["gain"].tolist() == [46.0, 38.0]


def test_a_loss_in_english_is_a_gain_like_any() -> None:
    """Leaving it out would leave out the worst gains for being bad."""
    rows = [cell(), english(46.0, 3.0)]
    assert analysed(add_outcomes(pd.DataFrame(rows)), "gain")["gain"].tolist() == [-34.0]


def test_a_run_that_diverged_is_not_also_said_not_to_have_learnt() -> None:
    rows = [cell(), english(20.0, 3.0, diverged="one answer to every dev example")]
    assert add_outcomes(pd.DataFrame(rows))["not_learnt"].tolist() == ["", ""]
