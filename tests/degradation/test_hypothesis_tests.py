"""Shares of variance, comparisons, permutations and predictions, against other programs and hand.

Frozen numbers are what R 4.2.2 answered with lme4 1.1-31, lmerTest and performance 0.10.2 on lme4's
data sets, which mixedlm has copies of.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
import pytest
from helpers.grids import WANTED, simulated
from mixedlm import r2_nakagawa
from scipy import stats

from xstilts.degradation.hypothesis_tests import (
    adjusted,
    by_likelihood,
    compare,
    permuted_intermediates,
    permuted_languages,
)
from xstilts.degradation.mixed_model import INTERCEPT, fit_formula
from xstilts.degradation.simulation import Spread, simulated_grid, simulated_outcome

FORMULAS = {
    "dyestuff": "Yield ~ 1 + (1 | Batch)",
    "sleepstudy": "Reaction ~ Days + (1 + Days | Subject)",
    "penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample)",
    "pastes": "strength ~ 1 + (1 | batch) + (1 | sample)",
    "cake": "angle ~ recipe + temp + (1 | recipe:replicate)",
}
UNCORRELATED = "Reaction ~ Days + (1 + Days || Subject)"
# performance::r2_nakagawa: marginal and conditional. It takes fixed variances over n - 1.
NAKAGAWA = {
    ("dyestuff", True): (0.0, 0.4184874068035),
    ("dyestuff", False): (0.0, 0.3615843854716),
    ("sleepstudy", True): (0.278652042562, 0.7992188969772),
    ("sleepstudy", False): (0.287611519425, 0.7927631991936),
    ("penicillin", True): (0.0, 0.9363368199194),
    ("penicillin", False): (0.0, 0.9271721479529),
    ("pastes", True): (0.0, 0.9370413673764),
    ("pastes", False): (0.0, 0.9342438465393),
    ("cake", True): (0.1111140321742, 0.7055191944663),
}
# lmerTest: Satterthwaite's degrees of freedom of the fixed effects.
FREEDOM = {
    FORMULAS["dyestuff"]: [5.0],
    FORMULAS["sleepstudy"]: [17.0, 17.0],
    UNCORRELATED: [18.156202, 18.156202],
    FORMULAS["penicillin"]: [5.487093],
    FORMULAS["pastes"]: [9.0],
}
QUIET = (
    Spread("language", INTERCEPT, 3.0),
    Spread("target", INTERCEPT, 4.0),
    Spread("intermediate", INTERCEPT, 1.0),
    Spread("intermediate:target", INTERCEPT, 1.0),
    Spread("language:target", INTERCEPT, 2.5),
    Spread("Residual", "", 2.0),
)


@cache
def data(name: str) -> pd.DataFrame:
    """One of lme4's data sets, as mixedlm has it."""
    loaded: pd.DataFrame = getattr(mixedlm, f"load_{name}")()
    return loaded


def of_formula(formula: str) -> pd.DataFrame:
    named = {text: name for name, text in FORMULAS.items()}
    return data(named.get(formula, "sleepstudy"))


