"""Canonical examples of a task: from the embedded world, from local files, or from the hub.

One Parquet table a (task, part, language); the part's manifest, written last, lists their digests,
how many unlabelled rows were dropped, and where the data came from. Part `train` is English; part
`test` is every language of a target.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.canonical import KEYS, Canonical, Example, default_columns, with_ids
from xstilts.digests import file_digest
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.lock import commit_of, sources_of
from xstilts.readers import Located, read_rows
from xstilts.releases import POOL, RELEASES
from xstilts.sources import local_files, needed_splits, pools
from xstilts.tables import read_table, rows_table, write_json, write_table
from xstilts.tasks import Task, tasks
from xstilts.world import World

logger = logging.getLogger(__name__)

LABELS = "labels"

Rows = list[dict[str, Any]]


def fetch_task(
    *,
    task: str,
    part: str,
    languages: list[str],
    output: str,
    world: Mapping[str, Any] | None,
    source: Mapping[str, Any] | None,
    commits: Mapping[str, str],
    limits: Mapping[str, int | None],
) -> None:
    """Write the canonical examples of a task's part.

    Args:
        task: name of the task.
        part: `train` or `test`.
        languages: which languages to fetch.
        output: the manifest to write.
        world: the embedded world's settings, if the data come from there.
        source: the config's `data` entry of the task, if it is read from local files.
        commits: the commits at which the task's hub data sets are read.
        limits: most examples of a split; evenly spaced ones are kept.
    """
    facts, manifest = tasks()[task], Path(output)
    origin = Origin(facts, source, world, commits)
    digests, dropped, labels = {}, {}, list(facts.labels)
    asked: set[str] = set()  # keys of the kept rows of all languages, for the pool's sake
    for language in [*languages, *pools(source, facts, part)]:
        rows: Rows = []
        for split in needed_splits(facts, part):
            found = origin.examples(language, split)
            labelled = [example for example in found if example is not None]
            if found and not labelled:
                raise InputError(f"{task}, {language}, {split}: every label or answer is hidden")
            dropped[f"{language}, {split}"] = len(found) - len(labelled)
            chosen = _evenly(labelled, limits.get(split))
            if part == "test":
                keys = asked if language == POOL else _keys(chosen)
                chosen = _with_keys(labelled, chosen, keys)
                asked |= _keys(chosen)
            rows += [{"split": split, **example} for example in chosen]
        if not rows:
            raise InputError(f"{task}, {language}: no example of {part} data was found")
        labels = labels or _tags_of(rows)
        path = _table(manifest, language)
        write_table(path, rows_table(rows, _schema(facts)))
        digests[language] = file_digest(path)
    content = {"task": task, "part": part, "languages": digests, LABELS: labels}
    unlabelled = {place: count for place, count in dropped.items() if count}
    logger.info("%s: rows whose label or answer is hidden, dropped: %s", task, unlabelled or "none")
    write_json(manifest, {**content, "dropped": unlabelled, "source": origin.name})


def examples_of(manifest: Path, language: str) -> dict[str, list[Example]]:
    """Canonical examples of a part in a language, by split."""
    found: dict[str, list[Example]] = {}
    for row in read_table(_table(manifest, language)).to_pylist():
        found.setdefault(row.pop("split"), []).append(row)
    return found


def _table(manifest: Path, language: str) -> Path:
    return manifest.parent / f"language={language}" / "examples.parquet"


def _schema(task: Task) -> pa.Schema:
    columns = {"split": pa.string(), "id": pa.string(), **kind_of(task).COLUMNS}
    return pa.schema(list(columns.items()))


def _tags_of(rows: Rows) -> list[str]:
    """The tags of the rows that are trained on."""
    return sorted({tag for row in rows if row["split"] == "train" for tag in row.get("tags", ())})


def _evenly(rows: Rows, limit: int | None) -> Rows:
    """At most `limit` rows, evenly spaced, so that parallel data stay parallel."""
    if limit is None or len(rows) <= limit:
        return rows
    return [rows[at] for at in np.linspace(0, len(rows) - 1, limit).round().astype(int)]


def _keys(rows: Rows) -> set[str]:
    return {key for row in rows for key in row.get(KEYS, ())}


def _with_keys(rows: Rows, chosen: Rows, keys: set[str]) -> Rows:
    """The chosen rows and those that hold one of the keys: a query keeps its answers."""
    names = {row["id"] for row in chosen}
    return [row for row in rows if row["id"] in names or not keys.isdisjoint(row.get(KEYS, ()))]


@dataclass(frozen=True)
class Origin:
    """Where a task's examples come from: local files, else the world, else what is published."""

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
