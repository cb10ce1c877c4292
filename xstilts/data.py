"""Canonical examples of a task's part, fetched and kept.

One Parquet table a (task, part, language); the part's manifest, written last, lists their digests,
how many unlabelled rows were dropped, and where the data came from. Part `train` is English, of
texts alone every language; part `test` is every language of a target; part `translated` is `train`
in other languages.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.canonical import KEYS, Example
from xstilts.digests import file_digest
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.origins import Origin
from xstilts.releases import POOL
from xstilts.sources import needed_splits, pools
from xstilts.tables import read_table, rows_table, write_json, write_table
from xstilts.tasks import Task, tasks

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
        part: `train`, `translated` or `test`.
        languages: which languages to fetch.
        output: the manifest to write.
        world: the embedded world's settings, if the data come from there.
        source: the config's `data` entry of the task, if it is read from local files.
        commits: the commits at which the task's hub data sets are read.
        limits: most examples of a split; evenly spaced ones are kept.
    """
    facts, manifest = tasks()[task], Path(output)
    origin = Origin(facts, source, world, commits)
    choice = _Choice(origin, part, limits)
    digests, labels = {}, list(facts.labels)
    for language in [*languages, *pools(source, facts, part)]:
        rows = choice.rows(language)
        labels = labels or _tags_of(rows)
        digests[language] = _write(manifest, facts, language, rows)
    logger.info("%s: dropped, label or answer hidden: %s", task, choice.dropped or "no row")
    provenance = {"source": origin.name, "dropped": choice.dropped}
    write_json(
        manifest,
        {"task": task, "part": part, "languages": digests, LABELS: labels, **provenance},
    )


def write_examples(
    manifest: Path, task: Task, language: str, examples: Mapping[str, list[Example]]
) -> str:
    """Write a language's examples by split beside a manifest-to-be; the digest of the file."""
    rows = [{"split": split, **each} for split, many in examples.items() for each in many]
    return _write(manifest, task, language, rows)


def _write(manifest: Path, task: Task, language: str, rows: Rows) -> str:
    path = _table(manifest, language)
    write_table(path, rows_table(rows, _schema(task)))
    return file_digest(path)


@dataclass
class _Choice:
    """The rows of a part that are kept, and how many were dropped."""

    origin: Origin
    part: str
    limits: Mapping[str, int | None]
    dropped: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # keys of the kept rows of all languages

    def rows(self, language: str) -> Rows:
        """Kept rows of all splits of a language, with the column `split`.

        Raises:
            InputError: there is none.
        """
        task = self.origin.task
        rows = [
            {"split": split, **example}
            for split in needed_splits(task, self.part)
            for example in self._split(language, split)
        ]
        if not rows:
            raise InputError(f"{task.name}, {language}: no example of {self.part} data was found")
        return rows

    def _split(self, language: str, split: str) -> Rows:
        found = self.origin.examples(language, split)
        labelled = [example for example in found if example is not None]
        place = f"{language}, {split}"
        if found and not labelled:
            raise InputError(f"{self.origin.task.name}, {place}: every label or answer is hidden")
        if len(found) > len(labelled):
            self.dropped[place] = len(found) - len(labelled)
        chosen = _evenly(labelled, self.limits.get(split))
        if self.part != "test":
            return chosen
        whole = _with_keys(labelled, chosen, self.asked if language == POOL else _keys(chosen))
        self.asked |= _keys(whole)
        return whole


def examples_of(manifest: Path, language: str) -> dict[str, list[Example]]:
    """Canonical examples of a part in a language, by split."""
    table = read_table(_table(manifest, language))
    return {split: _of_split(table, split) for split in table["split"].unique().to_pylist()}


def split_of(manifest: Path, language: str, split: str) -> list[Example]:
    """Canonical examples of one split; none if there is no such split."""
    return _of_split(read_table(_table(manifest, language)), split)


def _of_split(table: pa.Table, split: str) -> list[Example]:
    found: list[Example] = table.filter(pc.equal(table["split"], split)).drop("split").to_pylist()
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
