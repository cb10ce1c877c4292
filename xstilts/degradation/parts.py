"""The parts of a table over intermediates, targets and languages: one per question it can answer.

Any table over three factors is a sum: what each language, target and intermediate does alone; what
each pair of them does beside that; and the rest, cell by cell. The effects of single factors are
estimated jointly by least squares on the cells that there are, then those of the three pairs on
what is left (least norm, where a grid with holes leaves them open). On a grid without holes the
parts are orthogonal, as in an analysis of variance. Similarity is known of cells that were never
run, or that failed: its parts are those of the whole grid of what is analysed, so that holes among
the scores do not mix them.

A measure has the parts of its declared level and no others: a fact of languages says nothing of
targets, however few languages a target has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, hstack
from scipy.sparse.linalg import lsqr

from xstilts.recipes import NONE
from xstilts.similarity.measure import Level

AXES = ("intermediate", "target", "language")
# The parts of similarity, by the axes that each differs by.
PARTS: dict[str, tuple[str, ...]] = {
    "by_language": ("language",),
    "by_target": ("target",),
    "by_target_language": ("target", "language"),
    "by_intermediate": ("intermediate",),
    "by_intermediate_target": ("intermediate", "target"),
    "by_intermediate_language": ("intermediate", "language"),
    "by_cell": AXES,
}
LEVEL_AXES: dict[Level, tuple[str, ...]] = {  # what a measure of a level can differ by
    "cell": AXES,
    "task": ("intermediate", "target"),
    "language": ("language",),
}
TRAINED = "trained"
CONSTANT = 1e-9  # a standard deviation that counts as none
EXACT = 1e-14  # relative tolerance of least squares


def parts_of(cells: pd.DataFrame, column: str, level: Level = "cell") -> dict[str, pd.Series]:
    """The parts of a column, each with mean 0, in the column's unit; their sum is its deviation.

    Args:
        cells: one row per (intermediate, target, language), with a value in each.
        column: what is split.
        level: of the measure; other parts than its own are not there.
    """
    rest = cells[column] - cells[column].mean()
    parts: dict[str, pd.Series] = {}
    for size in range(1, len(AXES) + 1):
        wanted = {
            part: axes
            for part, axes in PARTS.items()
            if len(axes) == size and {*axes} <= {*LEVEL_AXES[level]}
        }
        joint = _joint_effects(cells, rest, [*wanted.values()])
        rest = rest - sum(joint)
        parts |= dict(zip(wanted, (effect - effect.mean() for effect in joint), strict=True))
    return {part: parts[part] for part in PARTS if part in parts}


def _joint_effects(
    cells: pd.DataFrame, values: pd.Series, factors: Sequence[tuple[str, ...]]
) -> list[pd.Series]:
    """The effect of every factor on each cell, by least squares with all factors at once."""
    if not factors or cells.empty:
        return [values * 0.0 for _ in factors]
    rows = np.arange(len(cells))
    groups = [cells.groupby([*axes], sort=False).ngroup().to_numpy() for axes in factors]
    columns = [csr_array((np.ones(len(rows)), (rows, codes))) for codes in groups]
    found = lsqr(hstack(columns), values.to_numpy(), atol=EXACT, btol=EXACT)[0]
    starts = np.cumsum([0, *(one.shape[1] for one in columns)])
    return [
        pd.Series(found[start + codes], cells.index)
        for start, codes in zip(starts, groups, strict=False)
    ]


def split_similarity(
    frame: pd.DataFrame, level: Level = "cell", measured: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The frame with `trained`, and the parts of `similarity` that vary, in standard deviations.

    Rows of `none` have no similarity: what differs by intermediate is 0 there, and `trained` is 0
    as well. Other rows without a similarity have no value of the parts.

    Args:
        frame: rows with `similarity`; what is measured more than once counts once.
        level: of the measure.
        measured: the cells that are split, if they are more than the frame's (`over_grid`). A
            standard deviation is over these.
    """
    has_value = frame["similarity"].notna()
    source = frame[has_value] if measured is None else measured
    cells = source[[*AXES, "similarity"]].drop_duplicates([*AXES])
    none = frame["intermediate"] == NONE
    columns = {TRAINED: (~none).astype(float)}
    for part, values in parts_of(cells, "similarity", level).items():
        if values.std() > CONSTANT:
            own = [*PARTS[part]]
            groups = cells[own].assign(**{part: values / values.std()}).drop_duplicates(own)
            column = frame[own].merge(groups, on=own, how="left").set_index(frame.index)[part]
            column = column.where(has_value | none)
            columns[part] = column.mask(none, 0.0) if "intermediate" in own else column
    return frame.assign(**columns)
