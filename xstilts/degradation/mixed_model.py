"""Linear mixed models from a formula in Wilkinson notation, fitted by `mixedlm`.

`y ~ x + (1 | language) + (1 | language:target) + (0 + x | target)`: fixed effects, crossed random
intercepts and slopes. Estimates are by REML, or by maximum likelihood where models are compared;
95% intervals by Satterthwaite's degrees of freedom (Kuznetsova et al. 2017, lmerTest), or by
containment. Terms that the data cannot hold (`xstilts.degradation.estimable`) are left out of the
model and named.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal, NamedTuple

import mixedlm
import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula
from mixedlm.models.checks import run_model_checks
from scipy import stats

from xstilts.degradation.containment import contained_df
from xstilts.degradation.estimable import (
    constant_within,
    estimable,
    fixed_design,
    random_columns,
    readable_names,
)
from xstilts.degradation.formulas import parse
from xstilts.degradation.units import Units
from xstilts.degradation.variance_search import Optimum, least_criterion
from xstilts.errors import InputError, check_name, one_line

INTERCEPT = "(Intercept)"
RESIDUAL = "Residual"
PERFECT = 1 - 1e-4  # a correlation that counts as 1
NO_VARIANCE = 1e-4  # a random effect's standard deviation, in residual standard deviations
SAID_IN_WORDS = ("singular", "rank deficient")  # warnings of what `notes` and `dropped` say
SILENT = mixedlm.LmerControl(check_rankX="warning+drop.cols")  # its default prints a message
NOTHING_LEFT = 1e-12  # a residual variance, as a share of the outcome's

Df = Literal["satterthwaite", "containment"]  # how degrees of freedom are found


class Factor(NamedTuple):
    """Coefficients that differ by the groups of a factor: their (terms, terms) covariance."""

    group: str
    terms: list[str]
    covariance: np.ndarray

    def in_units(self, own: np.ndarray) -> Factor:
        """The same of terms that are divided by these units."""
        return self._replace(covariance=self.covariance / np.outer(own, own))

    def as_one(self) -> Iterator[tuple[str, str]]:
        """Pairs of terms with a correlation of 1 or -1."""
        deviations = np.sqrt(np.diag(self.covariance))
        for (at, one), (beside, other) in combinations(enumerate(self.terms), 2):
            scale = deviations[at] * deviations[beside]
            if scale and abs(self.covariance[at, beside]) > PERFECT * scale:
                yield one, other


@dataclass(frozen=True, kw_only=True)
class MixedModel:
    """A fitted model.

    Attributes:
        formula: as fitted, without what was dropped.
        dropped: terms of the formula that the data cannot hold.
        notes: other remarks for the reader: rows left out, few groups, the optimiser's warnings.
        fixed: columns `term`, `estimate`, `se`, `df`, `low`, `high` (95%), `p`.
        random: columns `group`, `term`, `sd`, `variance`, `correlation` (with the group's first
            term, where they are correlated); the last row is the residual.
        factors: the same with whole covariances, without the residual.
        groups: the predicted effects of every group, given the estimates: `group`, `level`, `term`,
            `estimate`, `se` (conditional); empty without `df`.
        neg2loglik: the criterion, -2 log-likelihood (restricted, if `reml`).
        parameters: number estimated: fixed effects, variances, covariances.
        n: number of rows fitted.
        converged: whether the optimiser says so.
        singular: whether a variance was estimated as zero, or a correlation as one.
        data: the rows fitted.
        covariance: (terms, terms) covariance matrix of the fixed effects.
        residuals: (rows,) the outcome less fixed and random effects.
        units: of the predictors that the fit was made in.
        result: the fit as mixedlm returns it, in those units.
    """

    formula: str
    dropped: list[str]
    notes: list[str]
    fixed: pd.DataFrame
    random: pd.DataFrame
    factors: list[Factor]
    groups: list[dict[str, Any]]
    neg2loglik: float
    parameters: int
    n: int
    converged: bool
    singular: bool
    reml: bool
    data: pd.DataFrame
    covariance: np.ndarray
    residuals: np.ndarray
    units: Units
    result: Any = field(repr=False)

    @property
    def criterion(self) -> str:
        """The name of `neg2loglik`."""
        return "REML criterion" if self.reml else "-2 log-likelihood"

    def summary(self) -> dict[str, Any]:
        """All but the rows, as JSON can hold it: tables are lists of records, nan is None."""
        tables = {name: records(getattr(self, name)) for name in ("fixed", "random")}
        names = ("formula", "reml", "neg2loglik", "n", "converged", "singular", "dropped", "notes")
        return {**{name: getattr(self, name) for name in names}, **tables}

    def design(self, rows: pd.DataFrame) -> np.ndarray:
        """(rows, terms) matrix of the fixed effects of any rows, in the order of `fixed`.

        Raises:
            InputError: a fixed effect has a level among the rows that the fit has not seen.
        """
        columns, names = fixed_design(self.formula, rows)
        new = [name for name in names if name not in {*self.fixed["term"], *self.dropped}]
        if new:
            raise InputError(f"{self.formula}: {', '.join(new)}: no effect is known of it")
        return columns[:, [names.index(term) for term in self.fixed["term"]]]

    def predict(self, new: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) means and standard deviations of the outcome of one new observation per row.

        The best linear unbiased prediction (Robinson 1991): a new row has the fixed effects, and
        the effects that its groups share with the fitted rows. A new group shares nothing, and its
        whole variance is in the deviation. The deviation includes the error of the fixed effects,
        not that of the variances.

        Raises:
            InputError: a fixed effect has a level among the rows that the fit has not seen.
        """
        self.design(new.assign(**{parse(self.formula).response: 0.0}))
        standardised = self.units.standardised(new)
        prediction = self.result.predict(standardised, allow_new_levels=True, se_fit=True)
        residual = float(self.random["variance"].iloc[-1])
        deviation = np.sqrt(np.asarray(prediction.se_fit) ** 2 + residual)
        return np.asarray(prediction.fit), deviation

    def estimate(self, term: str) -> dict[str, float]:
        """The row of a fixed term, without its name."""
        (row,) = self.fixed[self.fixed["term"] == term].drop(columns="term").to_dict("records")
        return {str(name): float(value) for name, value in row.items()}


