"""A results folder on disk: what in it is damaged, and how to remove a cell or a checkpoint.

Snakemake looks at times and at whether files exist. For Snakemake, a file that a broken disk has
cut short is done; this module reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from xstilts.checkpoint.curves import CURVE_FILE
from xstilts.checkpoint.network import MANIFEST, WEIGHTS, damage
from xstilts.errors import InputError
from xstilts.evaluation.cells import PREDICTIONS_FILE, SCHEMAS, SCORES_FILE, cell_store
from xstilts.io.tables import read_json, read_table
from xstilts.training.phases import STATE

STAGES = ("intermediate", "tuned")  # folders of trained checkpoints


def damaged(results: Path) -> Iterator[tuple[Path, str]]:
    """Score files and manifests of trained checkpoints to forget, each with what is wrong.

    A checkpoint whose weights were not kept is not damaged.

    Raises:
        InputError: there is no such folder.
    """
    if not results.is_dir():
        raise InputError(f"{results}: no such folder")
    for scores in sorted((results / "scores").rglob(SCORES_FILE)):
        for name, form in SCHEMAS.items():
            try:
                read_table(scores.with_name(name), form)
            except (FileNotFoundError, InputError) as error:
                yield scores, str(error)
                break
    for stage in STAGES:
        for manifest in sorted((results / stage).rglob(MANIFEST)):
            if wrong := _wrong(manifest):
                yield manifest, wrong


def _wrong(manifest: Path) -> str:
    try:
        read_json(manifest)
        read_table(manifest.with_name(CURVE_FILE))
        return damage(manifest) if manifest.with_name(WEIGHTS).is_file() else ""
    except (FileNotFoundError, InputError) as error:
        return str(error)
    except KeyError as error:
        return f"{manifest}: not a manifest ({error})"


def forget(path: Path, store: Path) -> None:
    """Remove a cell, or a checkpoint with what is half done of it, so that it is made anew.

    Args:
        path: a declared score file, or the manifest of a trained checkpoint.
        store: the cell store, from which the cell goes as well.

    Raises:
        InputError: it is neither, or not there.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.name == SCORES_FILE:
        # If it is unreadable, so is its entry in the store: the same file, which counts as none.
        with suppress(InputError):
            cell_store(store).forget(read_table(path)["key"][0].as_py())
        for name in (PREDICTIONS_FILE, SCORES_FILE):
            path.with_name(name).unlink(missing_ok=True)
    elif path.name == MANIFEST:
        for name in (STATE, WEIGHTS, MANIFEST):
            path.with_name(name).unlink(missing_ok=True)
    else:
        raise InputError(f"{path}: neither a cell ({SCORES_FILE}) nor a checkpoint ({MANIFEST})")
