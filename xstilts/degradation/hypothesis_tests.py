"""Comparisons of fitted models, and tests that rest on no model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula
from scipy import stats
from statsmodels.stats.multitest import multipletests

from xstilts.degradation.mixed_model import MixedModel, fit_formula

PERMUTATIONS = 2000


class Comparison(NamedTuple):
    """A likelihood-ratio test of nested models."""

    chi2: float
    df: int
    p: float


def compare(full: MixedModel, reduced: MixedModel) -> Comparison:
    """Likelihood-ratio test; both fitted by maximum likelihood to the same rows.

    Variances on their boundary make it conservative (Self and Liang 1987).
    """
    chi2 = max(0.0, reduced.neg2loglik - full.neg2loglik)
    df = full.parameters - reduced.parameters
    return Comparison(chi2, df, float(stats.chi2.sf(chi2, df)) if df else np.nan)


def by_likelihood(formula: str | Formula, rows: pd.DataFrame) -> MixedModel:
    """The maximum likelihood fit, for comparisons."""
    return fit_formula(formula, rows, reml=False, df=None)


def adjusted(p_values: pd.Series, method: str) -> np.ndarray:
    """Corrected p-values by `holm` (Holm 1979) or `fdr_bh` (Benjamini, Hochberg 1995)."""
    valid = p_values.notna().to_numpy()
    corrected = np.full(len(p_values), np.nan)
    if valid.any():
        corrected[valid] = multipletests(p_values[valid].to_numpy(), method=method)[1]
    return corrected


def permuted_languages(rows: pd.DataFrame, outcome: str, part: str, controls: list[str]) -> float:
    """p-value of no relation between languages, by permuting languages (Freedman, Lane 1983).

    A language's outcome is its mean over rows less their targets' means. The controls are first
    removed from both similarity and outcome by least squares.
    """
    centred = rows[outcome] - rows.groupby("target")[outcome].transform("mean")
    columns = rows[[part, *controls]].assign(outcome=centred)
    means = columns.groupby(rows["language"]).mean()
    base = np.column_stack([np.ones(len(means)), means[controls].to_numpy()])
    if len(means) <= base.shape[1] + 1:
        return float("nan")
    both = means[["outcome", part]].to_numpy()
    y, x = (both - base @ np.linalg.lstsq(base, both, rcond=None)[0]).T
    random = np.random.default_rng(0)
    shuffled = np.array([random.permutation(y) for _ in range(PERMUTATIONS)])
    return _share_beyond(float(x @ y), shuffled @ x)


def permuted_intermediates(rows: pd.DataFrame, outcome: str, part: str) -> float:
    """p-value of no relation in any (target, language), by permuting the intermediates.

    Slopes that differ between targets and average zero are a relation too. One permutation of the
    intermediates serves all targets and languages. The mean of each intermediate is first taken
    from outcome and similarity, so the test is of where an intermediate fits best.
    """
    trained = rows[rows["trained"] == 1]
    index, columns = "intermediate", ["target", "language"]
    y = trained.pivot_table(index=index, columns=columns, values=outcome)
    x = trained.pivot_table(index=index, columns=columns, values=part)
    whole = y.notna().all() & x.notna().all()
    if len(y) < 3 or not whole.any():
        return float("nan")
    gaps, similarity = (_double_centred(table.loc[:, whole].to_numpy()) for table in (y, x))
    products = similarity @ gaps.T
    random = np.random.default_rng(0)
    at = np.arange(len(products))
    permuted = np.array(
        [products[random.permutation(at), at].sum() for _ in range(PERMUTATIONS)], dtype=float
    )
    return _share_beyond(float(np.trace(products)), permuted)


def _double_centred(table: np.ndarray) -> np.ndarray:
    """The table less the mean of each row and of each column."""
    centred = table - table.mean(axis=0)
    return np.asarray(centred - centred.mean(axis=1, keepdims=True))


def _share_beyond(observed: float, permuted: np.ndarray) -> float:
    """Two-sided p-value; the observed order counts as one of the permutations."""
    beyond = np.abs(permuted) >= abs(observed) * (1 - 1e-12)
    return float((1 + beyond.sum()) / (1 + len(permuted)))