def one_way(seed: int = 0, groups: int = 6, each: int = 4) -> pd.DataFrame:
    """A balanced layout: groups that differ by 3, rows of them by 1."""
    random = np.random.default_rng(seed)
    names = np.repeat([f"g{at}" for at in range(groups)], each)
    level = np.repeat(random.normal(0, 3, groups), each)
    value = 10 + level + random.normal(0, 1, groups * each)
    return pd.DataFrame({"y": value, "g": names, "x": np.tile([0.0, 1.0], groups * each // 2)})


def analysis_of_variance(frame: pd.DataFrame) -> tuple[float, float]:
    """Variances of groups and of rows, by the mean squares of a balanced layout."""
    each = len(frame) // frame["g"].nunique()
    means = frame.groupby("g")["y"].transform("mean")
    inside = ((frame["y"] - means) ** 2).sum() / (len(frame) - frame["g"].nunique())
    between = each * frame.groupby("g")["y"].mean().var()
    return float((between - inside) / each), float(inside)


# Shares of variance


@pytest.mark.parametrize(("name", "reml"), NAKAGAWA)
def test_shares_of_variance_are_those_of_performance(name: str, reml: bool) -> None:
    model = fit_formula(FORMULAS[name], data(name), reml=reml, df=None)
    found = r2_nakagawa(model.result)
    marginal, conditional = NAKAGAWA[name, reml]
    assert found.marginal == pytest.approx(marginal, rel=1e-4, abs=1e-9)
    assert found.conditional == pytest.approx(conditional, rel=1e-4)


def test_shares_of_variance_are_those_by_hand() -> None:
    # Groups 2, 6 and 10 on average: mean squares of 32 between and 2 inside, so 15 and 2.
    frame = pd.DataFrame({"y": [1.0, 3.0, 5.0, 7.0, 9.0, 11.0], "g": list("aabbcc")})
    assert analysis_of_variance(frame) == pytest.approx((15, 2))
    found = r2_nakagawa(fit_formula("y ~ 1 + (1 | g)", frame).result)
    assert found.marginal == pytest.approx(0, abs=1e-9)
    assert found.conditional == pytest.approx(15 / 17, rel=1e-5)
    assert found.variance_random == pytest.approx(15, rel=1e-5)


def test_a_fixed_effect_has_the_variance_of_what_it_adds() -> None:
    frame = one_way()
    frame["y"] += 4 * frame["x"]
    slope = frame.groupby("x")["y"].mean().diff().iloc[-1]  # balanced: the difference of means
    found = r2_nakagawa(fit_formula("y ~ x + (1 | g)", frame).result)
    by_hand = slope**2 / 4 * len(frame) / (len(frame) - 1)  # half are 0, half are 1
    assert found.variance_fixed == pytest.approx(by_hand, rel=1e-5)


def test_random_slopes_bring_their_mean_variance_over_the_rows() -> None:
    # Johnson (2014): of intercepts a and slopes b, var a + 2 cov(a, b) mean x + var b mean x^2.
    model = fit_formula(FORMULAS["sleepstudy"], data("sleepstudy"))
    ((_, _, of_subject),) = model.factors
    days = data("sleepstudy")["Days"]
    by_hand = of_subject[0, 0] + 2 * of_subject[0, 1] * days.mean()
    by_hand += of_subject[1, 1] * (days**2).mean()
    found = r2_nakagawa(model.result)
    assert found.variance_random == pytest.approx(by_hand, rel=1e-9)


# Comparisons


@pytest.mark.parametrize("formula", FREEDOM)
def test_degrees_of_freedom_are_those_of_lmertest(formula: str) -> None:
    found = fit_formula(formula, of_formula(formula)).fixed["df"]
    assert found.to_numpy() == pytest.approx(FREEDOM[formula], rel=0.01)


def test_models_compare_as_by_lme4() -> None:
    # lme4's ML deviances and numbers of parameters (npar).
    lme4 = {
        FORMULAS["sleepstudy"]: (1751.9393444632, 6),
        UNCORRELATED: (1752.00325513988, 5),
        "Reaction ~ Days + (0 + Days | Subject)": (1774.080315, 4),
    }
    fits = [by_likelihood(formula, data("sleepstudy")) for formula in lme4]
    deviances, parameters = zip(*lme4.values(), strict=True)
    assert [fit.parameters for fit in fits] == list(parameters)
    full, uncorrelated, slope = fits
    correlation = compare(full, uncorrelated)
    assert correlation.chi2 == pytest.approx(deviances[1] - deviances[0], abs=1e-4)
    assert correlation.df == 1
    assert correlation.p == pytest.approx(0.8004, abs=1e-3)  # R's anova, to four digits
    intercepts = compare(full, slope)
    assert intercepts.chi2 == pytest.approx(deviances[2] - deviances[0], abs=1e-4)
    assert intercepts.df == 2
    # A chi-square of two degrees of freedom is beyond x with probability exp(-x / 2).
    assert intercepts.p == pytest.approx(np.exp(-intercepts.chi2 / 2), rel=1e-9)


def test_a_model_compared_with_itself_has_no_p_value() -> None:
    fit = by_likelihood(UNCORRELATED, data("sleepstudy"))
    found = compare(fit, fit)
    assert (found.chi2, found.df) == (0.0, 0)
    assert np.isnan(found.p)


def test_the_number_of_parameters_does_not_depend_on_their_values() -> None:
    found = set()
    for seed in range(6):
        random = np.random.default_rng(seed)
        frame = one_way(seed, groups=10, each=6).assign(y=random.normal(size=60))
        frame["x"] = np.tile(np.arange(6.0), 10)
        found.add(by_likelihood("y ~ x + (1 + x | g)", frame).parameters)
    assert found == {6}  # lme4's npar of sleepstudy's model, which is the same


def test_a_test_without_a_p_value_spoils_no_other() -> None:
    p = pd.Series([0.01, np.nan, 0.04])
    for method in ("holm", "fdr_bh"):
        assert np.isfinite(adjusted(p, method)[[0, 2]]).all(), method


# Permutations


def quiet(seed: int, **effects: float) -> pd.DataFrame:
    """A grid of three targets, twelve languages and six intermediates whose slopes are alike."""
    random = np.random.default_rng(seed)
    codes = [f"l{at}" for at in range(12)]
    frame = simulated_grid(dict.fromkeys(("x", "y", "z"), codes), ["none", *"abcdef"], [1], random)
    return frame.assign(gap=simulated_outcome(frame, effects, QUIET, random))


def assert_uniform(p_values: list[float]) -> None:
    """No test of truth 0 may reject more than it says, nor its p-values pile up elsewhere."""
    rejected = sum(p <= 0.05 for p in p_values)
    assert rejected <= stats.binom.ppf(0.999, len(p_values), 0.05)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_permutations_find_a_simulated_effect() -> None:
    frame = quiet(0, by_cell=-2.0, by_language=-5.0)
    assert permuted_intermediates(frame, "gap", "by_cell") < 0.01
    assert permuted_languages(frame, "gap", "by_language", []) < 0.01


def test_permutations_seldom_find_what_is_not_there() -> None:
    grids = [quiet(seed) for seed in range(40)]
    assert_uniform([permuted_intermediates(grid, "gap", "by_cell") for grid in grids])
    assert_uniform([permuted_languages(grid, "gap", "by_language", []) for grid in grids])


def test_intermediates_may_differ_everywhere_alike() -> None:
    # An intermediate's own effect, however like its similarity, is no sign of where it fits best.
    p_values = []
    for seed in range(40):
        frame = quiet(seed)
        own = frame.groupby("intermediate")["by_cell"].transform("mean")
        p_values.append(
            permuted_intermediates(frame.assign(gap=frame["gap"] - 20 * own), "gap", "by_cell")
        )
    assert_uniform(p_values)


def test_permutations_of_languages_control_for_a_confounder() -> None:
    # Similarity follows a size that the outcome follows too; there is no effect of its own.
    with_it, without_it = [], []
    for seed in range(40):
        random = np.random.default_rng(1000 + seed)
        frame = quiet(seed)
        codes = sorted(frame["language"].unique())
        size = frame["language"].map(dict(zip(codes, random.normal(size=len(codes)), strict=True)))
        noise = dict(zip(codes, random.normal(0, 0.5, len(codes)), strict=True))
        confounded = frame.assign(
            size=size, part=size + frame["language"].map(noise), gap=frame["gap"] - 5 * size
        )
        with_it.append(permuted_languages(confounded, "gap", "part", ["size"]))
        without_it.append(permuted_languages(confounded, "gap", "part", []))
    assert_uniform(with_it)
    assert np.mean(np.array(without_it) <= 0.05) > 0.5


def test_the_p_value_is_the_share_of_orders_as_extreme() -> None:
    # Of the six orders of -1, 0, 1 two are as far from zero as the one found: as it is, and turned.
    languages = pd.DataFrame({"language": list("abc"), "target": "t", "gap": [-1.0, 0, 1]})
    found = permuted_languages(languages.assign(part=languages["gap"]), "gap", "part", [])
    assert found == pytest.approx(1 / 3, abs=0.05)
    rows = [
        {"intermediate": i, "target": t, "language": "l", "gap": sign * at, "trained": 1.0}
        for at, i in enumerate("abc", start=-1)
        for t, sign in (("t", 1), ("u", -1))
    ]
    frame = pd.DataFrame(rows).assign(part=lambda table: table["gap"])
    found = permuted_intermediates(frame, "gap", "part")
    assert found == pytest.approx(1 / 3, abs=0.05)


def test_too_few_groups_to_permute_have_no_p_value() -> None:
    frame = quiet(0)
    three = frame[frame["language"].isin(["l0", "l1", "l2"])]
    assert np.isnan(permuted_languages(three.assign(size=1.0), "gap", "by_cell", ["size"]))
    two = frame[frame["intermediate"].isin(["none", "a", "b"])]
    assert np.isnan(permuted_intermediates(two, "gap", "by_cell"))
    # No (target, language) was run after all intermediates.
    nowhere = frame[(frame["intermediate"] == "a") == (frame["target"] == "x")]
    assert np.isnan(permuted_intermediates(nowhere, "gap", "by_cell"))


# Predictions


def test_predictions_for_known_groups_are_those_of_mixedlm() -> None:
    frame = simulated()
    model = fit_formula(WANTED.formula, frame)
    other = mixedlm.lmer(model.formula, frame)
    new = frame.iloc[::7].assign(by_cell=lambda rows: 2 * rows["by_cell"] + 0.5)
    mean, _ = model.predict(new)
    assert mean == pytest.approx(other.predict(new), abs=1e-5)


@pytest.mark.parametrize("formula", [FORMULAS["sleepstudy"], UNCORRELATED])
def test_correlated_slopes_predict_as_by_mixedlm(formula: str) -> None:
    rows = data("sleepstudy")
    new = rows.iloc[[0, 5, 50, 120]].assign(Days=[11.0, 12.0, 3.5, 0.0])
    mean, sd = fit_formula(formula, rows).predict(new)
    assert mean == pytest.approx(mixedlm.lmer(formula, rows).predict(new), abs=1e-4)
    assert sd[1] > sd[0] > sd[2]  # the farther from the days that were seen, the less sure


def test_a_new_subjects_variance_is_that_by_hand() -> None:
    rows = data("sleepstudy")
    model = fit_formula(FORMULAS["sleepstudy"], rows)
    new = rows.iloc[[9]].assign(Subject="new", Days=9.0)
    mean, sd = model.predict(new)
    x = np.array([1.0, 9.0])
    residual = model.random["variance"].iloc[-1]
    by_hand = x @ (model.factors[0].covariance + model.covariance) @ x + residual
    assert sd[0] ** 2 == pytest.approx(by_hand, rel=1e-8)
    assert mean[0] == pytest.approx(x @ model.fixed["estimate"].to_numpy(), rel=1e-10)


def test_a_wholly_new_group_has_the_fixed_effects_alone() -> None:
    frame = simulated()
    model = fit_formula(WANTED.formula, frame)
    other = dict.fromkeys(("intermediate", "target", "language"), "new")
    new = frame.iloc[::11].assign(**other)
    mean, sd = model.predict(new)
    by_hand = np.zeros(len(new))
    for term, estimate in zip(model.fixed["term"], model.fixed["estimate"], strict=True):
        by_hand += estimate * (1.0 if term == INTERCEPT else new[term].to_numpy())
    assert mean == pytest.approx(by_hand, abs=1e-8)
    least = model.random.loc[model.random["term"] != "by_cell", "variance"].sum()
    assert (sd**2 > least).all()


def test_a_new_language_keeps_what_is_known_of_its_target() -> None:
    frame = simulated()
    model = fit_formula(WANTED.formula, frame)
    new = frame.iloc[::11].assign(language="new")
    mean, _ = model.predict(new)
    other = mixedlm.lmer(model.formula, frame).predict(new, allow_new_levels=True)
    assert mean == pytest.approx(other, abs=1e-5)


def test_of_a_balanced_layout_predictions_and_variances_are_those_by_hand() -> None:
    frame = one_way(groups=6, each=4)
    model = fit_formula("y ~ 1 + (1 | g)", frame)
    group, row = analysis_of_variance(frame)
    error = (row + 4 * group) / len(frame)  # of the mean of all
    mean, sd = model.predict(pd.DataFrame({"g": ["new", "g0"]}))
    kept = 4 * group / (4 * group + row)  # of what a group's mean differs by
    own = frame.groupby("g")["y"].mean()["g0"]
    grand = frame["y"].mean()
    assert mean == pytest.approx([grand, grand + kept * (own - grand)], rel=1e-5)
    known = group * (1 - kept) + row + (1 - kept) ** 2 * error
    assert sd**2 == pytest.approx([group + row + error, known], rel=1e-4)


def test_intervals_hold_a_new_observation_as_often_as_they_say() -> None:
    inside: list[Any] = []
    for seed in range(200):
        frame = one_way(seed, groups=9, each=4)
        seen = frame[frame["g"] != "g8"]
        left_out = frame[frame["g"] == "g8"].iloc[:1]
        mean, sd = fit_formula("y ~ 1 + (1 | g)", seen, df=None).predict(left_out)
        half = float(stats.t.ppf(0.975, 7)) * sd
        inside.append(abs(left_out["y"].iloc[0] - mean[0]) < half[0])
    low, high = (stats.binom.ppf(q, len(inside), 0.95) for q in (0.001, 0.999))
    assert low <= sum(inside) <= high
