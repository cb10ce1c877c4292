"""The table of languages: one row is all there is to a language.

Codes are XTREME's two letters (`zh` is Mandarin, `sw` Swahili); `iso3` is the code that Tatoeba's
files use (`cmn`, `swh`, `pes`). `cc100` is the size in GiB of the language's part of CC-100, the
pretraining text of XLM-R (Conneau et al. 2020, appendix), empty if it has none: of Chinese the
simplified part (the traditional one has 16.6), of Burmese the larger row (the other has 0.4), and
no romanised part. `flores` is the language's column in FLORES-200. `targets` says which evaluated
tasks have the language: XTREME-R's `evaluate.py`; PAWS-X and BUCC from XTREME.
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
    cc100: float
    flores: str
    targets: tuple[str, ...]


@cache
def languages() -> dict[str, Language]:
    """Every language by its code, in the table's order."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: _language(row) for row in csv.DictReader(file)}


def _language(row: dict[str, Any]) -> Language:
    size = float(row["cc100"] or 0)
    return Language(**{**row, "cc100": size, "targets": tuple(row["targets"].split())})


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
