"""The steps of the formula, each against the one before: what similarity adds."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
from mixedlm import r2_nakagawa

from xstilts.degradation.formulas import Specification, common_random, of_columns, parse
from xstilts.degradation.hypothesis_tests import by_likelihood, compare
from xstilts.degradation.mixed_model import MixedModel
from xstilts.io.tables import schema

Row = dict[str, Any]

NESTED = schema(
    ("model", pa.string(), "Encoder."),
    ("step", pa.string(), "Step of the formula, with all before it."),
    ("formula", pa.string(), "What was fitted, by maximum likelihood."),
    ("neg2loglik", pa.float64(), "-2 log-likelihood."),
    ("parameters", pa.int32(), "Fixed effects, variances and correlations."),
    ("aic", pa.float64(), "Akaike's criterion."),
    ("chi2", pa.float64(), "Likelihood-ratio statistic against the step before."),
    ("df", pa.int32(), "Its degrees of freedom."),
    ("p", pa.float64(), "Its p-value; conservative where a variance is tested."),
    ("r2_marginal", pa.float64(), "Share of the variance of the fixed effects."),
    ("r2_conditional", pa.float64(), "Share of the variance of fixed and random effects."),
)


def nested_rows(frame: pd.DataFrame, fitted: str, specification: Specification) -> list[Row]:
    """The steps of the formula, each compared with the one before.

    Args:
        frame: the rows that the whole formula was fitted to.
        fitted: that formula, without what the rows cannot hold.
        specification: the steps.
    """
    whole = parse(fitted)
    rows: list[Row] = []
    before: MixedModel | None = None
    for step, formula in specification.nested():
        # Terms that the whole model cannot hold are in no step, so that the steps are nested.
        estimable = common_random(of_columns(formula, frame.columns), whole)
        model = by_likelihood(estimable, frame)
        shares = r2_nakagawa(model.result)
        row = {
            "step": step,
            "formula": model.formula,
            "neg2loglik": model.neg2loglik,
            "parameters": model.parameters,
            "aic": model.neg2loglik + 2 * model.parameters,
            "r2_marginal": shares.marginal,
            "r2_conditional": shares.conditional,
        }
        test = compare(model, before) if before else None
        rows.append({**row, **(test._asdict() if test and test.df > 0 else {})})
        before = model
    return rows
