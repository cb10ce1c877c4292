"""The same model in statsmodels: a second program that must agree before a headline is written.

Its optimiser starts at our estimates, and must end at our criterion: neither with another value
there, nor with a better one elsewhere. Nothing is compared where statsmodels cannot hold a model
(correlated slopes), or where it fails by itself.
"""

from __future__ import annotations

import warnings

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

from xstilts.degradation.mixed_model import INTERCEPT, MixedModel

STEPS = 10  # from our optimum: enough to leave it, if it is none
TOLERANCE = 1e-3  # of -2 log-likelihood
NEARLY_ZERO = 1e-8  # for variances of zero, which statsmodels cannot start from


class CrossCheckError(RuntimeError):
    """Two programs disagree about a fit."""


def statsmodels_difference(model: MixedModel) -> float | None:
    """Our REML criterion less the least that statsmodels finds; None where it fits no such model.

    Raises:
        CrossCheckError: they differ by more than 0.001, or ours is not at the optimum.
    """
    if model.random["correlation"].notna().any():
        return None
    try:
        theirs = statsmodels_criterion(model)
    except np.linalg.LinAlgError:  # a failure of its own is no disagreement
        return None
    difference = model.neg2loglik - theirs
    if not abs(difference) <= TOLERANCE:  # true for a nan, too
        raise CrossCheckError(
            f"{model.formula}: the REML criterion is {model.neg2loglik:.4f} by mixedlm and "
            f"{theirs:.4f} by statsmodels: they may differ by {TOLERANCE}, so neither is reported"
        )
    return difference


def statsmodels_criterion(model: MixedModel) -> float:
    """-2 restricted log-likelihood of the best fit that statsmodels finds from our estimates."""
    residual = float(model.random["variance"].iloc[-1])
    components, data, start = {}, model.data, {}
    random = [
        (factor.group, term, variance)
        for factor in model.factors
        for term, variance in zip(factor.terms, np.diag(factor.covariance).tolist(), strict=True)
    ]
    for group, term, variance in random:
        joined = group.replace(":", "_")
        if ":" in group:
            data = data.assign(**{joined: data[group.split(":")].astype(str).agg("|".join, axis=1)})
        name = f"{joined}_{term}" if term != INTERCEPT else joined
        slope = f":{term}" if term != INTERCEPT else ""
        components[name] = f"0+C({joined}){slope}"
        start[name] = max(variance / residual, NEARLY_ZERO)
    fixed = model.formula.split(" + (")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its boundary warnings; `singular` reports them
        theirs = MixedLM.from_formula(
            fixed,
            data,
            groups=np.ones(len(data)),
            re_formula="0",
            vc_formula=components,
            use_sparse=True,
        )
        at = MixedLMParams.from_components(
            fe_params=model.fixed["estimate"].to_numpy(),
            cov_re=np.zeros((0, 0)),
            vcomp=np.array([start[name] for name in theirs.exog_vc.names]),
        )
        return float(-2 * theirs.fit(start_params=at, method="lbfgs", maxiter=STEPS).llf)
