"""The table of languages: one row is all there is to a language.

Codes are XTREME's two letters (`zh` is Mandarin, `sw` Swahili); `iso3` is the code that Tatoeba's
files use (`cmn`, `swh`, `pes`). The column `targets` says which evaluated tasks have the language.
Lists: XTREME-R's `evaluate.py`; PAWS-X and BUCC from XTREME.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xstilts.errors import check_name
from xstilts.tasks import tasks

TABLE = Path(__file__).with_name("languages.csv")


@dataclass(frozen=True, kw_only=True)
class Language:
    """One row of the table."""

    code: str
    name: str
    iso3: str
    script: str
    family: str
    targets: tuple[str, ...]


@cache
def languages() -> dict[str, Language]:
    """Every language by its code, in the table's order."""
    with TABLE.open(newline="") as file:
        return {row["code"]: _language(row) for row in csv.DictReader(file)}


def _language(row: dict[str, Any]) -> Language:
    return Language(**{**row, "targets": tuple(row["targets"].split())})


def languages_of(target: str) -> list[str]:
    """Codes of the languages that a target is evaluated in: the table's and the task's own.

    Raises:
        InputError: the task names a language that the table lacks.
    """
    own = tasks()[target].languages
    for code in own:
        check_name("language", code, languages(), f"{target}: languages")
    rows = languages().values()
    return [row.code for row in rows if target in row.targets or row.code in own]
