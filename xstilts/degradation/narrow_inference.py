"""The slope of a part with the slopes of the groups that were run, and of those alone.

A fit's own slope is that of groups like these: its interval holds how far slopes differ between
groups. For these groups (the narrow inference space of McLean, Sanders and Stroup 1991, The
American Statistician 45: 54) the slope is the mean of their predicted slopes, each weighing as much
as the part varies in its group, as in a regression on these rows. Its error is that of prediction
(Henderson's equations), and its degrees of freedom those of the fit without slopes that differ.
What the part itself compares stays a sample: a slope between languages is held at these targets and
intermediates, and is of languages like these. On a grid without holes it equals the regression of
the outcome's own part on the part of similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg, stats

from xstilts.degradation.containment import contained_df
from xstilts.degradation.estimable import random_columns
from xstilts.degradation.formulas import without
from xstilts.degradation.mixed_model import MixedModel
from xstilts.degradation.variance_search import effect_columns


def slopes_of_these(model: MixedModel, parts: Sequence[str]) -> dict[str, dict[str, float]]:
    """`these`, `these_low` and `these_high` of every part: slopes over the model's groups, 95%.

    Nothing of a part whose slope has no test: nothing says how far its groups differ by themselves.
    """
    fit, terms = model.result, [*model.fixed["term"]]
    tested = [part for part in parts if not np.isnan(model.estimate(part)["low"])]
    factor, lambda_ = _henderson(fit), fit.getME("Lambda")
    slopes = {}
    for part in tested:
        at, unit = terms.index(part), model.units.of_term(part)
        weights = _weights(model, part)
        wanted = np.concatenate([np.arange(len(terms)) == at, lambda_.T @ weights])
        error = fit.getME("sigma") * np.sqrt(wanted @ linalg.cho_solve(factor, wanted)) / unit
        slope = float(fit.getME("beta")[at] + weights @ fit.getME("b")) / unit
        half = stats.t.ppf(0.975, _freedom(model, part, at)) * float(error)
        slopes[part] = {"these": slope, "these_low": slope - half, "these_high": slope + half}
    return slopes


def _henderson(fit: Any) -> tuple[np.ndarray, bool]:
    """Cholesky factor of the equations of fixed and (spherical) random effects."""
    fixed = fit.getME("X")
    columns = np.hstack([fixed, (fit.getME("Z") @ fit.getME("Lambda")).toarray()])
    columns *= np.sqrt(fit.getME("weights"))[:, None]
    equations = columns.T @ columns
    spherical = np.arange(fixed.shape[1], len(equations))
    equations[spherical, spherical] += 1
    factor: tuple[np.ndarray, bool] = linalg.cho_factor(equations)
    return factor


def _weights(model: MixedModel, part: str) -> np.ndarray:
    """(random columns,) how much of the part's variation is in each group that it has a slope in.

    The weights of the slopes of one factor add up to 1.
    """
    values = model.units.standardised(model.data)[part].to_numpy()
    columns = model.result.getME("Z")
    weights = np.zeros(columns.shape[1])
    for name, own in effect_columns(model.result.matrices.random_structures):
        if name == part:
            weights[own] = np.asarray(columns[:, own].T @ values) / (values @ values)
    return weights


def _freedom(model: MixedModel, part: str, at: int) -> float:
    """Degrees of freedom by containment, if slopes of the part did not differ."""
    rows = model.units.standardised(model.data)
    random = [*random_columns(without(model.formula, [part]), rows)]
    return float(contained_df(model.result.getME("X"), random)[at])
