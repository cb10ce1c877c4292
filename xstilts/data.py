"""Canonical examples of a task: from the embedded world, from local files, or from the hub.

One Parquet table a (task, part, language); the part's manifest, written last, lists their digests.
Part `train` is English; part `test` is every language of a target.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.columns import read_column
from xstilts.digests import file_digest
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.readers import read_rows
from xstilts.sources import iso3, local_files, needed_splits
from xstilts.tables import read_table, rows_table, write_json, write_table
from xstilts.tasks import Hub, Task, tasks
from xstilts.world import World

logger = logging.getLogger(__name__)

LABELS = "labels"
UNLABELLED = -1  # what the hub writes for a hidden label

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
        limits: most examples of a split; evenly spaced ones are kept.
    """
    facts, manifest = tasks()[task], Path(output)
    digests, labels = {}, list(facts.labels)
    for language in languages:
        rows: Rows = []
        for split in needed_splits(facts, part):
            if source:
                found = list(_local(facts, source, language, split))
            elif world:
                found = _invented(facts, World(**world), language, split)
            else:
                found = list(_hub(facts, language, split))
            chosen = _evenly(found, limits.get(split))
            rows += [{"split": split, **example} for example in _distinct_ids(chosen)]
        if not rows:
            raise InputError(f"{task}, {language}: no example of {part} data was found")
        labels = labels or sorted({tag for row in rows for tag in row.get("tags", ())})
        path = _table(manifest, language)
        write_table(path, rows_table(rows, _schema(facts)))
        digests[language] = file_digest(path)
    write_json(manifest, {"task": task, "part": part, "languages": digests, LABELS: labels})


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
    """At most `limit` rows, evenly spaced, so that parallel data stay parallel."""
    if limit is None or len(rows) <= limit:
        return rows
    return [rows[at] for at in np.linspace(0, len(rows) - 1, limit).round().astype(int)]


def _distinct_ids(rows: Rows) -> Iterator[Example]:
    """Give repeated ids a running number: TyDiQA's training files repeat theirs."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["id"]] += 1
        count = seen[row["id"]]
        yield row if count == 1 else {**row, "id": f"{row['id']}#{count}"}


def _invented(task: Task, world: World, language: str, split: str) -> Rows:
    from xstilts.world.examples import examples

    return examples(world, task.name, language, split)


def _hub(task: Task, language: str, split: str) -> Iterator[Example]:
    """Examples of the task's hub data sets, one after the other."""
    if not task.hub:
        raise InputError(
            f"{task.name}: the hub has no usable copy; "
            f"give local files in the config: data: {{{task.name}: {{path: ..., format: ...}}}}"
        )
    for hub in task.hub:
        if split in hub.splits:
            place = f"{hub.path}:{hub.config or ''} ({split})"
            yield from _canonical(task, _hub_rows(hub, language, split), task.columns, place)


def _hub_rows(hub: Hub, language: str, split: str) -> Iterator[dict[str, Any]]:
    from datasets import load_dataset

    config = hub.config and hub.config.format(language=language, iso3=iso3(language))
    dataset = load_dataset(hub.path, config, split=hub.splits[split], revision=hub.revision)
    yield from dataset


def _local(task: Task, source: Mapping[str, Any], language: str, split: str) -> Iterator[Example]:
    """Examples of a `data` entry of the config."""
    paths = local_files(source, language, split)
    if not paths:
        return
    rows = list(read_rows(paths, source["format"], source.get("lines", 1)))
    rows = _share(rows, source.get("splits"), split)
    columns = source.get("columns") or _default_columns(task, source["format"], rows)
    yield from _canonical(task, rows, columns, str(paths[0]), source.get("labels", {}))


def _share(rows: Rows, shares: Mapping[str, float] | None, split: str) -> Rows:
    """The rows of one split where a file is divided by row number, in the order of the shares."""
    if shares is None:
        return rows
    edges = np.cumsum([0.0, *shares.values()]) / sum(shares.values())
    at = list(shares).index(split)
    first, last = (round(edge * len(rows)) for edge in edges[at : at + 2])
    return rows[first:last]


def _default_columns(task: Task, file_format: str, rows: Rows) -> Mapping[str, str]:
    """Canonical names if the file uses them, else the hub's."""
    names = list(kind_of(task).COLUMNS)
    if file_format in ("tsv", "parallel"):
        return {name: str(at) for at, name in enumerate(names)}
    if rows and set(names) <= set(rows[0]):
        return {name: name for name in ("id", *names) if name in rows[0]}
    if not task.columns:
        raise InputError(
            f"data: {task.name}: rows need the columns {', '.join(names)}, "
            f"or say under columns where they are; found {', '.join(rows[0] if rows else ())}"
        )
    return task.columns


def _canonical(
    task: Task,
    rows: Any,
    columns: Mapping[str, str],
    place: str,
    renamed: Mapping[str, str] | None = None,
) -> Iterator[Example]:
    """Rows as canonical examples; unlabelled ones are dropped, and counted in the log."""
    dropped = 0
    for number, raw in enumerate(rows, start=1):
        where = f"{place}, row {number}"
        row = {
            **raw,
            **{
                name: new.get(raw[name], raw[name])
                for name, new in task.values.items()
                if name in raw
            },
        }
        try:
            example = {field: read_column(row, where_in) for field, where_in in columns.items()}
        except (KeyError, IndexError, TypeError) as error:
            raise InputError(f"{where}: lacks column {error}; it has {', '.join(row)}") from error
        example["id"] = str(example.get("id", number))
        if "label" in example:
            example["label"] = _label(task, example["label"], renamed or {}, where)
            if example["label"] == UNLABELLED:
                dropped += 1
                continue
        if "tags" in example:
            example["tags"] = [_tag(task, tag, where) for tag in example["tags"]]
        if "answers" in example:
            _check_answers(example, where)
        yield example
    if dropped:
        logger.info("%s: %d rows without a label dropped", place, dropped)


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


def _check_answers(example: Example, where: str) -> None:
    for text, start in zip(example["answers"], example["answer_starts"], strict=True):
        if example["context"][start : start + len(text)] != text:
            raise InputError(f"{where}: answer '{text}' is not at {start} of its context")
