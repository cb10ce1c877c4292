"""Simulated grids: scores drawn from a mixed model with known effects and spreads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL
from xstilts.degradation.model_frame import split_similarity
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
    Spread("language:target", INTERCEPT, 2.5),
    Spread("intermediate:target:seed", INTERCEPT, 1.0),
    Spread("language", "within", 0.6),
    Spread("target", "within", 0.8),
    Spread(RESIDUAL, "", 2.0),
)
# Standard deviations of similarity's own parts, relative to that between languages.
OF_PAIRS, OF_RECIPES, OF_CELLS = 0.5, 0.7, 0.5


def simulated_grid(
    languages: Mapping[str, Sequence[str]],
    intermediates: Sequence[str],
    seeds: Sequence[int],
    random: np.random.Generator,
) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed) with a similarity and its parts.

    Similarity is the sum of normal terms of the language, the (target, language), the
    (intermediate, target) and the cell; `none` has none.
    """
    codes = sorted({code for own in languages.values() for code in own})
    of_language = dict(zip(codes, random.normal(size=len(codes)), strict=True))
    rows = []
    for target, own_languages in languages.items():
        of_recipe = dict(
            zip(intermediates, random.normal(0, OF_RECIPES, len(intermediates)), strict=True)
        )
        for language in own_languages:
            level = of_language[language] + random.normal(0, OF_PAIRS)
            for intermediate in intermediates:
                own = level + of_recipe[intermediate] + random.normal(0, OF_CELLS)
                value = np.nan if intermediate == NONE else own
                rows += [(intermediate, target, language, seed, value) for seed in seeds]
    columns = ["intermediate", "target", "language", "seed", "similarity"]
    return split_similarity(pd.DataFrame(rows, columns=columns))


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
        outcome += effect * frame[column].to_numpy(dtype=float)
    for group, term, sd in spreads:
        if group == RESIDUAL:
            outcome += random.normal(0, sd, len(frame))
            continue
        codes = frame.groupby(group.split(":"), sort=False).ngroup().to_numpy()
        drawn = random.normal(0, sd, codes.max() + 1)[codes]
        outcome += drawn if term == INTERCEPT else drawn * frame[term].to_numpy(dtype=float)
    return outcome
