"""Whether the residuals of the headline's model are as it assumes, by statsmodels' tests.

Every run is a row, so p-values are small even for departures that matter little: read the sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.stattools import jarque_bera

from xstilts.degradation.mixed_model import INTERCEPT, MixedModel
from xstilts.io.tables import schema

DIAGNOSTICS = schema(
    ("model", pa.string(), "Encoder."),
    ("check", pa.string(), "What was looked at."),
    ("of", pa.string(), "The term or group it is of, if it is of one."),
    ("value", pa.float64(), "Its size."),
    ("p", pa.float64(), "p-value, for what is a test."),
    ("meaning", pa.string(), "How to read the size."),
)


def diagnosed(model: MixedModel) -> list[dict[str, Any]]:
    """Rows of DIAGNOSTICS, without the name of the encoder."""
    return [*_shape(model), *_spread(model), *_collinearity(model)]


def _shape(model: MixedModel) -> list[dict[str, Any]]:
    _, p, skew, kurtosis = jarque_bera(model.residuals)
    return [
        {"check": "skewness", "value": skew, "p": p, "meaning": "0 if symmetric"},
        {
            "check": "kurtosis",
            "value": kurtosis,
            "p": p,
            "meaning": "3 if normal; more: heavy tails",
        },
    ]


def _spread(model: MixedModel) -> list[dict[str, Any]]:
    """Whether the spread of residuals depends on the fitted value, or on the target."""
    squared = model.residuals**2
    outcome = model.data[model.formula.split(" ~ ")[0]].to_numpy()
    fitted = outcome - model.residuals
    _, p, _, _ = het_breuschpagan(model.residuals, np.column_stack([np.ones(model.n), fitted]))
    related = float(np.corrcoef(squared, fitted)[0, 1])
    rows = [
        {
            "check": "spread with fitted value",
            "value": related,
            "p": float(p),
            "meaning": "correlation of squared residuals; 0 if they spread alike",
        }
    ]
    by_target = pd.Series(squared).groupby(model.data["target"].to_numpy()).mean() ** 0.5
    rows += [
        {
            "check": "residual spread of a target",
            "of": str(target),
            "value": float(spread),
            "meaning": "standard deviation, in units of the outcome; alike in all targets at best",
        }
        for target, spread in by_target.items()
    ]
    return rows


def _collinearity(model: MixedModel) -> list[dict[str, Any]]:
    """Variance inflation of the fixed effects."""
    columns, terms = model.design(model.data), list(model.fixed["term"])
    return [
        {
            "check": "variance inflation",
            "of": term,
            "value": float(variance_inflation_factor(columns, at)),
            "meaning": "1 if unrelated to the other terms; above 10 they cannot be told apart",
        }
        for at, term in enumerate(terms)
        if term != INTERCEPT and len(terms) > 2
    ]
