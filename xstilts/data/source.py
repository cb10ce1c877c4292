"""Where a task's examples come from: local files, or what is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from xstilts.data.canonical import Canonical, Example, default_columns, with_ids
from xstilts.data.local_paths import format_path, is_published, local_files, matching
from xstilts.data.lock import chosen, commit_of
from xstilts.data.releases import RELEASES
from xstilts.errors import InputError
from xstilts.io.formats import ASIDE, Located, read_rows
from xstilts.tasks import Hub, Task


@dataclass
class Reading:
    """A split of a task in a language, as it was read, and what became of its rows.

    Attributes:
        place: the files or data sets.
        rows: how many rows they hold.
        share: which of them are the split's, where a file is divided.
        examples: canonical examples of the split; None for a row whose answer is hidden.
        aside: what was done to rows beside reading them, with the number of rows.
        unused: entries of `labels` that no row has.
    """

    place: str = ""
    rows: int = 0
    share: str = ""
    examples: list[Example | None] = field(default_factory=list)
    aside: Counter[str] = field(default_factory=Counter)
    unused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Origin:
    """Where a task's rows come from: local files, the hub, or both.

    Of both, the test set that the `data` entry does not name is the hub's.

    Attributes:
        task: the task.
        source: the config's `data` entry of the task, if it is read from local files.
        commits: the commits at which the task's hub data sets are read.
    """

    task: Task
    source: Mapping[str, Any] | None
    commits: Mapping[str, str]

    def name(self, part: str) -> str:
        """Local files, or what is published with its commits; both where both are read."""
        local = bool(self.source)
        if self.source and not is_published(self.source, part):
            return "local files"
        sources = (chosen(each, self.commits) for each in self.task.hub)
        names = [
            f"{each.path}@{commit_of(each.source, self.commits)}"
            if isinstance(each, Hub)
            else each.url
            for each in sources
        ]
        return ", ".join(dict.fromkeys([*(["local files"] if local else []), *names]))

    def read(self, language: str, split: str) -> Reading:
        """A split in a language; empty if there is none.

        Raises:
            InputError: files are there and hold no row, or a row cannot be used.
        """
        reading = Reading()
        if self.source and not is_published(self.source, split):
            located, entry = _local(self.source, language, split, reading), self.source
        else:
            from xstilts.data.hub import hub_rows

            located, entry = hub_rows(self.task, language, split, self.commits), {}
        located = _counted(located, reading)
        first = next(located, None)
        if first is None:
            return reading
        canonical = self._canonical(entry, first, language, split)
        examples = map(canonical, chain([first], located))
        reading.examples = list(with_ids(examples, entry.get("renumber", False)))
        reading.unused = sorted(canonical.unused)
        return reading

    def _canonical(
        self, entry: Mapping[str, Any], first: Located, language: str, split: str
    ) -> Canonical:
        columns = entry.get("columns")
        if columns is None:  # a column that the user names may have a brace in its name
            expressions = default_columns(self.task, entry.get("format"), first)
            columns = {
                name: format_path(column, language, split) for name, column in expressions.items()
            }
        return Canonical(self.task, columns, entry.get("labels", {}))


def _counted(located: Iterable[Located], reading: Reading) -> Iterator[Located]:
    """The rows, with what was done to them counted."""
    for where, row in located:
        reading.place = reading.place or where.rpartition(", ")[0]
        reading.rows += 0 if reading.share else 1  # else all of them have been counted
        reading.aside.update(row.get(ASIDE, ()))
        yield where, row


def _local(
    source: Mapping[str, Any], language: str, split: str, reading: Reading
) -> Iterator[Located]:
    """Rows of a `data` entry of the config."""
    paths = local_files(source, language, split)
    if not paths:
        return
    reading.place = ", ".join(map(str, paths))
    if source["format"] in RELEASES:
        rows = RELEASES[source["format"]].rows(paths, language)
    else:
        rows = read_rows(paths, source["format"], source.get("lines", 1))
    if only := source.get("only"):
        rows = _fitting([*rows], only, language, split, reading)
    if shares := source.get("splits"):
        rows = _share([*rows], shares, split, reading)
    has_rows = False
    for located in rows:
        has_rows = True
        yield located
    if not has_rows:
        raise InputError(f"{paths[0]}: holds no row of split {split}")


def _fitting(
    rows: list[Located], only: Mapping[str, str], language: str, split: str, reading: Reading
) -> Iterator[Located]:
    """The rows of a language where a file holds several."""
    reading.rows, reading.share = len(rows), f"rows whose {', '.join(only)} fit {language}"
    yield from filter(matching(only, language, split), rows)


def _share(
    rows: list[Located], shares: Mapping[str, float], split: str, reading: Reading
) -> Iterator[Located]:
    """The rows of one split where a file is divided by row number, in the order of the shares."""
    edges = np.cumsum([0.0, *shares.values()]) / sum(shares.values())
    at = list(shares).index(split)
    first, last = (round(edge * len(rows)) for edge in edges[at : at + 2])
    reading.rows, reading.share = len(rows), f"rows {first + 1} to {last}"
    yield from rows[first:last]