def fit_formula(
    formula: str | Formula,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: np.ndarray | None = None,
    df: Df | None = "satterthwaite",
) -> MixedModel:
    """Fit a formula to the rows of `data`.

    Args:
        formula: response, fixed and random terms.
        data: one row per observation; rows without a value that the formula names are left out.
        reml: restricted rather than full maximum likelihood.
        weights: (rows,) prior weights: the residual variance of a row is sigma^2 / weight.
        df: how degrees of freedom are found: Satterthwaite's (1946), as lmerTest has them; or by
            containment (`xstilts.degradation.containment`), which holds where variances are many
            and groups few. None: no tests, intervals and effects of groups.

    Raises:
        InputError: the formula cannot be read, names no column, or has nothing to compare in
            these data.
    """
    parsed = parse(formula)
    rows, weights, notes = _complete(parsed, data, weights)
    units = Units.of(parsed, rows)
    standardised = units.standardised(rows)
    reduced, dropped, known_factors = estimable(parsed, standardised)
    expected = fixed_design(reduced, standardised)[1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, others = _fitted(reduced, standardised, reml, weights)
        except RuntimeError as error:  # no finite criterion, as with little left to explain
            raise InputError(
                f"formula '{parsed}': it cannot be fitted: {one_line(error)}"
            ) from error
        freedom = _freedom(result, reduced, standardised, df)
    names = readable_names(result.matrices)
    dropped += _lost(expected, names, parsed)
    residual = float(result.VarCorr().residual)
    if residual < NOTHING_LEFT * float(rows[parsed.response].var()):
        raise InputError(f"formula '{parsed}': it explains every row exactly: nothing to infer")
    back, scaled = units.turned_back(names, INTERCEPT), np.asarray(result.vcov())
    covariance = back @ scaled @ back.T
    freedom = freedom[np.abs(back * np.sqrt(np.diag(scaled))).argmax(axis=1)]  # of the main part
    fixed = _fixed_effects(names, back @ np.array([*result.fixef().values()]), covariance, freedom)
    notes += others + _untestable(fixed, rows, known_factors)
    factors = _factors(result)
    notes += _warnings(result, factors, residual, {str(warning.message) for warning in caught})
    factors = [each.in_units(units.of_terms(each.terms)) for each in factors]
    # A unit moves the restricted criterion by a constant, as it moves the fixed effects' volume.
    constant = 2 * float(np.log(units.of_terms(names)).sum()) if reml else 0.0
    return MixedModel(
        formula=str(reduced),
        dropped=dropped,
        notes=notes,
        fixed=fixed,
        random=_random_table(factors, residual),
        factors=factors,
        groups=_groups(result, units) if df else [],
        neg2loglik=float(result.REMLcrit() if reml else -2 * result.logLik().value) + constant,
        parameters=int(result.npar()),
        n=len(rows),
        converged=bool(result.converged),
        singular=bool(result.isSingular()),
        reml=reml,
        data=rows,
        covariance=covariance,
        residuals=np.asarray(result.residuals()),
        units=units,
        result=result,
    )


def _fitted(
    formula: Formula, rows: pd.DataFrame, reml: bool, weights: np.ndarray | None
) -> tuple[Any, list[str]]:
    """The fit at the least criterion that was found, and a note on other optima."""
    parsed = mixedlm.lFormula(formula, rows, REML=reml, weights=weights)
    parsed.matrices, _ = run_model_checks(parsed.matrices, SILENT)
    criterion = mixedlm.mkLmerDevfun(parsed, control=SILENT)
    found = least_criterion(parsed.matrices, criterion.get_start(), reml=reml)
    if found is None:
        return mixedlm.mkLmerMod(criterion, mixedlm.optimizeLmer(criterion, method="auto")), []
    optimum = mixedlm.OptimizeResult(
        theta=found.deviations,
        deviance=criterion(found.deviations),
        converged=True,
        n_iter=found.steps,
        message="",
    )
    return mixedlm.mkLmerMod(criterion, optimum), _other_optima(found)


def _other_optima(found: Optimum) -> list[str]:
    if not found.others:
        return []
    above = ", ".join(f"{more:.3g}" for more in found.others)
    return [f"the criterion has several optima: other searches ended {above} above this one"]


def _freedom(result: Any, formula: Formula, rows: pd.DataFrame, df: Df | None) -> np.ndarray:
    """(terms,) degrees of freedom; nan if none are wanted."""
    if df == "satterthwaite":
        return np.asarray(mixedlm.satterthwaite_df(result).df)
    columns = np.asarray(result.matrices.X)
    if df == "containment":
        return contained_df(columns, [*random_columns(formula, rows)])
    return np.full(columns.shape[1], np.nan)


def _complete(
    parsed: Formula, data: pd.DataFrame, weights: np.ndarray | None
) -> tuple[pd.DataFrame, np.ndarray | None, list[str]]:
    """The rows that have every value, and a note on those left out."""
    names = sorted(parsed.all_variables)
    for name in names:
        check_name("column", name, data.columns, f"formula '{parsed}'")
    if not pd.api.types.is_numeric_dtype(data[parsed.response]):
        raise InputError(f"formula '{parsed}': {parsed.response} is not a number in every row")
    there = data[names].replace([np.inf, -np.inf], np.nan).notna()
    complete = there.all(axis=1).to_numpy()
    if not complete.any():
        raise InputError(f"formula '{parsed}': no row has a value of all of {', '.join(names)}")
    rows = data[complete].reset_index(drop=True)
    if rows[parsed.response].nunique() == 1:
        raise InputError(f"formula '{parsed}': {parsed.response} is the same in every row")
    if weights is not None:
        weights = _checked(np.asarray(weights, dtype=float), complete)
    lacking = [name for name in names if not there[name].all()]
    left_out = f"{int((~complete).sum())} rows left out, without {' or '.join(lacking)}"
    return rows, weights, [left_out] if lacking else []


def _checked(weights: np.ndarray, complete: np.ndarray) -> np.ndarray:
    if weights.shape != complete.shape or not (weights[complete] > 0).all():
        raise InputError(
            f"weights: a positive number for each of the {len(complete)} rows is needed"
        )
    return np.asarray(weights[complete])


def _untestable(
    fixed: pd.DataFrame, rows: pd.DataFrame, known_factors: list[tuple[str, ...]]
) -> list[str]:
    """Notes on fixed effects without a test, whose errors and p-values are removed from `fixed`.

    A term that does not vary within the groups of a factor is compared between them. Where the
    fixed effects make up every group, nothing is left to say how far groups differ by themselves.
    """
    notes = []
    for factor in known_factors:
        constant = constant_within(rows, factor, fixed["term"])
        fixed.loc[fixed["term"].isin(constant), ["se", "df", "low", "high", "p"]] = np.nan
        if constant:
            notes.append(
                f"no test of {', '.join(constant)}: they say all there is to know of the "
                f"{rows.groupby(list(factor)).ngroups} groups of {':'.join(factor)}"
            )
    return notes


def _lost(expected: list[str], names: list[str], parsed: Formula) -> list[str]:
    """Columns that mixedlm left out of terms that others do not wholly make up."""
    lost = [name for name in expected if name not in names]
    if INTERCEPT in lost:
        raise InputError(
            f"formula '{parsed}': a predictor hardly varies beside its size; centre it first"
        )
    return lost


def _warnings(result: Any, factors: list[Factor], residual: float, caught: set[str]) -> list[str]:
    """The fit's warnings in words; mixedlm's own on a singular fit does not say what is zero."""
    notes = sorted(text for text in caught if not any(word in text for word in SAID_IN_WORDS))
    notes += [
        f"no variance of {term} by {factor.group}"
        for factor in factors
        for term, variance in zip(factor.terms, np.diag(factor.covariance), strict=True)
        if variance < NO_VARIANCE**2 * residual
    ]
    notes += [
        f"{one} and {other} of {factor.group} vary as one"
        for factor in factors
        for one, other in factor.as_one()
    ]
    if not result.converged:
        notes.append(f"the optimiser did not converge: {result.message}")
    return notes


def _fixed_effects(
    names: list[str], estimate: np.ndarray, covariance: np.ndarray, freedom: np.ndarray
) -> pd.DataFrame:
    """Estimates with their 95% intervals, by t with each effect's own degrees of freedom."""
    error = np.sqrt(np.diag(covariance))
    half = stats.t.ppf(0.975, freedom) * error
    return pd.DataFrame(
        {
            "term": names,
            "estimate": estimate,
            "se": error,
            "df": freedom,
            "low": estimate - half,
            "high": estimate + half,
            "p": 2 * stats.t.sf(np.abs(estimate) / error, freedom),
        }
    )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries by column, with None for nan."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _factors(result: Any) -> list[Factor]:
    groups = result.VarCorr().groups.values()
    return [
        Factor(
            group.grouping_factor,
            list(group.term_names),
            np.atleast_2d(
                np.diag(list(group.variance.values())) if group.cov is None else group.cov
            ),
        )
        for group in groups
    ]


def _groups(result: Any, units: Units) -> list[dict[str, Any]]:
    frame = mixedlm.tidy(result, effects="ran_vals").rename(columns={"std.error": "se"})
    own = frame["term"].map(units.of_term)
    frame = frame.assign(estimate=frame["estimate"] / own, se=frame["se"] / own)
    return records(frame[["group", "level", "term", "estimate", "se"]])


def _random_table(factors: list[Factor], residual: float) -> pd.DataFrame:
    rows = []
    for group, terms, covariance in factors:
        deviations = np.sqrt(np.diag(covariance))
        for at, term in enumerate(terms):
            scale = deviations[0] * deviations[at]
            related = at and covariance[0, at] and scale
            rows.append(
                {
                    "group": group,
                    "term": term,
                    "sd": deviations[at],
                    "variance": covariance[at, at],
                    "correlation": covariance[0, at] / scale if related else np.nan,
                }
            )
    rows.append({"group": RESIDUAL, "term": "", "sd": residual**0.5, "variance": residual})
    return pd.DataFrame(rows, columns=["group", "term", "sd", "variance", "correlation"])
