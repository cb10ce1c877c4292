"""Rows of a task's hub data sets, and of test files that are published beside the hub."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import datasets

from xstilts.errors import InputError
from xstilts.languages import languages
from xstilts.lock import commit_of
from xstilts.readers import Located, read_rows
from xstilts.sources import filled
from xstilts.tasks import Files, Hub, Task


def hub_rows(
    task: Task, language: str, split: str, commits: Mapping[str, str]
) -> Iterator[Located]:
    """Rows of the task's data sets, one after the other, each with its place.

    Args:
        task: the task.
        language: code of the language; data sets without languages ignore it.
        split: `train`, `dev` or `test`.
        commits: locked commits (`xstilts.lock`).

    Raises:
        InputError: the hub cannot be reached, or has no such configuration or split.
    """
    for hub in task.hub:
        if split not in hub.splits:
            continue
        config = hub.config and filled(hub.config, language, split)
        place = f"{hub.path}, {config or 'default'}, {hub.splits[split]}"
        revision = commit_of(hub.source, commits)
        rows = _load(hub, config, split, revision, place)
        wanted = {column: _prefix(text, language) for column, text in hub.only.items()}
        number = 0
        for row in named(rows, task):
            if all(str(row[column]).startswith(text) for column, text in wanted.items()):
                number += 1
                yield f"{place}, row {number}", row


def _load(hub: Hub, config: str | None, split: str, revision: str, place: str) -> Any:
    where = {"split": hub.splits[split], "revision": revision}
    try:
        if hub.most:
            return datasets.load_dataset(hub.path, config, streaming=True, **where).take(hub.most)
        return datasets.load_dataset(hub.path, config, **where)
    except (ValueError, RuntimeError, OSError) as error:  # the library's own messages are long
        first = str(error).strip().splitlines()[0]
        raise InputError(f"{place} at {revision}: cannot be read from the hub ({first})") from error


def _prefix(template: str, language: str) -> str:
    return template.format(name=languages()[language].name.lower())


def named(rows: Any, task: Task) -> Iterator[dict[str, Any]]:
    """Rows with class numbers turned into the names that the data set itself declares.

    Nothing here depends on its label order. Where the task's labels are numbers (COPA's choices),
    the data set's numbers are these.

    Raises:
        InputError: the data set's names are others than the task's.
    """
    names: dict[str, list[str]] = {}
    for field in ("label", "tags"):
        column = task.columns.get(field, "")
        feature = (rows.features or {}).get(column)
        inner = getattr(feature, "feature", feature)
        if not isinstance(inner, datasets.ClassLabel) or task.labels[:1] == ("0",):
            continue
        if not set(task.labels) <= set(inner.names):
            known = ", ".join(inner.names)
            raise InputError(f"{task.name}: the hub's classes of column {column} are {known}")
        names[column] = inner.names
    for row in rows:
        yield {
            column: _name(value, names[column]) if column in names else value
            for column, value in row.items()
        }


def _name(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [names[each] for each in value]
    return names[value] if value is not None and value >= 0 else value


def published_rows(files: Files, language: str) -> list[Located]:
    """Rows of a published test file.

    Raises:
        InputError: it cannot be downloaded.
    """
    url = filled(files.url, language, "test")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "downloaded"
        try:
            with urlopen(url) as answer, path.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise InputError(f"{url}: cannot be downloaded ({error})") from error
        rows = read_rows([path], files.format)
        return [(place.replace(str(path), url), row) for place, row in rows]
