"""Mixed models give what lme4 gives, and say what of a formula the data cannot hold.

`reference/lme4.json` holds what lme4 1.1-31 answered on data sets of its own and on a simulated
grid; `reference/lme4.R` asked it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.study import ROOT

from benchmarks.grids import frozen_grid
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL, MixedModel, fit_formula
from xstilts.errors import InputError

REFERENCE = ROOT / "tests/reference"
LME4: dict[str, dict[str, Any]] = json.loads((REFERENCE / "lme4.json").read_text(encoding="utf-8"))
SIMULATED = [name for name, case in LME4.items() if case["data"] in ("grid", "one seed")]
KNOWN = [name for name in LME4 if name not in SIMULATED]
# MixedModels.jl (MIT), test/pls.jl and, of Penicillin's REML, test/plstwoscalar.jl: the criterion,
# standard errors of the fixed effects, standard deviations of the random ones.
PUBLISHED: dict[str, tuple[float, list[float], list[float]]] = {
    "dyestuff_ml": (327.3270598811428, [17.69455188898009], []),
    "dyestuff_reml": (319.65427684225216, [], []),
    "penicillin_ml": (
        332.18834867227616,
        [0.7445960346851368],
        [0.8455645948223015, 1.770647779277388],
    ),
    "penicillin_reml": (
        330.86058899122156,
        [0.8085723219702367],
        [0.8467056820846379, 1.9315555733321477],
    ),
    "pastes_ml": (
        247.99446586289676,
        [0.6421359883527029],
        [2.904069002535747, 1.095070371687089],
    ),
    "sleepstudy_ml": (
        1751.9393444647046,
        [6.632257721914501, 1.5022354739749826],
        [23.780468100188497, 5.716827903196682],
    ),
    "sleepstudy_uncorrelated_ml": (
        1752.0032551398835,
        [6.707710260366577, 1.5193083237479683],
        [24.171449463289047, 5.799379721123582],
    ),
    "sleepstudy_slope_ml": (1774.080315280528, [], []),
}
EFFECTS = {  # as above
    "dyestuff": [1527.5],
    "penicillin": [22.97222222222222],
    "pastes": [60.05333333333329],
    "sleepstudy": [251.40510484848477, 10.4672859595959],
}
FEW = "outcome ~ trained + by_cell + (1 | language) + (1 | intermediate:target)"


@cache
def grid() -> pd.DataFrame:
    return frozen_grid()


@cache
def few() -> pd.DataFrame:
    """One seed of four targets."""
    chosen = grid()["target"].isin(["mlqa", "xcopa", "xnli", "xquad"]) & (grid()["seed"] == 1)
    return grid()[chosen].reset_index(drop=True)


def dropped(term: str, before: str = "by_cell", **columns: Any) -> list[str]:
    """What a fit with one more term leaves out; it has to be the fit without that term."""
    fit = fit_formula(f"outcome ~ {before} + {term} + (1 | language)", few().assign(**columns))
    alone = fit_formula(f"outcome ~ {before} + (1 | language)", few())
    assert fit.converged
    assert fit.neg2loglik == pytest.approx(alone.neg2loglik, abs=1e-9)
    assert list(fit.fixed["term"]) == list(alone.fixed["term"])
    assert list(fit.random["group"]) == ["language", RESIDUAL]
    return fit.dropped


# lme4


def rscript(*words: str) -> None:
    subprocess.run(["Rscript", *words], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def lme4() -> None:
    """Skip where R or its packages are missing."""
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    try:
        rscript("-e", "for (name in c('lme4', 'jsonlite')) loadNamespace(name)")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"R lacks lme4 or jsonlite: {error.stderr.strip()}")


@pytest.fixture(scope="module")
def known(lme4: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with R's own copies of the data sets."""
    folder = tmp_path_factory.mktemp("known")
    writing = [
        f"write.csv(lme4::{name}, '{folder / name}.csv', row.names = FALSE)"
        for name in sorted({LME4[case]["data"] for case in KNOWN})
    ]
    rscript("-e", "; ".join(writing))
    return folder


def fitted(case: dict[str, Any], data: pd.DataFrame) -> MixedModel:
    weights = data["weight"].to_numpy() if case["weighted"] else None
    return fit_formula(case["formula"], data, reml=case["reml"], weights=weights)


