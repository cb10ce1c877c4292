"""Cells of the grid that were not run, as a table and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.grid import Cell, cells_of

AXES = ("model", "intermediate", "target", "seed", "language")  # the largest groups are named first


def missing_cells(axes: Mapping[str, Any], there: pd.DataFrame) -> pd.DataFrame:
    """The cells of a grid that have no row in a table with the axes as columns."""
    have = set(there[[*Cell._fields]].itertuples(index=False, name=None))
    return pd.DataFrame(
        [cell for cell in cells_of(axes) if tuple(cell) not in have], columns=[*Cell._fields]
    )


def in_words(axes: Mapping[str, Any], missing: pd.DataFrame) -> str:
    """How many cells are missing: whole values of an axis by name, the others by number.

    Empty if nothing is missing.
    """
    if missing.empty:
        return ""
    if len(missing) == _count(axes):
        return f"Not run: any of {len(missing):,} cells."
    whole = pd.DataFrame(cells_of(axes), columns=[*Cell._fields])
    rest, phrases = missing, []
    for axis in AXES:
        counts, total = Counter(rest[axis]), Counter(whole[axis])
        gone = [value for value, count in counts.items() if count == total[value]]
        if gone and len(gone) < len(total):
            phrases.append(f"all of {axis} {', '.join(map(str, gone))}")
            rest = rest[~rest[axis].isin(gone)]
            whole = whole[~whole[axis].isin(gone)]
    if len(rest):
        phrases.append(f"{len(rest)} {'others' if phrases else 'single ones'}")
    return f"Not run: {len(missing):,} of {_count(axes):,} cells ({'; '.join(phrases)})."


def _count(axes: Mapping[str, Any]) -> int:
    return sum(1 for _ in cells_of(axes))


def read_missing(path: Path) -> pd.DataFrame:
    """A table that `collect_cells` wrote."""
    return pd.read_csv(path, keep_default_na=False)
