"""A row of somebody's data as a canonical example of its task's kind, or a clear error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xstilts.columns import read_column
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.readers import Located
from xstilts.tasks import Task

KEYS = "keys"  # of retrieval kinds: a row may leave it out, its key is then its id

Example = dict[str, Any]


def default_columns(task: Task, file_format: str | None, rows: list[Located]) -> Mapping[str, str]:
    """Canonical names if the rows use them, else the hub's."""
    names = [name for name in kind_of(task).COLUMNS if name != KEYS]
    if file_format in ("tsv", "parallel"):
        return {name: str(at) for at, name in enumerate(names)}
    if rows and set(names) <= set(rows[0][1]):
        return {name: name for name in ("id", *names, KEYS) if name in rows[0][1]}
    return task.columns or {name: name for name in names}


@dataclass(frozen=True)
class Canonical:
    """Turns a row of somebody's data into a canonical example, or None if its answer is hidden."""

    task: Task
    columns: Mapping[str, str]
    renamed: Mapping[str, str]

    def __call__(self, located: Located) -> tuple[str, Example | None]:
        """The example and where it was read.

        Raises:
            InputError: the row lacks a field, or holds what its task does not allow.
        """
        where, row = located
        example = self._fields(row, where)
        if isinstance(example.get(KEYS), (str, int)):
            example[KEYS] = [str(example[KEYS])]
        kind = kind_of(self.task)
        if "label" in example:
            example["label"] = self.renamed.get(str(example["label"]), example["label"])
        if not kind.check(example, self.task, where):
            return where, None
        _check_types(example, kind.COLUMNS, kind.OPTIONAL, where)
        return where, example

    def _fields(self, raw: Mapping[str, Any], where: str) -> Example:
        """The canonical fields as the row has them."""
        row = dict(raw)
        for name, new in self.task.values.items():
            if name in row:
                row[name] = _replaced(name, row[name], new, where)
        try:
            row |= self.task.derived(row) if self.task.derived else {}
            return {field: read_column(row, column) for field, column in self.columns.items()}
        except (KeyError, IndexError, TypeError) as error:
            has = ", ".join(map(str, raw))
            raise InputError(f"{where}: lacks column {error}; it has {has}") from error


def _replaced(name: str, value: Any, new: Mapping[str, str], where: str) -> str:
    if value not in new:
        raise InputError(f"{where}: {name} '{value}' is none of {', '.join(new)}")
    return new[value]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _list_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(accepts, value))


TYPES: dict[pa.DataType, tuple[str, Callable[[Any], bool]]] = {
    pa.string(): ("a text", _is_text),
    pa.int32(): ("a whole number", _is_whole),
    pa.list_(pa.string()): ("a list of texts", _list_of(_is_text)),
    pa.list_(pa.int32()): ("a list of whole numbers", _list_of(_is_whole)),
}


def _check_types(
    example: Example, columns: Mapping[str, pa.DataType], optional: frozenset[str], where: str
) -> None:
    """Raise unless every field is there and of its type; of the optional ones, one at least."""
    lacking = {field for field in optional if example.get(field) is None}
    if optional and lacking == optional:
        raise InputError(f"{where}: neither {' nor '.join(sorted(lacking))}")
    for field in columns.keys() - lacking - ({KEYS} - example.keys()):
        name, accepts = TYPES[columns[field]]
        if not accepts(example.get(field)):
            raise InputError(f"{where}: {field} is {example.get(field)!r}, not {name}")


def with_ids(
    examples: Iterable[tuple[str, Example | None]], renumber: bool
) -> Iterator[Example | None]:
    """Examples with distinct ids: their own, or their number.

    With `renumber`, an id that was there before gets a running number; else it is an error.
    """
    seen: dict[str, list[str]] = {}
    for number, (where, example) in enumerate(examples, start=1):
        if example is None:
            yield None
            continue
        name = str(example.get("id", number))
        before = seen.setdefault(name, [])
        if before and not renumber:
            raise InputError(f"{where}: id '{name}' was there before, in {before[0]}")
        before.append(where)
        name = name if len(before) == 1 else f"{name}#{len(before)}"
        yield {KEYS: [name], **example, "id": name}