def assert_same(case: dict[str, Any], fit: MixedModel) -> None:
    """The criterion, fixed effects, their standard errors and all standard deviations."""
    found = {row.term: [row.estimate, row.se] for row in fit.fixed.itertuples()}
    spreads = {(row.group, row.term): row.sd for row in fit.random.itertuples()}
    theirs = {(row["group"], row["term"]): row["sd"] for row in case["random"]}
    assert fit.n == case["n"]
    assert fit.converged and not fit.singular and fit.dropped == []
    assert fit.neg2loglik == pytest.approx(case["criterion"], abs=1e-3)
    assert list(found) == list(case["fixed"])
    for term, values in case["fixed"].items():
        assert found[term] == pytest.approx(values, rel=5e-5)
    assert spreads == pytest.approx({**theirs, (RESIDUAL, ""): case["sigma"]}, rel=5e-4)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_simulated_grid_is_fitted_as_by_lme4(name: str) -> None:
    case = LME4[name]
    rows = grid() if case["data"] == "grid" else grid()[grid()["seed"] == 1]
    assert rows["outcome"].mean() == pytest.approx(case["mean"], rel=1e-9), (
        "the simulated grid has changed; run tests/reference/lme4.R again"
    )
    assert_same(case, fitted(case, rows))


@pytest.mark.parametrize("name", KNOWN)
def test_known_data_are_fitted_as_by_lme4(name: str, known: Path) -> None:
    case = LME4[name]
    assert_same(case, fitted(case, pd.read_csv(known / f"{case['data']}.csv")))


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_lme4_answered_is_what_another_program_publishes(name: str) -> None:
    criterion, errors, spreads = PUBLISHED[name]
    case = LME4[name]
    fixed = list(case["fixed"].values())
    effects = EFFECTS[name.split("_")[0]]
    assert case["criterion"] == pytest.approx(criterion, abs=1e-6)
    assert [effect for effect, _ in fixed] == pytest.approx(effects, rel=1e-7)
    assert [error for _, error in fixed[: len(errors)]] == pytest.approx(errors, rel=1e-4)
    found = [row["sd"] for row in case["random"]]
    assert found[: len(spreads)] == pytest.approx(spreads, rel=1e-4)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in pairs:
            yield from leaves(each, f"{path}/{name}")
    else:
        yield path, value


@pytest.mark.slow
def test_lme4_still_answers_what_is_frozen(lme4: None, tmp_path: Path) -> None:
    grid().to_csv(tmp_path / "grid.csv", index=False)
    rscript(str(REFERENCE / "lme4.R"), str(tmp_path / "grid.csv"), str(tmp_path / "lme4.json"))
    answers = json.loads((tmp_path / "lme4.json").read_text(encoding="utf-8"))
    found, frozen = dict(leaves(answers)), dict(leaves(LME4))
    assert list(found) == list(frozen)
    for path, value in frozen.items():
        # near its best the criterion is flat: a run differs from the next in the sixth digit
        same = value if isinstance(value, str) else pytest.approx(value, rel=1e-4)
        assert found[path] == same, path
    for name, case in LME4.items():
        assert answers[name]["criterion"] == pytest.approx(case["criterion"], abs=1e-6)


# What the data cannot hold


@pytest.mark.parametrize("value", [0.0, 1.7, "yes"])
def test_a_constant_predictor_is_left_out_and_named(value: float | str) -> None:
    assert dropped("one", one=value) == ["one"]


def test_of_two_predictors_that_say_the_same_the_later_is_left_out() -> None:
    again = 3 * few()["by_cell"] + 2
    assert dropped("again", again=again) == ["again"]
    formula = "outcome ~ again + by_cell + trained + (1 | language)"
    fit = fit_formula(formula, few().assign(again=again))
    assert fit.dropped == ["by_cell"]
    assert list(fit.fixed["term"]) == [INTERCEPT, "again", "trained"]


def test_what_several_predictors_make_up_is_left_out() -> None:
    both = few()["by_cell"] - 2 * few()["trained"]
    assert dropped("both", before="by_cell + trained", both=both) == ["both"]
    assert dropped("trained", before="intermediate") == ["trained"]


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param("a", id="one level"),
        pytest.param(np.arange(462), id="as many levels as rows"),
    ],
)
def test_a_grouping_factor_that_groups_nothing_is_left_out(levels: Any) -> None:
    assert dropped("(1 | it)", it=levels) == ["(1 | it)"]


def test_of_one_seed_no_run_is_told_from_its_recipe() -> None:
    run = "(1 | intermediate:target:seed)"
    fit = fit_formula(f"{FEW} + {run}", few())
    assert fit.dropped == [run]
    assert fit.neg2loglik == pytest.approx(fit_formula(FEW, few()).neg2loglik, abs=1e-9)


