"""A raw row as a canonical example of its task's kind, or a clear error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from xstilts.data.columns import read_column
from xstilts.errors import InputError, one_line
from xstilts.io.formats import Located, check_fields
from xstilts.io.values import plain
from xstilts.kinds import kind_of
from xstilts.tasks import Task

KEYS = "keys"  # of retrieval kinds: a row that leaves it out has its id as its key

Example = dict[str, Any]


def default_columns(task: Task, file_format: str | None, first: Located) -> Mapping[str, str]:
    """Canonical names if the rows use them, as the first one shows, else the hub's.

    Raises:
        InputError: the order of columns would have to say what they are, and there are others.
    """
    names = [name for name in kind_of(task).columns if name != KEYS]
    where, row = first
    if file_format in ("tsv", "parallel"):
        keyed = KEYS in kind_of(task).columns and len(row) == len(names) + 1
        names += [KEYS] if keyed else []
        check_width(names, row, where)
        return {name: str(at) for at, name in enumerate(names)}
    if file_format == "conll":
        check_fields(row, where)
    if set(names) <= set(row):
        return {name: name for name in ("id", *names, KEYS) if name in row}
    return task.columns or {name: name for name in names}


def check_width(names: Sequence[str], row: Mapping[str, Any], where: str) -> None:
    """Raise if a row has columns beside those that its order would give a meaning."""
    if len(row) > len(names):
        raise InputError(
            f"{where}: {len(row)} columns, and {len(names)} are read in this order: "
            f"{', '.join(names)}; say under columns which ones they are"
        )


@dataclass
class Canonical:
    """Turns a raw row into a canonical example, or None if its answer is hidden.

    Attributes:
        task: the task.
        columns: canonical field -> column expression.
        renamed: the data's name of a label -> the task's.
        unused: the names of `renamed` that no row has had so far.
    """

    task: Task
    columns: Mapping[str, str]
    renamed: Mapping[str, str]
    unused: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.renamed = {str(plain(name)): label for name, label in self.renamed.items()}
        self.unused = {*self.renamed}

    def __call__(self, located: Located) -> tuple[str, Example | None]:
        """The example and where it was read.

        Raises:
            InputError: the row lacks a field, or holds what its task does not allow.
        """
        where, row = located
        example = self._fields(row, where)
        if (keys := plain(example.get(KEYS))) is not None:
            example[KEYS] = [str(key) for key in (keys if isinstance(keys, list) else [keys])]
        kind = kind_of(self.task)
        for name in {"label", "tags"} & example.keys():
            example[name] = self._named(plain(example[name]))
        if "answer_starts" in example:
            example["answer_starts"] = plain(example["answer_starts"])
        texts = {name: each for name, each in kind.columns.items() if each == pa.string()}
        given = {name: each for name, each in texts.items() if example.get(name) is not None}
        _check_types(example, given, frozenset(), where)
        try:
            shown = kind.check(example, self.task, where)
        except (AttributeError, TypeError) as error:
            raise InputError(f"{where}: no row of {self.task.name} ({one_line(error)})") from error
        if not shown:
            return where, None
        _check_types(example, kind.columns, kind.optional, where)
        return where, example

    def _named(self, value: Any) -> Any:
        """A label, or each of some tags, as the task calls it."""
        if isinstance(value, list):
            return [self._named(each) for each in value]
        self.unused.discard(str(value))
        return self.renamed.get(str(value), value)

    def _fields(self, raw: Mapping[str, Any], where: str) -> Example:
        """The canonical fields as the row has them."""
        row = dict(raw)
        for name, new in self.task.values.items():
            if name in row:
                row[name] = _replaced(name, row[name], new, where)
        try:
            if self.task.derived and not {*self.columns.values()} <= row.keys():
                row |= self.task.derived(row)
            return {name: read_column(row, column) for name, column in self.columns.items()}
        except (KeyError, IndexError, TypeError) as error:
            has = ", ".join(map(str, raw))
            raise InputError(f"{where}: lacks column {error}; it has {has}") from error


def _replaced(name: str, value: Any, new: Mapping[str, str], where: str) -> str:
    key = str(plain(value))
    if key not in new:
        raise InputError(f"{where}: {name} '{value}' is none of {', '.join(new)}")
    return new[key]


def _is_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:  # half of an emoji, as JSON may hold it
        return False


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
    """Raise unless every field is there, at least one optional one, and each of its type."""
    missing = {name for name in optional if example.get(name) is None}
    if optional and missing == optional:
        raise InputError(f"{where}: neither {' nor '.join(sorted(missing))}")
    for name in columns.keys() - missing - ({KEYS} - example.keys()):
        what, accepts = TYPES[columns[name]]
        if not accepts(example.get(name)):
            raise InputError(f"{where}: {name} is {example.get(name)!r}, not {what}")


def with_ids(
    examples: Iterable[tuple[str, Example | None]], renumber: bool
) -> Iterator[Example | None]:
    """Examples with distinct ids: their own, or their number.

    With `renumber`, an id that was there before gets a running number, else it is an error.
    """
    seen: dict[str, list[str]] = {}
    for number, (where, example) in enumerate(examples, start=1):
        if example is None:
            yield None
            continue
        own = plain(example.get("id"))
        name = str(number if own in (None, "") else own)
        before = seen.setdefault(name, [])
        if before and not renumber:
            raise InputError(f"{where}: id '{name}' was there before, in {before[0]}")
        before.append(where)
        name = name if len(before) == 1 else f"{name}#{len(before)}"
        yield {KEYS: [name], **example, "id": name}
