"""The lock file: the commit that each hub data set and model is read at.

`xstilts lock-data`, run once where there is network, writes `data.lock.yaml`; every later run reads
the same bytes. Delete a line and run it again to follow the hub.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from xstilts.errors import InputError, one_line
from xstilts.io.tables import atomic
from xstilts.models import MODELS, Model, is_hub_id
from xstilts.tasks import Files, Hub, Task, tasks

LOCK = Path("data.lock.yaml")
HEADER = (
    "# Written by `xstilts lock-data`: the commit that each hub data set and model is read at.\n"
)

Commits = dict[str, str]
"""Commits by `path@branch`."""


def read_lock() -> Commits:
    """The locked commits; none without the file.

    Raises:
        InputError: the file holds something else than commits.
    """
    try:
        content = yaml.safe_load(LOCK.read_text(encoding="utf-8")) if LOCK.is_file() else None
    except yaml.YAMLError as error:
        raise InputError(f"{LOCK}: not YAML ({one_line(error)})") from error
    if not isinstance(content or {}, dict):
        raise InputError(f"{LOCK}: not a mapping from data set to commit")
    for name, commit in (content or {}).items():
        if not _is_commit(commit):
            raise InputError(f"{LOCK}: {name}: '{commit}' is not a commit (40 hexadecimal digits)")
    return content or {}


def _is_commit(text: object) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", str(text)) is not None


def chain(published: Hub | Files) -> Iterator[Hub | Files]:
    """A data set, then those that hold the same rows, in the order in which they are asked for."""
    source: Hub | Files | None = published
    while source is not None:
        yield source
        source = source.instead if isinstance(source, Hub) else None


def sources_of(task: Task, commits: Mapping[str, str]) -> list[str]:
    """What the lock calls the hub data sets that a task is read from."""
    published = [chosen(each, commits) for each in task.hub]
    return list(dict.fromkeys(each.source for each in published if isinstance(each, Hub)))


def chosen(published: Hub | Files, commits: Mapping[str, str]) -> Hub | Files:
    """What is read: the first of a chain that is locked, or that names its commit itself.

    So `xstilts lock-data`, run where the hub can be asked, decides which one it is.
    """
    fixed = (each for each in chain(published) if isinstance(each, Files) or each.source in commits)
    return next(fixed, published)


def source_of(model: Model) -> str | None:
    """What the lock calls a model of the hub; None for a model of a folder."""
    return f"{model.path}@{model.revision}" if is_hub_id(model.path) else None


def commit_of(source: str, commits: Mapping[str, str]) -> str:
    """The commit to read, or the branch itself where it is not locked."""
    branch = source.rpartition("@")[2]
    return commits.get(source, branch)


def check_locked(sources: list[str], commits: Commits) -> None:
    """Raise unless a commit is known for each."""
    for source in sources:
        if source not in commits and not _is_commit(source.rpartition("@")[2]):
            raise InputError(
                f"config: {source} has no commit in {LOCK}, so it could change between runs; "
                "run `xstilts lock-data` once where there is network (a model of model_table names "
                "its commit itself: revision), or set allow_unlocked: true"
            )


def lock_data() -> Iterator[str]:
    """Ask the hub for each commit that the lock lacks, and write it at once; one line per commit.

    If the hub no longer has a data set, one that holds the same rows is asked for.

    Raises:
        InputError: some could not be had.
    """
    commits, failed = read_lock(), []
    for name, alternatives in sorted(_requests().items()):
        if any(source in commits for source, _ in alternatives):
            continue
        for source, ask in alternatives:
            try:
                yield f"{source}: {_lock(source, ask, commits)}"
                break
            except Exception as error:  # gone, gated, no network: others are still worth asking
                yield f"{source}: {one_line(error)}"
        else:
            failed.append(name)
    yield f"{len(commits)} commits in {LOCK}"
    if failed:
        raise InputError(f"no commit for {', '.join(failed)}; run the command again")


def _requests() -> dict[str, list[tuple[str, Callable[..., Any]]]]:
    """By the name of a model or data set: what to ask for, of whom; the first choice first."""
    from huggingface_hub import HfApi

    api = HfApi()
    models = {name: [(name, api.model_info)] for row in MODELS.values() if (name := source_of(row))}
    hubs = [hub for task in tasks().values() for hub in task.hub if isinstance(hub, Hub)]
    return models | {
        hub.source: [
            (each.source if isinstance(each, Hub) else each.url, api.dataset_info)
            for each in chain(hub)
        ]
        for hub in hubs
    }


def _lock(source: str, ask: Callable[..., Any], commits: Commits) -> str:
    """Ask for a commit and write it; an address that names its commit needs no asking."""
    if "://" in source:
        return "read in its place"
    path, _, branch = source.rpartition("@")
    commits[source] = str(ask(path, revision=branch).sha)
    with atomic(LOCK) as temporary:
        temporary.write_text(HEADER + yaml.safe_dump(commits), encoding="utf-8")
    return commits[source]
