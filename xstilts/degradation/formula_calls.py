"""Functions of columns in a user's formula: `log(size)`, `factor(year)`, `offset(baseline)`.

Each becomes a column of that name before the formula is read; an offset is taken off the response.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from xstilts.errors import InputError

LOG, FACTOR, OFFSET = "log", "factor", "offset"
CALL = re.compile(rf"\b({LOG}|{FACTOR})\(\s*`?([^`()]+?)`?\s*\)")
WITH_OFFSET = re.compile(rf"(?:\+\s*)?\b{OFFSET}\(\s*`?([^`()]+?)`?\s*\)")


class Call(NamedTuple):
    """A function of a column."""

    function: str
    column: str

    @property
    def name(self) -> str:
        """The column that the formula names."""
        return f"{self.function}({self.column})"


def without_calls(formula: str) -> tuple[str, list[Call]]:
    """The formula with columns in the place of functions and without offsets; and these."""
    calls = [Call(*found) for found in CALL.findall(formula)]
    offsets = [Call(OFFSET, column) for column in WITH_OFFSET.findall(formula)]
    response, _, terms = WITH_OFFSET.sub("", CALL.sub(r"`\1(\2)`", formula)).partition("~")
    return f"{response}~ {terms.strip().lstrip('+') or '1'}", [*calls, *offsets]


def with_calls(rows: pd.DataFrame, calls: list[Call], response: str, path: Path) -> pd.DataFrame:
    """The rows with a column per function, and the response less the offsets.

    Raises:
        InputError: a cell is no number, or has no logarithm; it is named.
    """
    for call in calls:
        if call.column not in rows:
            raise InputError(f"{path}: {call.name}: no column {call.column}")
        column = rows[call.column]
        for row, value in enumerate(column if call.function != FACTOR else (), start=1):
            if isinstance(value, str) or (call.function == LOG and value <= 0):
                raise InputError(f"{path}: {call.name}: {call.column} is '{value}' in row {row}")
        if call.function == OFFSET:
            rows = rows.assign(**{response: rows[response] - column})
        else:
            made = np.log(column) if call.function == LOG else column
            rows = rows.assign(**{call.name: made})
    return rows
