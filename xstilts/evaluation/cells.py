"""A finished cell on disk: its scores and its predictions, in the store and where declared."""

from __future__ import annotations

from pathlib import Path

from xstilts.errors import InputError
from xstilts.evaluation.metrics import PREDICTIONS, SCORES
from xstilts.io.store import Store
from xstilts.io.tables import read_table

SCORES_FILE, PREDICTIONS_FILE = "scores.parquet", "predictions.parquet"
SCHEMAS = {SCORES_FILE: SCORES, PREDICTIONS_FILE: PREDICTIONS}


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a cell, whole and readable."""
    try:
        return all(read_table(folder / name, form).num_rows > 0 for name, form in SCHEMAS.items())
    except (FileNotFoundError, InputError):
        return False


def cell_store(folder: Path) -> Store:
    """The store of cells."""
    return Store(folder, tuple(SCHEMAS), is_whole)