def test_the_same_groups_under_another_name_are_left_out() -> None:
    copy = few()["language"].str.upper()
    fit = fit_formula("outcome ~ by_cell + (1 | language) + (1 | copy)", few().assign(copy=copy))
    assert fit.dropped == ["(1 | copy)"]
    assert list(fit.random["group"]) == ["language", RESIDUAL]


def test_the_same_groups_may_have_an_intercept_and_a_slope() -> None:
    formula = "outcome ~ by_cell + (1 | language) + (0 + by_cell | language)"
    fit = fit_formula(formula, few())
    assert fit.dropped == []
    assert list(fit.random["term"]) == [INTERCEPT, "by_cell", ""]


def test_a_slope_of_what_does_not_vary_is_left_out() -> None:
    assert dropped("(0 + one | language)", one=1.0) == ["(0 + one | language)"]


def test_rows_without_a_value_are_left_out_and_counted() -> None:
    holes = few().copy()
    holes.loc[:4, "by_cell"] = np.nan
    holes.loc[[3, 7], "language"] = None
    fit = fit_formula(FEW, holes)
    assert fit.n == len(few()) - 6
    assert fit.notes == ["6 rows left out, without by_cell or language"]
    full = fit_formula(FEW, few().drop(index=[0, 1, 2, 3, 4, 7]))
    assert fit.neg2loglik == pytest.approx(full.neg2loglik, abs=1e-9)


def test_rows_left_out_take_their_weights_along() -> None:
    holes = few().copy()
    holes.loc[:4, "by_cell"] = np.nan
    rest = few().iloc[5:]
    fit = fit_formula(FEW, holes, weights=holes["weight"].to_numpy())
    alone = fit_formula(FEW, rest, weights=rest["weight"].to_numpy())
    assert fit.neg2loglik == pytest.approx(alone.neg2loglik, abs=1e-9)


def test_weights_that_are_all_one_say_nothing() -> None:
    fit = fit_formula(FEW, few(), weights=np.ones(len(few())))
    assert fit.neg2loglik == pytest.approx(fit_formula(FEW, few()).neg2loglik, abs=1e-8)


def test_an_outcome_without_effects_of_groups_is_singular() -> None:
    noise = np.random.default_rng(0).normal(size=len(few()))
    fit = fit_formula(FEW, few().assign(outcome=noise))
    assert fit.singular and fit.converged
    assert fit.random["sd"].min() == pytest.approx(0, abs=1e-4)
    assert fit.random["sd"].iloc[-1] == pytest.approx(1, abs=0.1)
    assert np.isfinite(fit.fixed.drop(columns="term").to_numpy()).all()


# What is refused


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("outcome ~ by_cel + (1 | language)", "unknown column 'by_cel'; did you mean 'by_cell'"),
        ("outcome ~ by_cell + (1 | languag_)", "'languag_'; did you mean 'language'"),
        ("outcom ~ by_cell + (1 | language)", "'outcom'; did you mean 'outcome'"),
        ("outcome ~ by_cell + (1 | language", "write it as y ~ x"),
        ("outcome by_cell", "write it as y ~ x"),
        ("outcome ~ by_cell + ( | language)", "write it as y ~ x"),
        ("", "write it as y ~ x"),
        ("target ~ by_cell + (1 | language)", "target is not a number"),
        ("outcome ~ by_cell", "no random effect"),
        ("outcome ~ by_cell + (1 | similarity:seed:target:language)", "no grouping factor"),
    ],
)
def test_a_formula_that_cannot_be_fitted_is_refused(formula: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        fit_formula(formula, few().dropna())
    assert f"formula '{formula}'" in str(refused.value)


def test_rows_that_all_lack_a_value_are_refused() -> None:
    with pytest.raises(InputError, match="no row has a value of all of"):
        fit_formula(FEW, few().assign(by_cell=np.nan))
    with pytest.raises(InputError, match="no row has a value of all of"):
        fit_formula(FEW, few().iloc[:0])


@pytest.mark.parametrize("seed", range(6))
def test_ten_rows_are_fitted_or_refused_in_words(seed: int) -> None:
    """The whole model, of rows drawn at random or of one place."""
    start = seed * 1800
    rows = grid().sample(10, random_state=seed) if seed % 2 else grid().iloc[start : start + 10]
    try:
        fit = fit_formula(LME4["grid_reml"]["formula"], rows)
    except InputError as error:
        assert "too few cells" in str(error)
    else:
        assert fit.n == 10 and len(fit.dropped) > 0
        assert np.isfinite(fit.fixed.drop(columns="term").to_numpy()).all()
