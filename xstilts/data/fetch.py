"""Canonical examples of a task's part, fetched and kept.

One Parquet table per (task, part, language). The part's manifest, written last, lists their
digests, where the data came from, which rows of how many, what was left out or altered, and what a
reader should know of them as a whole. Part `train` is English, or every language for plain text;
part `test` is every language of a target; part `translated` is `train` in other languages.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.data.canonical import KEYS, Example
from xstilts.data.local_paths import needed_splits, pools
from xstilts.data.plausibility import Doubts, compared, fingerprints, seen_before
from xstilts.data.releases import POOL
from xstilts.data.source import Origin, Reading
from xstilts.errors import InputError
from xstilts.io.hashing import file_digest
from xstilts.io.tables import (
    WARNINGS,
    open_table,
    read_json,
    read_table,
    rows_table,
    write_json,
    write_table,
)
from xstilts.kinds import kind_of
from xstilts.tasks import Task, tasks

logger = logging.getLogger(__name__)

LABELS = "labels"  # in a manifest
SHOWN = 200  # characters of a split's first example

Rows = list[dict[str, Any]]


def fetch_task(
    *,
    task: str,
    part: str,
    languages: list[str],
    manifest: str,
    source: Mapping[str, Any] | None,
    commits: Mapping[str, str],
    limits: Mapping[str, int | None],
) -> None:
    """Write the canonical examples of a task's part.

    Args:
        task: name of the task.
        part: `train`, `translated` or `test`.
        languages: which languages to fetch.
        manifest: the manifest to write.
        source: the config's `data` entry of the task, if it is read from local files.
        commits: the commits at which the task's hub data sets are read.
        limits: most examples of a split; evenly spaced ones are kept.
    """
    facts, path = tasks()[task], Path(manifest)
    origin = Origin(facts, source, commits)
    choice = _Choice(origin, part, limits)
    digests, labels = {}, list(facts.labels)
    doubts = Doubts(facts)
    for language in [*languages, *pools(source, facts, part)]:
        rows = choice.rows(language)
        trained = (row for row in rows if row["split"] == "train")
        labels = labels or sorted({tag for row in trained for tag in row.get("tags", ())})
        digests[language] = _write(path, facts, language, rows)
        if language != POOL:
            doubts.look_at(language, rows)
    warnings = [*choice.warnings, *doubts.told()]
    for warning in warnings:
        logger.warning(warning)
    write_json(
        path,
        {
            "task": task,
            "part": part,
            "languages": digests,
            LABELS: labels,
            "source": origin.name(part),
            "dropped": choice.dropped,
            "aside": choice.aside,
            "read": choice.read,
            WARNINGS: warnings,
        },
    )


def check_recipes(*, trained: list[str], tested: list[str], leaks: str) -> None:
    """Look for the test texts of every target in what recipes of phase two train on.

    Args:
        trained: data manifests of training sets.
        tested: data manifests of test sets.
        leaks: the manifest to write: its warnings.

    Raises:
        InputError: half of a test set or more was trained on.
    """
    warnings = [each for path in tested for each in find_leaks(Path(path), trained)]
    write_json(Path(leaks), {"task": "", WARNINGS: warnings})


def find_leaks(tested: Path, trained: Sequence[str]) -> list[str]:
    """Warnings for test texts of a data manifest that are in the training sets of others.

    Only tasks of one kind are compared: an NLI pair is no question.

    Raises:
        InputError: half of a test set or more was trained on.
    """
    content = read_json(tested)
    target = tasks()[content["task"]]
    prints = {
        f"the training set of {task.name}": _training_prints(Path(path))
        for path in trained
        for task in [tasks()[read_json(Path(path))["task"]]]
        if task.kind == target.kind
    }
    warnings = []
    for language in content["languages"] if prints else ():
        mine = fingerprints(target, _compared_rows(target, tested, language, "test"))
        warnings += list(seen_before(f"{target.name}, {language}, test", mine, prints))
    for warning in warnings:
        logger.warning(warning)
    return warnings


@lru_cache(maxsize=64)
def _training_prints(manifest: Path) -> np.ndarray:
    """Fingerprints of the training examples in all languages."""
    content = read_json(manifest)
    task = tasks()[content["task"]]
    rows = (_compared_rows(task, manifest, each, "train") for each in content["languages"])
    return fingerprints(task, chain.from_iterable(rows))


def _compared_rows(task: Task, manifest: Path, language: str, split: str) -> Iterator[Example]:
    """What tells the examples of a split apart, few rows at a time: there may be a million."""
    file = open_table(_table(manifest, language))
    for batch in file.iter_batches(columns=["split", *compared(task)]):
        yield from (row for row in batch.to_pylist() if row["split"] == split)


def write_examples(
    manifest: Path, task: Task, language: str, examples: Mapping[str, list[Example]]
) -> str:
    """Write a language's examples by split beside a manifest-to-be; the digest of the file."""
    rows = [{"split": split, **each} for split, many in examples.items() for each in many]
    return _write(manifest, task, language, rows)


