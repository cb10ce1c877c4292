"""Truths that grids are drawn from, richer than the model that is fitted to them.

Spreads are in points, of slopes per standard deviation of a part of similarity. The demo's are the
estimates on its own cells. Published scores of XLM-R Large (LITMUS: 500 trainings in 39 languages)
have 85 to 94% of the variance between languages between families, and slopes that differ by 0.8
points between trainings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL
from xstilts.degradation.parts import AXES, PARTS, split_similarity
from xstilts.degradation.simulation import EXPECTED, Spread
from xstilts.recipes import NONE

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
RUN = ["intermediate", "target", "seed"]
CONTROL = "pretraining_size"
RESAMPLES = 20  # of similarity, as the config has it
CONTROL_EFFECT = -3.0  # points per standard deviation of the control itself


def unchanged(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The frame as it is."""
    return frame


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a grid is drawn from.

    Attributes:
        spreads: of random effects, slopes among them, and of the residual.
        similarity: what similarity is like, before there are outcomes.
        measured: what is seen of similarity and controls, after there are outcomes.
        happens: what happens to the outcomes.
        effects: points per unit of columns beside the parts.
    """

    spreads: tuple[Spread, ...] = EXPECTED
    similarity: Change = unchanged
    measured: Change = unchanged
    happens: Change = unchanged
    effects: tuple[tuple[str, float], ...] = ()


def of_relatives(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """More than half of the variance between languages' similarity is between families."""
    return _again(frame, frame["similarity"] + _drawn(frame, "family", 1.1, random))


def with_size(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """A fact of languages that goes along with their similarity (0.8)."""
    own = _drawn(frame, "language", 0.6, random)
    return frame.assign(**{CONTROL: 0.8 * frame["by_language"] + own})


def with_error(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Similarity is seen with an error in every cell, of a quarter of its variance.

    Resamples have the same error once more, as those of texts have.
    """
    cells = frame.groupby([*AXES], sort=False).ngroup()
    errors = random.normal(0, 0.5 * frame["similarity"].std(), (cells.max() + 1, 1 + RESAMPLES))
    seen = frame["similarity"] + errors[cells, 0]
    resamples = seen.to_numpy()[:, None] + errors[cells, 1:]
    return _again(frame, seen).assign(resamples=[*resamples])


def size_with_error(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The fact of languages is seen with an error of a quarter of its variance."""
    error = _drawn(frame, "language", 0.5, random)
    return frame.assign(**{CONTROL: frame[CONTROL] + error})


def collapsed(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """A tenth of the trainings learn little, and lose little: 15% of the gap."""
    runs = frame.groupby(RUN, sort=False).ngroup()
    bad = random.uniform(size=runs.max() + 1)[runs] < 0.1
    hit = bad & (frame["intermediate"] != NONE)
    return frame.assign(gap=frame["gap"].mask(hit, 0.15 * frame["gap"]))


def missing_where_worst(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Trainings lack, up to a fifth of those that lose most."""
    runs = frame.groupby(RUN, sort=False)["gap"].transform("mean").rank(pct=True)
    codes = frame.groupby(RUN, sort=False).ngroup()
    lacks = random.uniform(size=codes.max() + 1)[codes] < 0.2 * runs
    return frame[~lacks | (frame["intermediate"] == NONE)].reset_index(drop=True)


def slopes(spread: float) -> tuple[Spread, ...]:
    """The expected spreads, with all slopes differing alike between targets and intermediates."""
    rest = [each for each in EXPECTED if each.term not in PARTS]
    by = [
        Spread(axis, part, spread)
        for part, own in PARTS.items()
        for axis in ("target", "intermediate")
        if own != (axis,)
    ]
    return (*rest, *by)


DEMO = (
    Spread("language", INTERCEPT, 3.0),
    Spread("target", INTERCEPT, 6.7),
    Spread("intermediate", INTERCEPT, 3.2),
    Spread("target:language", INTERCEPT, 3.7),
    Spread("intermediate:target", INTERCEPT, 7.9),
    Spread("intermediate", "by_language", 2.6),
    Spread("target", "by_language", 3.4),
    Spread("intermediate", "by_target", 0.7),
    Spread("intermediate", "by_target_language", 1.4),
    Spread("target", "by_target_language", 3.0),
    Spread("intermediate", "by_intermediate_language", 0.5),
    Spread("target", "by_intermediate_language", 0.7),
    Spread("intermediate", "by_cell", 1.2),
    Spread("target", "by_cell", 0.6),
    Spread(RESIDUAL, "", 6.0),
)
PUBLISHED = (
    Spread("family", INTERCEPT, 12.0),
    Spread("language", INTERCEPT, 5.0),
    Spread("target", INTERCEPT, 8.0),
    Spread("target:language", INTERCEPT, 5.0),
    Spread("intermediate", INTERCEPT, 0.8),
    Spread("intermediate:target", INTERCEPT, 1.2),
    Spread("intermediate:target:seed", INTERCEPT, 1.0),
    *[Spread("intermediate", part, 0.8) for part in PARTS if part != "by_intermediate"],
    Spread(RESIDUAL, "", 2.0),
)
PLAIN = Truth()
TRUTHS = {
    "the guessed spreads": PLAIN,
    "the demo's spreads": Truth(spreads=DEMO),
    "published spreads": Truth(spreads=PUBLISHED),
    "related languages": Truth(spreads=PUBLISHED, similarity=of_relatives),
    "slopes differ by 0.5": Truth(spreads=slopes(0.5)),
    "slopes differ by 2": Truth(spreads=slopes(2.0)),
    "error in similarity": Truth(measured=with_error),
    "error in a control": Truth(
        similarity=with_size, measured=size_with_error, effects=((CONTROL, CONTROL_EFFECT),)
    ),
    "collapses": Truth(happens=collapsed),
    "runs lack where they are worst": Truth(happens=missing_where_worst),
}


def _drawn(
    frame: pd.DataFrame, group: str, spread: float, random: np.random.Generator
) -> np.ndarray:
    """(rows,) a normal value of each row's group."""
    codes = frame.groupby(group, sort=False).ngroup().to_numpy()
    return np.asarray(random.normal(0, spread, codes.max() + 1)[codes])


def _again(frame: pd.DataFrame, similarity: pd.Series) -> pd.DataFrame:
    """The frame with another similarity, split into its parts."""
    bare = frame.drop(columns=[part for part in PARTS if part in frame])
    return split_similarity(bare.assign(similarity=similarity))
