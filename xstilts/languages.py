"""The table of languages: one row is all there is to a language.

Codes are XTREME's two letters (`zh` is Mandarin, `sw` Swahili); `iso3` is the code that Tatoeba's
files use (`cmn`, `swh`, `pes`). `cc100` is the size in GiB of the language's part of CC-100, the
pretraining text of XLM-R (Conneau et al. 2020, appendix), empty if no source gives it. Chinese has
that of its simplified part (the traditional one has 16.6), Burmese that of the larger row (the
other has 0.4); romanised parts do not count. `flores` is the language's column in FLORES-200.
`targets` says which evaluated tasks have the language: XTREME-R's `evaluate.py`; PAWS-X and BUCC
from XTREME.

A config adds rows from a table of its own (`language_table`), in which all but `code` and `name`
may be empty or left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from xstilts.errors import InputError, check_name, one_line
from xstilts.tasks import target_tasks, tasks

ENGLISH = "en"  # whose data are trained on
TABLE = Path(__file__).with_name("languages.csv")


@dataclass(frozen=True, kw_only=True)
class Language:
    """One row of the table."""

    code: str
    name: str
    iso3: str
    script: str
    family: str
    cc100: float | None
    flores: str
    targets: tuple[str, ...]


FACTORS = ("family", "script")  # of languages, which a model may group by
COLUMNS = tuple(each.name for each in fields(Language))
_tables = [TABLE]


def languages() -> dict[str, Language]:
    """Every language by its code: the shipped table's, then those that were added.

    Raises:
        InputError: a table cannot be used: place, value, and what is allowed.
    """
    return {code: row for table in _tables for code, row in _read(table).items()}


def added_languages() -> list[str]:
    """Codes of the languages that only the user's table has."""
    return [code for code in languages() if code not in _read(TABLE)]


def add_languages(table: str | None) -> None:
    """Add the rows of a table, in place of shipped ones of the same code, for this process.

    Rows that were added before are dropped; without a table, only the shipped ones remain.
    """
    _tables[1:] = [Path(table)] if table else []


@cache
def _read(table: Path) -> dict[str, Language]:
    by_code: dict[str, Language] = {}
    for where, row in _rows(table):
        language = _language(row, where)
        if language.code in by_code:
            raise InputError(f"{where}: language '{language.code}' appears twice")
        by_code[language.code] = language
    return by_code


def _rows(table: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with its place."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"language table {table}: cannot be read ({one_line(error)})") from error
    reader = csv.DictReader(text.splitlines())
    for name in reader.fieldnames or ():
        check_name("column", name, COLUMNS, f"language table {table}")
    for row in reader:
        where = f"language table {table}, line {reader.line_num}"
        if None in row or None in row.values():
            raise InputError(f"{where}: not as many values as the header has columns")
        yield where, {name: value.strip() for name, value in row.items()}


def _language(row: dict[str, str], where: str) -> Language:
    """A row of a table, checked."""
    values: dict[str, Any] = {**dict.fromkeys(COLUMNS, ""), **row}
    if not re.fullmatch(r"[\w-]+", values["code"]):
        raise InputError(
            f"{where}: code '{values['code']}' names a folder; use letters, digits, - and _"
        )
    if not values["name"]:
        raise InputError(f"{where}: {values['code']} has no name")
    targets = tuple(values["targets"].split())
    for target in targets:
        check_name("target", target, target_tasks(), where)
    try:
        size = float(values["cc100"]) if values["cc100"] else None
    except ValueError as error:
        raise InputError(f"{where}: cc100 '{values['cc100']}' is not a number (GiB)") from error
    return Language(**{**values, "cc100": size, "targets": targets})


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


def language_facts(codes: list[str], pretraining: str | None) -> dict[str, dict[str, Any]]:
    """Facts of languages by code, as measures know them (`xstilts.similarity.language_facts`).

    `pretraining` names the text that the model was pretrained on.
    """
    rows = languages()
    return {
        code: {
            "code": code,
            "name": rows[code].name,
            "script": rows[code].script or None,
            "iso3": rows[code].iso3 or None,
            "gigabytes": getattr(rows[code], pretraining or "", None),
        }
        for code in codes
    }


def language_factors(codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """What languages may be grouped by: the family, and the script, of each by code, if known."""
    rows = [languages()[code] for code in codes if code in languages()]
    return {
        name: {row.code: getattr(row, name) for row in rows if getattr(row, name)}
        for name in FACTORS
    }
