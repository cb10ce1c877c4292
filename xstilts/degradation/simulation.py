"""Simulated grids: scores drawn from a mixed model with known effects and spreads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL
from xstilts.degradation.outcomes import add_factors
from xstilts.degradation.parts import AXES, PARTS, split_similarity
from xstilts.languages import language_factors
from xstilts.recipes import NONE


class Spread(NamedTuple):
    """The standard deviation, in points, of a term's coefficients over the groups of a factor."""

    group: str
    term: str
    sd: float


# Guesses, until there are scores; the variances of a fit to the user's own cells are better.
EXPECTED = (
    Spread("language", INTERCEPT, 3.0),
    Spread("target", INTERCEPT, 4.0),
    Spread("intermediate", INTERCEPT, 0.8),
    Spread("intermediate:target", INTERCEPT, 1.2),
    Spread("intermediate:language", INTERCEPT, 0.7),
    Spread("target:language", INTERCEPT, 2.5),
    Spread("family", INTERCEPT, 2.0),
    Spread("intermediate:target:seed", INTERCEPT, 1.0),
    *[Spread(axis, part, 0.5) for part, own in PARTS.items() for axis in AXES if own != (axis,)],
    Spread(RESIDUAL, "", 2.0),
)
# Standard deviations of similarity's own parts, as centroid cosine has them in the demo.
SHARES = {
    "by_language": 1.0,
    "by_target": 0.8,
    "by_target_language": 0.3,
    "by_intermediate": 0.3,
    "by_intermediate_target": 1.0,
    "by_intermediate_language": 0.9,
    "by_cell": 0.4,
}


def simulated_grid(
    languages: Mapping[str, Sequence[str]],
    intermediates: Sequence[str],
    seeds: Sequence[int],
    random: np.random.Generator,
) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed) with a similarity, its parts, and factors.

    Similarity is the sum of a normal term per group of every part; `none` has none.
    """
    rows = pd.DataFrame(
        [
            (intermediate, target, language)
            for target, own in languages.items()
            for language in own
            for intermediate in intermediates
        ],
        columns=[*AXES],
    )
    value = np.zeros(len(rows))
    for part, share in SHARES.items():
        codes = rows.groupby([*PARTS[part]], sort=False).ngroup().to_numpy()
        value += random.normal(0, share, codes.max() + 1)[codes]
    rows["similarity"] = np.where(rows["intermediate"] == NONE, np.nan, value)
    rows = add_factors(rows, language_factors(rows["language"].unique()))
    return split_similarity(rows.merge(pd.DataFrame({"seed": [*seeds]}), how="cross"))


def seed_means(frame: pd.DataFrame, *outcomes: str) -> pd.DataFrame:
    """One row per (intermediate, target, language) of a simulated grid, with its mean outcomes."""
    by = frame.groupby([*AXES], sort=False)
    means: pd.DataFrame = by.first().assign(**by[[*outcomes]].mean())
    return means.reset_index()


def simulated_outcome(
    frame: pd.DataFrame,
    effects: Mapping[str, float],
    spreads: Iterable[Spread],
    random: np.random.Generator,
) -> np.ndarray:
    """(rows,) an outcome in points: fixed effects of columns, and a draw of every random effect.

    Args:
        frame: the rows, with every column that effects and spreads name.
        effects: points per unit of each column.
        spreads: spreads of the random effects and of the residual.
        random: generator of the draws.
    """
    outcome = np.zeros(len(frame))
    for column, effect in effects.items():
        if column in PARTS and column not in frame:  # a part that does not vary here
            continue
        outcome += effect * frame[column].to_numpy(dtype=float)
    for group, term, sd in spreads:
        if term in PARTS and term not in frame:
            continue
        if group == RESIDUAL:
            outcome += random.normal(0, sd, len(frame))
            continue
        codes = frame.groupby(group.split(":"), sort=False).ngroup().to_numpy()
        drawn = random.normal(0, sd, codes.max() + 1)[codes]
        outcome += drawn if term == INTERCEPT else drawn * frame[term].to_numpy(dtype=float)
    return outcome
