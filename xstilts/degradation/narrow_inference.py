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

import numpy as np
from scipy import linalg, stats

from xstilts.degradation.containment import contained_df
from xstilts.degradation.estimable import random_columns
from xstilts.degradation.formulas import without
from xstilts.degradation.mixed_model import MixedModel


def slope_of_these(model: MixedModel, part: str) -> dict[str, float]:
    """`these`, `these_low` and `these_high`: the slope over the model's groups, 95% interval.

    Nothing where the slope has no test: then nothing says how far groups differ by themselves.
    """
    if np.isnan(model.estimate(part)["low"]):
        return {}
    fit, unit = model.result, model.units.of_term(part)
    fixed, random = fit.getME("X"), fit.getME("Z").toarray()
    at = [*model.fixed["term"]].index(part)
    weights = _weights(model, part)
    wanted = np.concatenate([np.arange(fixed.shape[1]) == at, fit.getME("Lambda").T @ weights])
    columns = np.hstack([fixed, random @ fit.getME("Lambda").toarray()])
    columns *= np.sqrt(fit.getME("weights"))[:, None]
    equations = columns.T @ columns
    spherical = np.arange(fixed.shape[1], len(equations))
    equations[spherical, spherical] += 1
    error = fit.getME("sigma") * np.sqrt(wanted @ linalg.solve(equations, wanted, assume_a="pos"))
    slope = float(fit.getME("beta")[at] + weights @ fit.getME("b")) / unit
    half = stats.t.ppf(0.975, _freedom(model, part, at)) * float(error) / unit
    return {"these": slope, "these_low": slope - half, "these_high": slope + half}


def _weights(model: MixedModel, part: str) -> np.ndarray:
    """(random columns,) how much of the part's variation is in each group that it has a slope in.

    The weights of the slopes of one factor add up to 1.
    """
    values = model.units.standardised(model.data)[part].to_numpy()
    columns = model.result.getME("Z")
    weights, start = np.zeros(columns.shape[1]), 0
    for structure in model.result.matrices.random_structures:
        size = structure.n_levels * structure.n_terms
        own = np.arange(start, start + size).reshape(structure.n_levels, structure.n_terms)
        for term, name in enumerate(structure.term_names):
            if name == part:
                squares = np.asarray(columns[:, own[:, term]].T @ values)
                weights[own[:, term]] = squares / (values @ values)
        start += size
    return weights


def _freedom(model: MixedModel, part: str, at: int) -> float:
    """Degrees of freedom by containment, if slopes of the part did not differ."""
    rows = model.units.standardised(model.data)
    random = [*random_columns(without(model.formula, [part]), rows)]
    return float(contained_df(model.result.getME("X"), random)[at])
