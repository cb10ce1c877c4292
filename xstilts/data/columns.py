"""Column expressions: where a canonical field lies in a raw row.

"premise"               a column
"choices.text"          a field of a nested column
"question.choices.*.text"   that field of every element of a list
"context + question"    texts joined by a space; a text and a list join element by element
"answer0, answer1"      a list of columns
"pos_tags | upos"       the first of these that the row has
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any


def read_column(row: Mapping[str, Any], expression: str) -> Any:
    """The value of an expression in a row.

    Raises:
        KeyError: the row lacks a column that the expression names.
    """
    if "," in expression:
        return [read_column(row, part) for part in expression.split(",")]
    expression = first_there(expression, row)
    values = [_follow(row, part.strip().split(".")) for part in expression.split("+")]
    return values[0] if len(values) == 1 else _join(values)


def first_there(expression: str, columns: Container[str]) -> str:
    """The first of the alternatives whose column is there; else the last."""
    alternatives = [each.strip() for each in expression.split("|")]
    present = [each for each in alternatives if each.split(".")[0] in columns]
    return [*present, alternatives[-1]][0]


def _follow(value: Any, path: list[str]) -> Any:
    """What a path leads to; nothing where a value on the way is missing."""
    for at, name in enumerate(path):
        if value is None:
            return None
        if name == "*":
            return [_follow(element, path[at + 1 :]) for element in value]
        value = value[name]
    return value


def _join(values: list[Any]) -> Any:
    lists = [value for value in values if isinstance(value, list)]
    if not lists:
        return " ".join(str(value) for value in values if value)
    return [
        _join([value[at] if isinstance(value, list) else value for value in values])
        for at in range(len(lists[0]))
    ]
