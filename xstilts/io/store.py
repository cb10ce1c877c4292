"""The store: finished cells and trainings by content, so that none is computed twice or lost.

An entry's key is a digest of all that its content depends on. Its files lie in `STORE/ab/KEY/`; the
files that the workflow declares are hard links to them (copies where the file system or another
owner forbids links). A job that fails, or is killed, keeps what it has finished, although Snakemake
removes the declared files.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import InputError
from xstilts.io.tables import atomic


@dataclass(frozen=True)
class Store:
    """Entries of one sort.

    Attributes:
        folder: where they lie; several sorts may share one.
        files: names of an entry's files.
        is_whole: whether an entry's folder holds all of them, undamaged.
    """

    folder: Path
    files: tuple[str, ...]
    is_whole: Callable[[Path], bool]

    def place(self, key: str) -> Path:
        """The folder of a key."""
        return self.folder / key[:2] / key

    def holds(self, key: str) -> bool:
        """Whether the entry is there, whole and readable."""
        return self.is_whole(self.place(key))

    def add(self, key: str, write: Callable[[Path], None]) -> None:
        """Let `write` fill a temporary folder, then move it into place in one step.

        Raises:
            OSError: what was written is not whole: a disk that lies, or is full.
        """
        target = self.place(key)
        temporary = target.with_name(f".{key}.{uuid.uuid4().hex}.tmp")
        temporary.mkdir(parents=True)
        try:
            write(temporary)
            if not self.is_whole(temporary):
                raise OSError(f"{temporary}: what was written cannot be read again")
            if not self.holds(key):  # another job may have been faster
                shutil.rmtree(target, ignore_errors=True)
                _move(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def keep(self, key: str, declared: Path) -> None:
        """Add the files that lie in a declared file's folder as an entry."""

        def write(folder: Path) -> None:
            for name in self.files:
                _link(declared.with_name(name), folder / name)

        self.add(key, write)

    def link(self, key: str, declared: Path) -> None:
        """Link an entry's files into a declared file's folder, the declared file last."""
        declared.parent.mkdir(parents=True, exist_ok=True)
        for name in sorted(self.files, key=lambda name: name == declared.name):
            _link(self.place(key) / name, declared.with_name(name))

    def forget(self, key: str) -> None:
        """Remove an entry."""
        shutil.rmtree(self.place(key), ignore_errors=True)


def _move(temporary: Path, target: Path) -> None:
    """Rename a folder, unless another job has put the same entry there meanwhile."""
    try:
        os.replace(temporary, target)
    except OSError:
        if not target.is_dir():
            raise


def _link(source: Path, declared: Path) -> None:
    """Link a file with today's time, or copy it where that is not allowed."""
    with atomic(declared) as temporary:
        try:
            os.link(source, temporary)
            os.utime(temporary)
        except OSError:
            temporary.unlink(missing_ok=True)
            shutil.copyfile(source, temporary)


def prune(folder: Path) -> Iterator[Path]:
    """Remove entries whose files no results folder links to; yields what was removed.

    Where declared files are copies, no entry is linked to, and all go: nothing is lost but time.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    for entry in sorted(folder.glob("??/*")):
        files = [file for file in entry.iterdir() if file.is_file()] if entry.is_dir() else []
        if all(file.stat().st_nlink == 1 for file in files):
            shutil.rmtree(entry)
            yield entry
