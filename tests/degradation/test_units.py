"""The same data in other units give the same test, degrees of freedom and notes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xstilts.degradation.mixed_model import INTERCEPT, MixedModel, fit_formula

SLOPES = "y ~ x + (1 | g) + (1 | h) + (0 + x | h)"


def rows() -> pd.DataFrame:
    """300 rows of 20 x 15 groups, with a slope that differs by h with a deviation of 0.2."""
    random = np.random.default_rng(3)
    names = [(f"g{a:02d}", f"h{b:02d}") for a in range(20) for b in range(15)]
    frame = pd.DataFrame(names, columns=["g", "h"])
    by_g = dict(zip(frame["g"].unique(), random.normal(0, 1, 20), strict=True))
    by_h = dict(zip(frame["h"].unique(), random.normal(0, 0.7, 15), strict=True))
    slope = dict(zip(frame["h"].unique(), random.normal(0, 0.2, 15), strict=True))
    frame["x"] = random.normal(size=300)
    frame["y"] = 1 + (0.5 + frame["h"].map(slope)) * frame["x"] + frame["g"].map(by_g)
    frame["y"] += frame["h"].map(by_h) + random.normal(size=300)
    return frame


def t_of(model: MixedModel, term: str) -> float:
    return model.estimate(term)["estimate"] / model.estimate(term)["se"]


def test_unscaled_data_are_fitted_as_by_lme4() -> None:
    """lme4 1.1-31 gives a REML criterion of 940.148 and a standard error of 0.0906."""
    model = fit_formula(SLOPES, rows())
    assert model.neg2loglik == pytest.approx(940.148, abs=1e-3)
    assert model.estimate("x")["se"] == pytest.approx(0.0906, abs=1e-4)


@pytest.mark.parametrize("unit", [1e-9, 1e-4, 1e3, 1e6, 1e9])
def test_a_unit_changes_estimates_and_nothing_else(unit: float) -> None:
    plain, frame = fit_formula(SLOPES, rows()), rows()
    frame["x"] *= unit
    scaled = fit_formula(SLOPES, frame)
    assert scaled.estimate("x")["estimate"] * unit == pytest.approx(plain.estimate("x")["estimate"])
    assert t_of(scaled, "x") == pytest.approx(t_of(plain, "x"))
    assert scaled.estimate("x")["df"] == pytest.approx(plain.estimate("x")["df"])
    assert scaled.notes == plain.notes == []
    deviations = scaled.random.set_index(["group", "term"])["sd"]
    assert deviations["h", "x"] * unit == pytest.approx(
        plain.random.set_index(["group", "term"])["sd"]["h", "x"]
    )
    # |X'V^-1 X| of x * unit is unit^2 times as large, and the criterion its logarithm more.
    assert scaled.neg2loglik - 2 * np.log(unit) == pytest.approx(plain.neg2loglik, abs=1e-6)
    new = frame.iloc[:5]
    old = rows().iloc[:5]
    assert np.allclose(scaled.predict(new), plain.predict(old))
    slopes = [[row["estimate"] for row in each.groups] for each in (scaled, plain)]
    of_x = [row["term"] == "x" for row in scaled.groups]
    assert np.allclose(np.where(of_x, unit, 1) * slopes[0], slopes[1])


@pytest.mark.parametrize("far", [1e5, 1e6, 1e9])
def test_a_predictor_far_from_zero_is_tested_as_one_near_it(far: float) -> None:
    formula = "y ~ x + (1 | g) + (1 | h)"
    plain, frame = fit_formula(formula, rows()), rows()
    frame["x"] += far
    moved = fit_formula(formula, frame)
    assert moved.dropped == moved.notes == []
    assert t_of(moved, "x") == pytest.approx(t_of(plain, "x"), rel=1e-5)
    assert moved.estimate("x")["df"] == pytest.approx(plain.estimate("x")["df"], rel=1e-4)
    # The line is the same: at x = far it has the height that the plain one has at 0.
    height = moved.estimate(INTERCEPT)["estimate"] + far * moved.estimate("x")["estimate"]
    assert height == pytest.approx(plain.estimate(INTERCEPT)["estimate"], abs=1e-5)


def test_powers_and_products_are_turned_back() -> None:
    """By hand: in units of a thousandth, the slope of x^2 is a millionth, of x * z a thousandth."""
    frame = rows().assign(z=lambda own: np.random.default_rng(4).normal(size=len(own)))
    formula = "y ~ x + I(x**2) + x:z + (1 | g) + (1 | h)"
    plain, scaled = fit_formula(formula, frame), fit_formula(formula, frame.assign(x=1e3 * frame.x))
    for term, power in (("x", 1), ("I(x**2)", 2), ("x:z", 1), (INTERCEPT, 0)):
        assert scaled.estimate(term)["estimate"] * 1e3**power == pytest.approx(
            plain.estimate(term)["estimate"]
        )


def test_a_constant_up_to_rounding_is_no_predictor() -> None:
    """0.1 + 0.2 is 0.3 but for rounding: divided by that spread, it would be noise with a slope."""
    frame = rows().assign(k=np.where(np.arange(300) % 2, 0.1 + 0.2, 0.3))
    assert frame["k"].nunique() == 2
    model = fit_formula("y ~ x + k + (1 | g) + (1 | h)", frame)
    assert model.dropped == ["k"]
    plain = fit_formula("y ~ x + (1 | g) + (1 | h)", frame)
    assert t_of(model, "x") == pytest.approx(t_of(plain, "x"))


def test_predictions_need_no_predictor_that_was_dropped() -> None:
    frame = rows()
    model = fit_formula("y ~ x + twice + (1 | g) + (1 | h)", frame.assign(twice=2 * frame["x"]))
    assert model.dropped == ["twice"]
    plain = fit_formula("y ~ x + (1 | g) + (1 | h)", frame)
    assert np.allclose(model.predict(frame), plain.predict(frame))
