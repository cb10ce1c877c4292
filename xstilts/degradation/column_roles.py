"""The user's table of scores, with every column converted to its role.

A table comes from pandas, R, a spreadsheet or this workflow. Each cell is converted to the role of
its column: an axis is text and never missing, a number is a number. The row index of a file is not
kept: its names become ordinary columns, its numbers are dropped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.degradation.outcomes import OUTCOMES
from xstilts.degradation.parts import PARTS, TRAINED
from xstilts.errors import InputError
from xstilts.io.formats import decoded
from xstilts.io.tables import read_table
from xstilts.io.values import plain

TEXTS = ("model", "intermediate", "target", "language", "metric")  # axes of a score, never missing
REASONS = ("diverged", "not_learnt", "without_gap")  # texts; no reason is an empty text
FLAGS = ("reported",)
WHOLE = ("seed",)
NUMBERS = ("value", "chance", "n", "low", "high", "similarity", TRAINED, *PARTS, *OUTCOMES)
MISSING = frozenset(("", "na", "n/a", "nan", "none", "null", "<na>"))  # of numbers, in lower case
TRUE, FALSE = frozenset(("1", "true", "t", "yes")), frozenset(("0", "false", "f", "no"))
BOOLEAN = {"true": 1.0, "false": 0.0}
COMPRESSED = (".gz", ".bz2", ".xz")
SEPARATORS = (",", ";", "\t")
INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name in Parquet
NUMBER_LIKE = re.compile(r"[-+]?[\d.,\s]*\d[\d.,]*\s*%?")


def read_scores(
    path: Path, predictors: Iterable[str] = (), groups: Iterable[str] = ()
) -> pd.DataFrame:
    """A CSV, TSV (both also compressed) or Parquet table, every column in its role.

    Args:
        path: the file.
        predictors: columns that a formula compares: numbers if any cell is one, else text.
        groups: columns by which a formula groups: text.

    Raises:
        InputError: it cannot be read, or a cell does not fit its role; the cell is named.
    """
    if not path.is_file():
        raise InputError(f"no table '{path}'")
    suffix = Path(path.stem).suffix if path.suffix in COMPRESSED else path.suffix
    suffix = suffix.lower()
    rows = _delimited(path, suffix) if suffix in (".csv", ".tsv") else _parquet(path)
    if not len(rows):
        raise InputError(f"{path}: holds no row")
    comma = rows.attrs.get("separator") == ";"  # then a comma is the decimal point
    for name in rows.columns:
        if read := _role(name, {*predictors}, {*groups}):
            rows[name] = read(rows[name].tolist(), f"{path}: {name}", comma)
    return rows


def _delimited(path: Path, suffix: str) -> pd.DataFrame:
    """All cells as text; the separator is the most frequent one in the header."""
    lines = list(decoded(path))
    header = lines[0] if lines else ""
    separator = "\t" if suffix == ".tsv" else max(SEPARATORS, key=header.count)
    try:
        records = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise InputError(f"{path}: not {suffix[1:].upper()} ({error})") from error
    names = [name.strip() for name in records[0]] if records else []
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise InputError(f"{path}: column {twice[0]} is there twice")
    cells = [record for record in records[1:] if record]
    for number, record in enumerate(cells, start=1):
        if len(record) != len(names):
            raise InputError(
                f"{path}, row {number}: {len(record)} cells under {len(names)} names of columns"
            )
    rows = pd.DataFrame(cells, columns=names, dtype=object)
    rows.attrs["separator"] = separator
    return rows


def _parquet(path: Path) -> pd.DataFrame:
    table = read_table(path)
    columns = {
        name: table[name].to_pylist() for name in table.column_names if not INDEX.fullmatch(name)
    }
    return pd.DataFrame(columns)


Read = Callable[[Sequence[Any], str, bool], "pd.Series[Any]"]


def _role(name: str, predictors: set[str], groups: set[str]) -> Read | None:
    """How the cells of a column are read; None where it has no role."""
    own: tuple[tuple[Iterable[str], Read], ...] = (
        (TEXTS, _axis),
        (REASONS, _reasons),
        (FLAGS, _flags),
        (WHOLE, _whole),
        (NUMBERS, _numbers),
        (groups, _texts),
        (predictors, _numbers_or_texts),
    )
    return next((read for names, read in own if name in names), None)


def _axis(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    names = _named(cells)
    if None in names:
        row = names.index(None) + 1
        raise InputError(f"{where} is missing in row {row}; every score has one")
    return pd.Series(names, dtype=object)


def _named(cells: Sequence[Any]) -> list[str | None]:
    values = (plain(cell) for cell in cells)
    return [None if value in (None, "") else str(value) for value in values]


def _texts(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    """Levels of a factor; NA and the like are missing."""
    names = [None if name and name.lower() in MISSING else name for name in _named(cells)]
    return pd.Series(names, dtype=object)


def _reasons(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    """Reasons; every way to write no reason becomes an empty text."""
    texts = [text or "" for text in _named(cells)]
    return pd.Series(["" if text.lower() in FALSE | MISSING else text for text in texts])


def _flags(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    flags = []
    for number, cell in enumerate(cells, start=1):
        text = str(plain(cell)).lower()
        if text not in TRUE | FALSE:
            raise InputError(f"{where} is '{cell}' in row {number}, neither true nor false")
        flags.append(text in TRUE)
    return pd.Series(flags, dtype=bool)


def _whole(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    numbers = _numbers(cells, where, comma)
    for number, value in enumerate(numbers, start=1):
        if value != value or not float(value).is_integer():
            raise InputError(f"{where} is '{cells[number - 1]}' in row {number}, no whole number")
    return numbers.astype(int)


def _numbers(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    numbers = []
    for number, cell in enumerate(cells, start=1):
        try:
            numbers.append(_number(cell, comma))
            if numbers[-1] in (float("inf"), float("-inf")):
                raise ValueError("not finite")
        except (ValueError, TypeError) as error:
            raise InputError(f"{where} is '{cell}' in row {number}, not a number") from error
    return pd.Series(numbers, dtype=float)


def _number(cell: Any, comma: bool) -> float:
    if cell is None:
        return float("nan")
    if not isinstance(cell, str):
        return float(cell)
    text = cell.strip()
    if text.lower() in MISSING:
        return float("nan")
    if text.lower() in BOOLEAN:
        return BOOLEAN[text.lower()]
    return float(text.replace(",", ".") if comma and text.count(",") == 1 else text)


def _numbers_or_texts(cells: Sequence[Any], where: str, comma: bool) -> pd.Series[Any]:
    """Numbers if any cell is one or is written like one, else text: levels of a factor."""
    if any(_looks_numeric(cell) for cell in cells):
        return _numbers(cells, where, comma)
    return _texts(cells, where, comma)


def _looks_numeric(cell: Any) -> bool:
    if not isinstance(cell, str):
        return plain(cell) is not None
    text = cell.strip().lower()
    if text in MISSING:
        return False
    try:
        float(text)
    except ValueError:
        return text in BOOLEAN or NUMBER_LIKE.fullmatch(text) is not None
    return True
