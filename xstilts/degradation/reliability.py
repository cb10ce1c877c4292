r"""How reliable the parts of a measure are, and slopes corrected for their error.

A measure of samples of texts has an error, which makes slopes smaller. A part's error variance is
that of the same part of bootstrap resamples: all cells of a set of texts share its resample, so the
error falls on the parts that it is of. A slope of a part $w = x + e$ beside other predictors $z$ is
on average $\lambda \beta$ (Carroll et al. 2006, Measurement Error in Nonlinear Models, ch. 3), with
$\lambda = 1 - \mathrm{var}(e) / \mathrm{var}(w \mid z)$: predictors that are known without error
take of the reliable part alone. The corrected slope and its interval are those divided by
$\lambda$; the error of $\lambda$ itself is not in them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.degradation.mixed_model import MixedModel
from xstilts.degradation.parts import AXES, parts_of
from xstilts.similarity.measure import Level

LEAST = 0.2  # reliability of a part below which a correction would be a guess


def error_shares(cells: pd.DataFrame, level: Level) -> dict[str, float]:
    """The error variance of every part, as a share of the part's variance.

    Args:
        cells: rows of SIMILARITY of one measure, signed, of the cells that are analysed.
        level: the measure's.

    Returns:
        Nothing for a measure without resamples, which is known without error.
    """
    known = cells.dropna(subset="similarity").drop_duplicates([*AXES])
    resampled = known["resamples"].dropna()
    if known.empty or len(resampled) < len(known):
        return {}
    draws = np.stack([*resampled])
    parts = parts_of(known, "similarity", level)
    again = [parts_of(known.assign(similarity=draw), "similarity", level) for draw in draws.T]
    return {
        part: float(np.var([each[part] for each in again], axis=0, ddof=1).mean() / own.var())
        for part, own in parts.items()
        if own.var() > 0
    }


def corrected(model: MixedModel, part: str, share: float | None) -> dict[str, float | None]:
    """`reliability`, `corrected`, `corrected_low` and `corrected_high` of a part's slope.

    Args:
        model: the fit.
        part: which part; its variance over the cells with a similarity is 1.
        share: its error variance; None where nothing is known of it.

    Returns:
        Nothing where the error is unknown or the slope has no test.
    """
    slope = model.estimate(part)
    if share is None or np.isnan(slope["low"]):
        return {}
    reliability = max(1 - share / _beside_others(model, part), 0.0)
    whole = {"corrected": "estimate", "corrected_low": "low", "corrected_high": "high"}
    known = whole if reliability >= LEAST else {}
    return {"reliability": reliability, **{k: slope[v] / reliability for k, v in known.items()}}


def _beside_others(model: MixedModel, part: str) -> float:
    """The share of a part's variance that the other fixed effects do not make up."""
    columns, at = model.result.getME("X"), [*model.fixed["term"]].index(part)
    own, others = columns[:, at], np.delete(columns, at, axis=1)
    left = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
    return float(left @ left / ((own - own.mean()) @ (own - own.mean())))
