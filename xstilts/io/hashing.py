"""Content digests: what a cell, a checkpoint or a data file is known by."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]


def digest(value: Any) -> str:
    """Hex SHA-256 of any JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_digest(*modules: str) -> str:
    """Digest of package sources, named relative to the package ('kinds' takes a whole folder).

    Snakemake does not track imported modules; a rule that passes this as a parameter reruns when,
    and only when, code that its result depends on has changed.
    """
    files: list[Path] = []
    for name in modules:
        path = PACKAGE / name
        files += sorted([*path.glob("*.py"), *path.glob("*.csv")]) if path.is_dir() else [path]
    return digest([[file.name, file_digest(file)] for file in files])[:16]
