"""The cell store: finished cells by content, so that nothing is computed twice or lost.

A cell's key is a digest of all that its score depends on. Its files lie in `store/ab/KEY/`; the
files that the workflow declares are hard links to them. An evaluation that fails, or is killed,
keeps what it has finished, although Snakemake removes the declared files.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from xstilts.errors import InputError
from xstilts.tables import read_table

SCORES_FILE = "scores.parquet"
FILES = (SCORES_FILE, "predictions.parquet")


def place(store: Path, key: str) -> Path:
    """The folder of a key."""
    return store / key[:2] / key


def is_stored(store: Path, key: str) -> bool:
    """Whether the cell is there, whole and readable."""
    try:
        return all(read_table(place(store, key) / name).num_rows > 0 for name in FILES)
    except (FileNotFoundError, InputError):
        return False


def add(store: Path, key: str, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary folder, then move it into place in one step."""
    target = place(store, key)
    temporary = target.with_name(f".{key}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir(parents=True)
    try:
        write(temporary)
        if not is_stored(store, key):  # another job may have been faster
            shutil.rmtree(target, ignore_errors=True)
            os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def link(store: Path, key: str, scores: Path) -> None:
    """Link the cell's files to the declared score file's folder, with today's time."""
    scores.parent.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        source, declared = place(store, key) / name, scores.with_name(name)
        declared.unlink(missing_ok=True)
        os.link(source, declared)
        os.utime(declared)


def forget(store: Path, scores: Path) -> str:
    """Remove a score file and its store entry, so that the next run computes the cell anew.

    Returns:
        The key of the cell.
    """
    if not scores.is_file():
        raise InputError(f"{scores}: no such score file")
    key: str = read_table(scores)["key"][0].as_py()
    shutil.rmtree(place(store, key), ignore_errors=True)
    for name in FILES:
        scores.with_name(name).unlink(missing_ok=True)
    return key
