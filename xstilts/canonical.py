"""A row of somebody's data as a canonical example of its task's kind, or a clear error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xstilts.columns import read_column
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.readers import Located
from xstilts.tasks import Task

UNLABELLED = -1  # what the hub writes for a hidden label
SIDES = {"source", "target"}  # of translations, which some copies end with a line end
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
    """Turns a row of somebody's data into a canonical example, or None if its label is hidden."""

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
        if "label" in example:
            example["label"] = _label(self.task, example["label"], self.renamed, where)
            if example["label"] == UNLABELLED:
                return where, None
        self._check_present(example, where)
        for side in SIDES & example.keys():
            example[side] = example[side] and example[side].strip()
        if isinstance(example.get(KEYS), (str, int)):
            example[KEYS] = [str(example[KEYS])]
        if "tags" in example:
            example["tags"] = [_tag(self.task, tag, where) for tag in example["tags"]]
            _check_lengths(example, where)
        if "answers" in example:
            _check_answers(example, where)
        return where, example

    def _fields(self, raw: Mapping[str, Any], where: str) -> Example:
        """The canonical fields as the row has them."""
        renamed = {
            name: new.get(raw[name], raw[name])
            for name, new in self.task.values.items()
            if name in raw
        }
        row = {**raw, **renamed}
        try:
            row |= self.task.derived(row) if self.task.derived else {}
            return {field: read_column(row, column) for field, column in self.columns.items()}
        except (KeyError, IndexError, TypeError) as error:
            raise InputError(f"{where}: lacks column {error}; it has {', '.join(raw)}") from error

    def _check_present(self, example: Example, where: str) -> None:
        """Fill in None for an empty optional field; raise if another is missing."""
        kind = kind_of(self.task)
        example.update({field: example.get(field) or None for field in kind.OPTIONAL})
        lacking = {field for field in kind.COLUMNS if example.get(field) is None} - {KEYS}
        if lacking - kind.OPTIONAL:
            raise InputError(f"{where}: {', '.join(sorted(lacking - kind.OPTIONAL))} is empty")
        if kind.OPTIONAL and lacking == kind.OPTIONAL:
            raise InputError(f"{where}: neither {' nor '.join(sorted(lacking))}")


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


def _label(task: Task, value: Any, renamed: Mapping[str, str], where: str) -> int:
    """The index of a label given as a name, as its number, or as a renamed name."""
    if value is None or value == "":
        return UNLABELLED
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    name = renamed.get(str(value), str(value))
    if name in task.labels:
        return task.labels.index(name)
    if name.lstrip("-").isdigit() and UNLABELLED <= int(name) < len(task.labels):
        return int(name)
    raise InputError(f"{where}: label '{value}' is none of {', '.join(task.labels)}")


def _tag(task: Task, value: Any, where: str) -> str:
    """A tag given as a name or as its number; any name, where the task's tags are not fixed."""
    if isinstance(value, int) and 0 <= value < len(task.labels):
        return task.labels[value]
    if isinstance(value, str) and (value in task.labels or not task.labels):
        return value
    raise InputError(f"{where}: tag '{value}' is none of {', '.join(task.labels)}")


def _check_lengths(example: Example, where: str) -> None:
    words, tags = len(example["words"]), len(example["tags"])
    if words != tags or not words:
        raise InputError(f"{where}: {words} words and {tags} tags")


def _check_answers(example: Example, where: str) -> None:
    for text, start in zip(example["answers"], example["answer_starts"], strict=True):
        if example["context"][start : start + len(text)] != text:
            raise InputError(f"{where}: answer '{text}' is not at {start} of its context")
