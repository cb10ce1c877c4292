"""Where a task's examples come from: local files, the embedded world, or what is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xstilts.canonical import Canonical, Example, default_columns, with_ids
from xstilts.errors import InputError
from xstilts.lock import commit_of, sources_of
from xstilts.readers import Located, read_rows
from xstilts.releases import RELEASES
from xstilts.sources import filled, local_files
from xstilts.tasks import Task
from xstilts.world import World


@dataclass(frozen=True)
class Origin:
    """The one source of a task in a run.

    Attributes:
        task: the task.
        source: the config's `data` entry of the task, if it is read from local files.
        world: the embedded world's settings, if the data come from there.
        commits: the commits at which the task's hub data sets are read.
    """

    task: Task
    source: Mapping[str, Any] | None
    world: Mapping[str, Any] | None
    commits: Mapping[str, str]

    @property
    def name(self) -> str:
        """Local files, the world, or the hub's data sets with their commits."""
        if self.source:
            return "local files"
        if self.world:
            return "embedded world"
        if self.task.files:
            return self.task.files.url
        read = ((hub, commit_of(hub, self.commits)) for hub in sources_of(self.task))
        return ", ".join(f"{hub.partition('@')[0]}@{commit}" for hub, commit in read)

    def examples(self, language: str, split: str) -> list[Example | None]:
        """Canonical examples of a split, None for a row without a label; empty if there is none.

        Raises:
            InputError: files are there and hold no row, or a row cannot be used.
        """
        if self.world and not self.source:
            from xstilts.world.examples import examples

            return list(examples(World(**self.world), self.task.name, language, split))
        entry, rows = self.source or {}, self._rows(language, split)
        columns = entry.get("columns") or default_columns(self.task, entry.get("format"), rows)
        if not self.source:  # a column of somebody's may have a brace in its name
            columns = {name: filled(column, language, split) for name, column in columns.items()}
        canonical = Canonical(self.task, columns, entry.get("labels", {}))
        return list(with_ids(map(canonical, rows), entry.get("renumber", False)))

    def _rows(self, language: str, split: str) -> list[Located]:
        if self.source:
            return _local(self.source, language, split)
        from xstilts.hub import hub_rows, published_rows

        if self.task.files:
            return published_rows(self.task.files, language) if split == "test" else []
        return list(hub_rows(self.task, language, split, self.commits))


def _local(source: Mapping[str, Any], language: str, split: str) -> list[Located]:
    """Rows of a `data` entry of the config."""
    paths = local_files(source, language, split)
    if not paths:
        return []
    if source["format"] in RELEASES:
        rows = list(RELEASES[source["format"]].rows(paths, language))
    else:
        rows = list(read_rows(paths, source["format"], source.get("lines", 1)))
    chosen = _share(rows, source.get("splits"), split)
    if not chosen:
        raise InputError(f"{paths[0]}: holds no row of split {split}")
    return chosen


def _share(rows: list[Located], shares: Mapping[str, float] | None, split: str) -> list[Located]:
    """The rows of one split where a file is divided by row number, in the order of the shares."""
    if shares is None:
        return rows
    edges = np.cumsum([0.0, *shares.values()]) / sum(shares.values())
    at = list(shares).index(split)
    first, last = (round(edge * len(rows)) for edge in edges[at : at + 2])
    return rows[first:last]
