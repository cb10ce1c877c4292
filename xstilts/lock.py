"""The lock file: the commit that each hub data set and model is read at.

`xstilts lock-data`, run once where there is network, writes `data.lock.yaml`; every later run reads
the same bytes. Delete a line and run it again to follow the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from xstilts.errors import InputError
from xstilts.models import MODELS, Model, is_hub_id
from xstilts.tables import atomic
from xstilts.tasks import Task, tasks

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
        raise InputError(f"{LOCK}: not YAML ({error})") from error
    if not isinstance(content or {}, dict):
        raise InputError(f"{LOCK}: not a mapping from data set to commit")
    for name, commit in (content or {}).items():
        if not _is_commit(commit):
            raise InputError(f"{LOCK}: {name}: '{commit}' is not a commit (40 hexadecimal digits)")
    return content or {}


def _is_commit(text: object) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", str(text)) is not None


def sources_of(task: Task) -> list[str]:
    """What the lock calls a task's hub data sets."""
    return list(dict.fromkeys(hub.source for hub in task.hub))


def source_of(model: Model) -> str | None:
    """What the lock calls a model of the hub; None for a model of a folder or of the world."""
    if model.path is None or not is_hub_id(model.path):
        return None
    return f"{model.path}@{model.revision}"


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
    """Ask the hub for each commit that the lock lacks, and write those found; a line on each.

    Raises:
        InputError: some could not be had; the others are written.
    """
    from huggingface_hub import HfApi

    api, commits, failed = HfApi(), read_lock(), []
    datasets = {source for task in tasks().values() for source in sources_of(task)}
    models = {source for model in MODELS.values() if (source := source_of(model))}
    for source in sorted(datasets | models):
        if source in commits:
            continue
        path, _, branch = source.rpartition("@")
        ask = api.dataset_info if source in datasets else api.model_info
        try:
            commits[source] = str(ask(path, revision=branch).sha)
            yield f"{source}: {commits[source]}"
        except Exception as error:  # gone, gated, no network: the others are still worth writing
            failed.append(source)
            yield f"{source}: {str(error).strip().splitlines()[0]}"
    with atomic(LOCK) as temporary:
        temporary.write_text(
            HEADER + (yaml.safe_dump(commits) if commits else ""), encoding="utf-8"
        )
    yield f"{len(commits)} commits in {LOCK}"
    if failed:
        raise InputError(f"no commit for {', '.join(failed)}; run the command again")
