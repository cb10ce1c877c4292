"""Rows of what is published: data sets of the hub, and files beside it.

A split is streamed: only the files that hold it are downloaded, and these only as far as the rows
that are read.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import datasets
import pyarrow as pa

from xstilts.data.columns import first_there
from xstilts.data.local_paths import format_path, matching
from xstilts.data.lock import LOCK, chosen, commit_of
from xstilts.data.realignment import MOVED, realigned
from xstilts.errors import InputError, check_name, one_line
from xstilts.io.formats import ASIDE, Located, Row, read_rows
from xstilts.tasks import Files, Hub, Task

NUMBERED = "numbers of tags taken for the task's tags, in the task's order"
TIMEOUT = 60  # seconds without an answer
BATCH = 1000  # rows that are made Python objects at once

# What to do about an error of the libraries, by the name of its class or of one above it.
REMEDIES = {
    "GatedRepoError": "accept its terms on its page, then log in: hf auth login",
    "RevisionNotFoundError": f"it is gone; delete its line in {LOCK} and run xstilts lock-data",
    "RepositoryNotFoundError": "it has moved or is private; give files of your own under data",
    "DatasetNotFoundError": "it has moved or is private; give files of your own under data",
    "TransportError": "run it again where there is network",
    "ConnectionError": "run it again where there is network",
    "TimeoutError": "run it again where there is network",
    "URLError": "run it again where there is network",
}
OTHERWISE = "run it again, and if it stays so give files of your own under data"

Batch = tuple[Mapping[str, Any], pa.Table]
"""Declared features of a data set, and some of its rows."""


def hub_rows(
    task: Task, language: str, split: str, commits: Mapping[str, str]
) -> Iterator[Located]:
    """Rows of what the task is published as, one after the other, each with its place.

    Args:
        task: the task.
        language: code of the language; data sets without languages ignore it.
        split: `train`, `dev` or `test`.
        commits: locked commits (`xstilts.data.lock`).

    Raises:
        InputError: it cannot be reached, or has no such configuration or split.
    """
    for published in task.hub:
        source = chosen(published, commits)
        if split not in source.splits:
            continue
        if isinstance(source, Files):
            yield from published_rows(source, language, split)
            continue
        matches = matching(source.only, language, split)
        for part in source.splits[split].split("+"):
            located = _set_rows(source, language, part, commit_of(source.source, commits), task)
            yield from filter(matches, located)


def _set_rows(hub: Hub, language: str, split: str, revision: str, task: Task) -> Iterator[Located]:
    """Rows of one split of a data set; any error is one line that says what to do."""
    config = hub.config and format_path(hub.config, language, split)
    place, number = f"{hub.path}, {config or 'default'}, {split}", 0
    with in_one_line(f"{place} at {revision}: cannot be read from the hub"):
        shared = config == hub.config and hub.max_rows is None  # by all languages
        read = _whole if shared else _batches
        for features, table in read(hub.path, config, split, revision, hub.max_rows):
            name = namer(task, features)
            for packed in table.to_pylist():
                for row in hub.unpacked(packed, language) if hub.unpacked else (packed,):
                    number += 1
                    yield f"{place}, row {number}", name(_in_place(row) if hub.stripped else row)


def _batches(
    path: str, config: str | None, split: str, revision: str, most: int | None
) -> Iterator[Batch]:
    builder = datasets.load_dataset_builder(path, config, revision=revision)
    files = builder.config.data_files
    check_name("split", split, files, path)
    # The library would look into the files of other splits too, for the types of columns.
    builder.config.data_files = datasets.data_files.DataFilesDict({split: files[split]})
    rows = builder.as_streaming_dataset(split=split)
    if rows.features is None:  # those that nothing declares are looked up
        rows = rows._resolve_features()
    features = rows.features
    rows = rows.take(most) if most else rows
    for table in rows.with_format("arrow").iter(batch_size=BATCH):
        for start in range(0, len(table), BATCH):
            yield features, table.slice(start, BATCH)


@lru_cache(maxsize=1)
def _whole(*data_set: Any) -> list[Batch]:
    """All batches of a data set that holds every language, so that it is read once."""
    return list(_batches(*data_set))


@contextmanager
def in_one_line(what: str) -> Iterator[None]:
    """Turn any error of a library into one line: what, why, and what to do about it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        errors: list[BaseException] = [error]
        while cause := errors[-1].__cause__ or errors[-1].__context__:
            errors.append(cause)
        why = ": ".join(dict.fromkeys(map(one_line, (errors[0], errors[-1]))))
        names = {kind.__name__ for each in errors for kind in type(each).__mro__}
        remedy = next((words for name, words in REMEDIES.items() if name in names), OTHERWISE)
        if isinstance(error, HTTPError):
            error.close()  # it is an open connection, too
        raise InputError(f"{what} ({why}); {remedy}") from error


def _in_place(row: Row) -> Row:
    moved, elsewhere = realigned(row)
    return {**moved, ASIDE: [MOVED]} if elsewhere else dict(moved)


def namer(task: Task, features: Mapping[str, Any]) -> Callable[[Row], Row]:
    """A function that turns class numbers of a row into the names that the data set declares.

    Nothing here depends on its label order. Where the task's labels are numbers (COPA's choices),
    the data set's numbers are these. Tags without declared names are in the task's order.

    Raises:
        InputError: the data set's names differ from the task's.
    """
    names: dict[str, list[str]] = {}
    aside = []
    for field in ("label", "tags"):
        column = first_there(task.columns.get(field, ""), features)
        inner = getattr(features.get(column), "feature", features.get(column))
        if isinstance(inner, datasets.ClassLabel) and task.labels[:1] != ("0",):
            if not set(task.labels) <= set(inner.names):
                classes = ", ".join(inner.names)
                raise InputError(f"{task.name}: the hub's classes of column {column} are {classes}")
            names[column] = inner.names
        elif field == "tags" and "int" in str(getattr(inner, "dtype", "")):
            names[column] = list(task.labels)
            aside.append(NUMBERED)

    def rename(row: Row) -> Row:
        values = {column: _name(row[column], declared) for column, declared in names.items()}
        return {**row, **values, **({ASIDE: aside} if aside else {})}

    return rename


def _name(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_name(each, names) for each in value]
    return names[value] if value is not None and 0 <= value < len(names) else value


def published_rows(files: Files, language: str, split: str) -> Iterator[Located]:
    """Rows of a published file.

    Raises:
        InputError: it cannot be downloaded.
    """
    url = format_path(files.url, language, files.splits[split])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "downloaded"
        with (
            in_one_line(f"{url}: cannot be downloaded"),
            urlopen(url, timeout=TIMEOUT) as answer,
            path.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
        for place, row in read_rows([path], files.format):
            yield place.replace(str(path), url), row
