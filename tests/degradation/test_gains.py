"""Gains: what an average over languages, targets and seeds is, and its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from helpers.gains import by_language, grid, judged

from xstilts.degradation.claims import (
    HOLDS,
    NOT_TESTED,
)
from xstilts.degradation.gains import STUDY, interval


def test_an_average_is_over_languages_then_targets() -> None:
    cells = grid(by_language(en=1.0, sw=3.0), "mnli", "xnli")
    more = grid(10.0, "mnli", "tydiqa", "en")
    row = judged(pd.concat([cells, more]))["1", "mnli"]
    assert row["figure"] == pytest.approx(6.0)  # of 2 and 10, not of 1, 3 and 10
    assert (row["low"], row["high"]) == pytest.approx((5.5, 6.5))  # (1 or 3, and 10) / 2
    assert row["verdict"] == HOLDS


def test_three_seeds_are_a_median_and_two_a_mean() -> None:
    gains = {1: 1.0, 2: 9.0, 3: 2.0}
    for seeds, expected in ((2, 5.0), (3, 2.0)):
        cells = grid(lambda i, t, code, s: gains[s], "mnli", seeds=seeds)
        assert judged(cells)["1", "mnli"]["figure"] == pytest.approx(expected)


def test_only_reported_metrics_of_the_studys_targets_count() -> None:
    others = pd.concat([grid(30.0, "mnli", "xcopa"), grid(30.0, "mnli").assign(reported=False)])
    row = judged(pd.concat([grid(4.0, "mnli"), others]))["1", "mnli"]
    assert row["figure"] == pytest.approx(4.0)


def test_gains_are_of_the_same_seed_and_language() -> None:
    cells = grid(4.0, "mnli", seeds=2)
    lacking = (cells["intermediate"] == "mnli") & (cells["language"] == "sw") & (cells["seed"] == 2)
    cells.loc[(cells["language"] == "sw") & (cells["seed"] == 2), "value"] += 20
    assert judged(cells[~lacking])["1", "mnli"]["figure"] == pytest.approx(4.0)


def test_runs_that_diverged_are_left_out_and_counted() -> None:
    cells = grid(lambda i, t, code, s: -40.0 if s == 2 else 4.0, "mnli", seeds=2)
    bad = (cells["intermediate"] == "mnli") & (cells["seed"] == 2)
    cells.loc[bad, "diverged"] = "loss nan"
    row = judged(cells)["1", "mnli"]
    assert row["figure"] == pytest.approx(4.0)
    assert "2 seeds, 4 diverged cells left out" in row["why"]


def test_an_intermediate_that_always_diverged_is_not_tested() -> None:
    cells = grid(4.0, "mnli")
    cells.loc[cells["intermediate"] == "mnli", "diverged"] = "loss nan"
    row = judged(cells)["1", "mnli"]
    assert row["verdict"] == NOT_TESTED
    assert row["why"].startswith("no cells of mnli that did not diverge")


def test_targets_that_a_grid_lacks_are_named() -> None:
    why = judged(grid(4.0, "mnli"))["1", "mnli"]["why"]
    lacking = [name for name in STUDY if name not in ("xnli", "tydiqa")]
    assert f"2 targets (without {', '.join(lacking)}), 1 seed" in why


def test_the_interval_of_an_average_is_the_normal_one_for_many_languages() -> None:
    random = np.random.default_rng(1)
    codes = [f"l{at}" for at in range(60)]
    gains = {(t, code): random.normal(3, 5) for t in STUDY for code in codes}
    cells = grid(lambda i, t, code, s: gains[t, code], "mnli", " ".join(STUDY), " ".join(codes))
    by_target = np.array([[gains[t, code] for code in codes] for t in STUDY])
    error = np.sqrt((by_target.var(axis=1) / len(codes)).sum()) / len(STUDY)
    row = judged(cells)["1", "mnli"]
    expected = by_target.mean() + np.array([-1.96, 1.96]) * error
    # The 2.5th percentile of 2,000 draws has a standard error of 0.06 of this one.
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected), abs=0.2 * error)


def test_seeds_are_drawn_too() -> None:
    cells = grid(lambda i, t, code, s: {1: 2.0, 2: 8.0}[s], "mnli", seeds=2)
    row = judged(cells)["1", "mnli"]
    assert (row["figure"], row["low"], row["high"]) == pytest.approx((5.0, 2.0, 8.0))


def test_the_interval_holds_95_of_100_draws() -> None:
    assert interval(np.array([7.0, *range(101)])) == pytest.approx((7.0, 2.5, 97.5))


def test_one_language_and_one_seed_have_no_interval() -> None:
    row = judged(grid(4.0, "mnli", languages="en"))["1", "mnli"]
    assert row["figure"] == pytest.approx(4.0)
    assert np.isnan(row["low"])
    assert row["verdict"] == NOT_TESTED
    assert row["why"].startswith("no interval: one language per target, and one seed")


def test_several_seeds_in_one_language_have_an_interval() -> None:
    cells = grid(lambda i, t, code, s: float(s), "mnli", languages="en", seeds=2)
    row = judged(cells)["1", "mnli"]
    assert (row["low"], row["high"], row["verdict"]) == (1.0, 2.0, HOLDS)
