"""Canonical examples of a task: from the embedded world, from local files, or from the hub.

One Parquet table a (task, part, language); the part's manifest, written last, lists their digests,
how many unlabelled rows were dropped, and where the data came from. Part `train` is English; part
`test` is every language of a target.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.columns import read_column
from xstilts.digests import file_digest
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.readers import Located, read_rows
from xstilts.releases import RELEASES
from xstilts.sources import local_files, needed_splits, pools
from xstilts.tables import read_table, rows_table, write_json, write_table
from xstilts.tasks import Task, tasks
from xstilts.world import World

logger = logging.getLogger(__name__)

LABELS = "labels"
UNLABELLED = -1  # what the hub writes for a hidden label
SIDES = {"source", "target"}  # of translations, which some copies end with a line end
KEYS = "keys"  # of retrieval kinds: a row may leave it out, its key is then its id

Example = dict[str, Any]
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
    for language in [*languages, *pools(source, facts, part)]:
        rows: Rows = []
        for split in needed_splits(facts, part):
            found = origin.examples(language, split)
            dropped[f"{language}, {split}"] = found.count(None)
            labelled = [example for example in found if example is not None]
            if found and not labelled:
                raise InputError(f"{task}, {language}, {split}: every label is hidden")
            chosen = _evenly(labelled, limits.get(split))
            rows += [{"split": split, **example} for example in chosen]
        if not rows:
            raise InputError(f"{task}, {language}: no example of {part} data was found")
        labels = labels or sorted({tag for row in rows for tag in row.get("tags", ())})
        path = _table(manifest, language)
        write_table(path, rows_table(rows, _schema(facts)))
        digests[language] = file_digest(path)
    content = {"task": task, "part": part, "languages": digests, LABELS: labels}
    unlabelled = {place: count for place, count in dropped.items() if count}
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


def _evenly(rows: Rows, limit: int | None) -> Rows:
    """`limit` rows, evenly spaced, so that parallel data stay parallel.

    Rows that share a key with one of them are kept too: a query keeps its answers.
    """
    if limit is None or len(rows) <= limit:
        return rows
    chosen = set(np.linspace(0, len(rows) - 1, limit).round().astype(int))
    keys = {key for at in chosen for key in rows[at].get(KEYS, ())}
    return [
        row for at, row in enumerate(rows) if at in chosen or not keys.isdisjoint(row.get(KEYS, ()))
    ]


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
        hubs = (f"{hub.path}@{hub.revision}" for hub in self.task.hub)
        return ", ".join(f"{hub.partition('@')[0]}@{self.commits.get(hub, 'main')}" for hub in hubs)

    def examples(self, language: str, split: str) -> list[Example | None]:
        """Canonical examples of a split, None for a row without a label; empty if there is none.

        Raises:
            InputError: files are there and hold no row, or a row cannot be used.
        """
        if self.world and not self.source:
            from xstilts.world.examples import examples

            return list(examples(World(**self.world), self.task.name, language, split))
        entry, rows = self.source or {}, self._rows(language, split)
        columns = entry.get("columns") or _default_columns(self.task, entry.get("format"), rows)
        canonical = _Canonical(self.task, columns, entry.get("labels", {}))
        return list(_with_ids(map(canonical, rows), entry.get("renumber", False)))

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


def _default_columns(task: Task, file_format: str | None, rows: list[Located]) -> Mapping[str, str]:
    """Canonical names if the rows use them, else the hub's."""
    names = [name for name in kind_of(task).COLUMNS if name != KEYS]
    if file_format in ("tsv", "parallel"):
        return {name: str(at) for at, name in enumerate(names)}
    if rows and set(names) <= set(rows[0][1]):
        return {name: name for name in ("id", *names, KEYS) if name in rows[0][1]}
    return task.columns or {name: name for name in names}


@dataclass(frozen=True)
class _Canonical:
    """Turns a row of somebody's data into a canonical example, or None if its label is hidden."""

    task: Task
    columns: Mapping[str, str]
    renamed: Mapping[str, str]

    def __call__(self, located: Located) -> tuple[str, Example | None]:
        where, raw = located
        values = {
            name: new.get(raw[name], raw[name])
            for name, new in self.task.values.items()
            if name in raw
        }
        row = {**raw, **values}
        try:
            row |= self.task.derived(row) if self.task.derived else {}
            example = {field: read_column(row, column) for field, column in self.columns.items()}
        except (KeyError, IndexError, TypeError) as error:
            raise InputError(f"{where}: lacks column {error}; it has {', '.join(row)}") from error
        if "label" in example:
            example["label"] = _label(self.task, example["label"], self.renamed, where)
            if example["label"] == UNLABELLED:
                return where, None
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


def _with_ids(
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
