"""Slopes over these groups alone, against regressions of means and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.grids import INTERCEPTS, WANTED, simulated
from scipy import stats

from benchmarks.grids import PLANTED
from xstilts.degradation.effects import fit_similarity
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL, fit_formula
from xstilts.degradation.narrow_inference import slopes_of_these
from xstilts.degradation.parts import AXES, PARTS, parts_of
from xstilts.degradation.reliability import corrected
from xstilts.degradation.simulation import Spread, simulated_outcome

SINGLE = {part: axes[0] for part, axes in PARTS.items() if len(axes) == 1}
SLOPES = [(part, axis) for part, own in SINGLE.items() for axis in AXES if axis != own]


def test_on_a_balanced_grid_it_is_the_regression_of_the_outcomes_own_part() -> None:
    """By least squares, part by part; the fit's own interval is wider, as slopes differ."""
    random = np.random.default_rng(2)
    spreads = [Spread(":".join(axes), INTERCEPT, 4.0) for axes in [*PARTS.values()][:-1]]
    spreads += [Spread(axis, part, 3.0) for part, axis in SLOPES]
    frame = simulated()
    outcome = simulated_outcome(frame, PLANTED, [*spreads, Spread(RESIDUAL, "", 1.0)], random)
    trained = frame.assign(gap=outcome)[frame["trained"] == 1]
    split = parts_of(trained, "gap")
    slopes = " + ".join(f"(0 + {part} | {axis})" for part, axis in SLOPES)
    formula = f"gap ~ {' + '.join(PARTS)} + {INTERCEPTS} + {slopes}"
    model = fit_formula(formula, trained, df="containment")
    these = slopes_of_these(model, [*SINGLE])
    for part, axis in SINGLE.items():
        x, y = trained[part].to_numpy(), split[part].to_numpy()
        slope, freedom = (x @ y) / (x @ x), trained[axis].nunique() - 2
        error = np.sqrt(((y - slope * x) ** 2).sum() / freedom / (x @ x))
        half = stats.t.ppf(0.975, freedom) * error
        found = these[part]
        assert found["these"] == pytest.approx(slope, abs=0.02), part
        assert found["these_low"] == pytest.approx(slope - half, rel=0.02), part
        assert found["these_high"] == pytest.approx(slope + half, rel=0.02), part
        whole = model.estimate(part)
        assert whole["low"] < found["these_low"] < found["these_high"] < whole["high"]


@pytest.mark.slow
def test_it_holds_the_mean_slope_of_these_groups_in_19_of_20_grids() -> None:
    """The mean of 5 targets' slopes is known; outside 6 of 20 times once in 3,000, by the binomial.

    The interval over groups like these is three times as wide here.
    """
    outside = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        frame = simulated(seed)
        by_target = dict(zip(frame["target"].unique(), random.normal(-3, 3, 5), strict=True))
        slopes = frame["target"].map(by_target)
        noise = random.normal(0, 1, len(frame))
        model = fit_similarity(frame.assign(gap=slopes * frame["by_language"] + noise), WANTED)
        found = slopes_of_these(model, ["by_language"])["by_language"]
        mean = np.mean([*by_target.values()])
        outside += not found["these_low"] < mean < found["these_high"]
    assert outside <= 5


def test_without_a_test_of_the_slope_there_is_none_of_these_either() -> None:
    """Two facts and the slope make up all that is known of four languages."""
    frame = simulated(3, languages=4)
    codes = frame["language"].str[1:].astype(int)
    rows = frame.assign(a=codes.map({0: 0.0, 1: 1.0, 2: 0.0, 3: 2.0}), b=codes.map(float) ** 2)
    formula = "gap ~ by_language + a + b + (1 | language) + (1 | intermediate:target)"
    model = fit_formula(formula, rows, df="containment")
    assert np.isnan(model.estimate("by_language")["low"])
    assert slopes_of_these(model, ["by_language"]) == {}
    assert corrected(model, "by_language", 0.1) == {}
