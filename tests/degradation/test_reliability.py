"""Reliability of parts and corrected slopes: by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.parts import PARTS, parts_of
from xstilts.degradation.reliability import corrected, error_shares
from xstilts.degradation.simulation import simulated_grid

LANGUAGES = {f"t{at}": [f"l{of}" for of in range(10)] for at in range(5)}


def cells(spread: float, draws: int = 400, of: str = "") -> pd.DataFrame:
    """Cells with resamples whose error is of each cell, or shared by the groups of a factor."""
    random = np.random.default_rng(0)
    rows = simulated_grid(LANGUAGES, ["none", *"abcd"], [1], random)
    rows = rows.dropna(subset="similarity").reset_index(drop=True)
    groups = rows.groupby(of).ngroup() if of else pd.Series(range(len(rows)))
    errors = random.normal(0, spread, (groups.max() + 1, draws))[groups]
    return rows.assign(resamples=[*(rows["similarity"].to_numpy()[:, None] + errors)])


def test_an_error_of_every_cell_falls_on_parts_by_their_degrees_of_freedom() -> None:
    """By hand: of the variance s^2 of a cell, a part of d degrees of freedom has s^2 d / cells."""
    rows, sizes = cells(0.5), {"intermediate": 4, "target": 5, "language": 10}
    shares, own = error_shares(rows, "cell"), parts_of(rows, "similarity")
    for part, axes in PARTS.items():
        freedom = np.prod([sizes[axis] - 1 for axis in axes])
        # The variance of a column divides by one cell less than there are.
        expected = 0.5**2 * freedom / (len(rows) - 1) / own[part].var()
        assert shares[part] == pytest.approx(expected, rel=0.15), part


def test_an_error_of_languages_falls_on_languages_alone() -> None:
    shares = error_shares(cells(0.5, of="language"), "cell")
    assert shares["by_language"] > 0.01
    assert max(share for part, share in shares.items() if part != "by_language") < 1e-6


def test_a_measure_without_resamples_has_no_known_error() -> None:
    assert error_shares(cells(0.5).assign(resamples=None), "cell") == {}
    assert error_shares(cells(0.5).head(0), "cell") == {}


@pytest.mark.slow
def test_slopes_are_right_on_average_once_they_are_corrected() -> None:
    """A quarter of a language's similarity is error; a control goes along with it (0.6).

    The slope that is fitted is short by 40%; over 60 draws the corrected one is within three
    Monte-Carlo errors of the truth, which stand below.
    """
    plain, whole = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        true = random.normal(size=200)
        control = 0.6 * true + 0.8 * random.normal(size=200)
        error = random.normal(0, 1 / 3**0.5, 200)
        seen = true + error
        spread = seen.std(ddof=1)
        rows = pd.DataFrame({"by_language": seen / spread, "control": control})
        rows["language"] = [f"l{at}" for at in range(200)]
        rows = pd.concat([rows] * 2, ignore_index=True)
        effect = -3.0 * spread  # points per standard deviation of what is seen
        truth = np.tile(-3.0 * true + 2.0 * control, 2)
        rows["gap"] = truth + np.repeat(random.normal(size=(1, 200)), 2, 0).ravel()
        rows["gap"] += random.normal(size=400)
        model = fit_formula("gap ~ by_language + control + (1 | language)", rows, df="containment")
        found = corrected(model, "by_language", error.var(ddof=1) / spread**2)
        plain.append(model.estimate("by_language")["estimate"] / effect)
        whole.append(found["corrected"] / effect)
        assert found["corrected_low"] < found["corrected"] < found["corrected_high"]
    error = np.std(whole, ddof=1) / len(whole) ** 0.5
    assert np.mean(whole) == pytest.approx(1.0, abs=3 * error) and error < 0.02
    # By hand: var(w | z) is 4/3 - 0.36 = 0.973, of which 1/3 is error.
    assert np.mean(plain) == pytest.approx(1 - (1 / 3) / (4 / 3 - 0.36), abs=0.03)


def test_a_part_that_is_mostly_error_is_not_corrected() -> None:
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"by_cell": random.normal(size=60), "g": [*"abcdef"] * 10})
    rows["gap"] = random.normal(size=60)
    model = fit_formula("gap ~ by_cell + (1 | g)", rows)
    assert corrected(model, "by_cell", 0.9).keys() == {"reliability"}
    assert corrected(model, "by_cell", 5.0) == {"reliability": 0.0}
    assert corrected(model, "by_cell", None) == {}