def _write(manifest: Path, task: Task, language: str, rows: Rows) -> str:
    path = _table(manifest, language)
    columns = {"split": pa.string(), "id": pa.string(), **kind_of(task).columns}
    write_table(path, rows_table(rows, pa.schema(list(columns.items()))))
    return file_digest(path)


@dataclass
class _Choice:
    """The rows of a part that are kept, and what is said of the others, by language and split."""

    origin: Origin
    part: str
    limits: Mapping[str, int | None]
    dropped: dict[str, int] = field(default_factory=dict)  # label or answer hidden
    aside: dict[str, dict[str, int]] = field(default_factory=dict)  # rows something was done to
    read: dict[str, dict[str, Any]] = field(default_factory=dict)  # which rows of how many
    warnings: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)  # keys of the kept rows of all languages

    def rows(self, language: str) -> Rows:
        """Kept rows of all splits of a language, with the column `split`.

        Raises:
            InputError: there is none.
        """
        task = self.origin.task
        rows = []
        for split in needed_splits(task, self.part):
            for example in self._split(language, split):
                example["split"] = split  # in place: there may be a million rows
                rows.append(example)
        if not rows:
            raise InputError(f"{task.name}, {language}: no example of {self.part} data was found")
        return rows

    def _split(self, language: str, split: str) -> Rows:
        reading = self.origin.read(language, split)
        examples, name, place = reading.examples, self.origin.task.name, f"{language}, {split}"
        labelled = [example for example in examples if example is not None]
        if examples and not labelled:
            raise InputError(f"{name}, {place}: every label or answer is hidden")
        if len(examples) > len(labelled):
            self.dropped[place] = len(examples) - len(labelled)
        if reading.aside:
            self.aside[place] = dict(reading.aside)
        if reading.unused:
            unused = ", ".join(reading.unused)
            self.warnings.append(f"{name}, {place}: labels: no row has {unused}")
        rows = self._chosen(labelled, language, split)
        if examples:
            self._say(place, reading, rows)
        return rows

    def _chosen(self, labelled: Rows, language: str, split: str) -> Rows:
        rows = _evenly(labelled, self.limits.get(split))
        if self.part != "test":
            return rows
        keys = self.asked if language == POOL else _keys(rows)
        names = {row["id"] for row in rows}
        rows = [  # a query keeps its answers
            row for row in labelled if row["id"] in names or not keys.isdisjoint(row.get(KEYS, ()))
        ]
        self.asked |= _keys(rows)
        return rows

    def _say(self, place: str, reading: Reading, rows: Rows) -> None:
        """What was read, in the manifest and the log: from where, which rows, the first."""
        share = {"share": reading.share} if reading.share else {}
        first = {name: value for name, value in rows[0].items() if name != KEYS}
        preview = json.dumps(first, ensure_ascii=False)[:SHOWN]
        counts = {"rows": reading.rows, **share, "kept": len(rows), "first": preview}
        self.read[place] = {"from": reading.place, **counts}
        hidden, aside = self.dropped.get(place, 0), self.aside.get(place, {})
        logger.info("%s: %s; hidden: %d; %s", place, self.read[place], hidden, aside or "as it was")


def examples_of(manifest: Path, language: str) -> dict[str, list[Example]]:
    """Canonical examples of a part in a language, by split."""
    table = read_table(_table(manifest, language))
    return {split: _of_split(table, split) for split in table["split"].unique().to_pylist()}


def split_of(manifest: Path, language: str, split: str) -> list[Example]:
    """Canonical examples of one split; none if there is no such split."""
    return _of_split(read_table(_table(manifest, language)), split)


def _of_split(table: pa.Table, split: str) -> list[Example]:
    return table.filter(pc.equal(table["split"], split)).drop("split").to_pylist()


def _table(manifest: Path, language: str) -> Path:
    return manifest.parent / f"language={language}" / "examples.parquet"


def _evenly(rows: Rows, limit: int | None) -> Rows:
    """At most `limit` rows, evenly spaced, so that parallel data stay parallel."""
    if limit is None or len(rows) <= limit:
        return rows
    return [rows[at] for at in np.linspace(0, len(rows) - 1, limit).round().astype(int)]


def _keys(rows: Rows) -> set[str]:
    return {key for row in rows for key in row.get(KEYS, ())}
