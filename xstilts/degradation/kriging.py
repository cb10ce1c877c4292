"""Predictions of a mixed model for rows it has not seen, with their uncertainty.

The best linear unbiased prediction: a new row has the fixed effects, and what its language, target
and intermediate share with the rows that were fitted; of a new language nothing is shared, and its
whole variance is in the interval. The variance counts the estimation of the fixed effects, not that
of the variances (universal kriging; Robinson 1991).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from xstilts.degradation.formulas import parse
from xstilts.degradation.inference import term_values
from xstilts.degradation.mixed_model import MixedModel


def predict(model: MixedModel, new: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) means and standard deviations of the outcome of one new observation a row."""
    n, known = model.n, model.data
    both = pd.concat([known, new], ignore_index=True)
    design = model.design(both.fillna({parse(model.formula).response: 0.0}))
    shared = covariance(model, both)
    residual = float(model.random["variance"].iloc[-1])
    factor = cho_factor(shared[:n, :n] + residual * np.eye(n))
    weights = cho_solve(factor, shared[:n, n:])
    estimate = model.fixed["estimate"].to_numpy()
    errors = known[parse(model.formula).response].to_numpy() - design[:n] @ estimate
    mean = design[n:] @ estimate + weights.T @ errors
    left = design[n:] - weights.T @ design[:n]
    variance = np.diag(shared)[n:] - np.einsum("ij,ij->j", weights, shared[:n, n:]) + residual
    variance += np.einsum("ij,jk,ik->i", left, model.covariance, left)
    return mean, np.sqrt(variance)


def covariance(model: MixedModel, rows: pd.DataFrame) -> np.ndarray:
    """(rows, rows) covariance of the random effects of any two rows."""
    total = np.zeros((len(rows), len(rows)))
    for factor in model.factors:
        codes = rows.groupby(factor.group.split(":"), sort=False).ngroup().to_numpy()
        values = np.stack([term_values(term, rows) for term in factor.terms])
        shared = values.T @ factor.covariance @ values
        total += np.where(codes[:, None] == codes[None, :], shared, 0.0)
    return total
