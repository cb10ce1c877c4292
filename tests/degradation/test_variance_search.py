"""The search for variances: its criterion, slope and optimum against mixedlm's own."""

from __future__ import annotations

from typing import Any

import mixedlm
import numpy as np
import pandas as pd
import pytest
from helpers.grids import WANTED
from scipy import optimize

from benchmarks.grids import PLANTED
from xstilts.degradation.formulas import of_columns
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.simulation import (
    EXPECTED,
    seed_means,
    simulated_grid,
    simulated_outcome,
)
from xstilts.degradation.variance_search import _Criterion, least_criterion

SIMPLE = "y ~ x + (1 | g) + (0 + x | h) + (1 + x || k)"
LANGUAGES = {f"t{at}": [f"l{of}" for of in range(6)] for at in range(4)}


def frame(seed: int = 0) -> pd.DataFrame:
    """150 rows in crossed groups, with weights."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({name: random.integers(0, 9, 150).astype(str) for name in "ghk"})
    rows["x"] = random.normal(size=150)
    slope = random.normal(0, 1, 9)[rows["h"].astype(int)]
    rows["y"] = 3 + rows["x"] * (1 + slope) + random.normal(0, 2, 9)[rows["g"].astype(int)]
    return rows.assign(y=rows["y"] + random.normal(size=150), weight=random.uniform(0.5, 2.0, 150))


def criteria(reml: bool) -> tuple[_Criterion, Any]:
    """Ours and mixedlm's of the same rows."""
    rows = frame()
    parsed = mixedlm.lFormula(SIMPLE, rows, REML=reml, weights=rows["weight"].to_numpy())
    return _Criterion(parsed.matrices, reml), mixedlm.mkLmerDevfun(parsed)


@pytest.mark.parametrize("reml", [True, False])
def test_the_criterion_is_mixedlms_but_for_a_constant(reml: bool) -> None:
    ours, theirs = criteria(reml)
    points = [np.array([1.0, 0.3, 0.2, 0.7]), np.array([0.0, 2.0, 0.0, 0.1]), np.zeros(4)]
    apart = [ours.at(point).value - theirs(np.sqrt(point)) for point in points]  # type: ignore[union-attr]
    assert apart == pytest.approx([apart[0]] * 3, abs=1e-8)


@pytest.mark.parametrize("reml", [True, False])
def test_the_slope_is_that_of_differences(reml: bool) -> None:
    ours, theirs = criteria(reml)
    at = np.array([1.0, 0.3, 0.2, 0.7])
    by_differences = optimize.approx_fprime(at, lambda point: theirs(np.sqrt(point)), 1e-6)
    assert ours.at(at).slope == pytest.approx(by_differences, rel=1e-4)  # type: ignore[union-attr]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_it_ends_where_mixedlms_search_ends(seed: int, reml: bool) -> None:
    rows = frame(seed)
    weights = rows["weight"].to_numpy()
    ours = fit_formula(SIMPLE, rows, reml=reml, weights=weights, df=None)
    theirs = mixedlm.lmer(SIMPLE, rows, REML=reml, weights=weights)
    deviations = [*theirs.VarCorr().groups.values()]
    expected = [sd**0.5 for group in deviations for sd in group.variance.values()]
    assert ours.neg2loglik == pytest.approx(
        theirs.REMLcrit() if reml else -2 * theirs.logLik().value, abs=1e-6
    )
    assert ours.random["sd"][:-1].to_numpy() == pytest.approx(expected, abs=1e-3)


def small_grid(seed: int) -> pd.DataFrame:
    """Seed means of 120 cells, with an effect of every part."""
    random = np.random.default_rng(seed)
    rows = simulated_grid(LANGUAGES, ["none", *"abcd"], [1], random)
    return seed_means(rows.assign(gap=simulated_outcome(rows, PLANTED, EXPECTED, random)), "gap")


def test_no_search_of_many_variances_ends_above_mixedlms() -> None:
    """120 rows and 24 variances are too few to tell them all: several optima are common."""
    for seed in range(8):
        rows = small_grid(seed)
        formula = of_columns(WANTED.formula, rows.columns)
        ours = fit_formula(formula, rows, df=None)
        theirs = mixedlm.lmer(ours.formula, ours.data)
        if theirs.converged:
            assert ours.neg2loglik < theirs.REMLcrit() + 1e-5


def test_correlated_effects_and_many_columns_are_left_to_mixedlm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = frame()
    correlated = mixedlm.lFormula("y ~ x + (1 + x | g)", rows).matrices
    assert least_criterion(correlated, np.ones(3), reml=True) is None
    apart = mixedlm.lFormula("y ~ x + (1 + x || g)", rows).matrices
    assert least_criterion(apart, np.ones(2), reml=True) is not None
    monkeypatch.setattr("xstilts.degradation.variance_search.MOST_COLUMNS", 17)
    assert least_criterion(apart, np.ones(2), reml=True) is None  # it has 18


def test_other_optima_are_noted() -> None:
    """Of this grid two searches end 0.943 above the third, which mixedlm's criterion confirms."""
    rows = small_grid(24)
    model = fit_formula(of_columns(WANTED.formula, rows.columns), rows, df=None)
    (note,) = [note for note in model.notes if "several optima" in note]
    assert note.endswith("other searches ended 0.943, 0.943 above this one")
