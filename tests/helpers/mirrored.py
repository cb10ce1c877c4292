"""Tasks fetched from a mirror of the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.hub_data import CONVERTED, write_mirror
from helpers.hub_mirror import commit, serve
from helpers.study import ROOT
from xstilts.data.fetch import examples_of
from xstilts.encoder.model import Encoder, load_tokenizer
from xstilts.languages import languages_of
from xstilts.tasks import Hub, Task, tasks
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return Encoder(folder), load_tokenizer(folder)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a mirror of every hub data set that a task names."""
    root = tmp_path_factory.mktemp("mirror")
    write_mirror(root)
    with serve(root) as address:
        yield address


def is_trained(task: Task) -> bool:
    return bool(task.finetuning or task.intermediate or task.kind == "masked_lm")


def is_parallel(task: Task) -> bool:
    """Whether measures of alignment can read its texts."""
    return task.kind == "bitext" and not task.target


HUB_PARTS = [
    (task.name, part)
    for task in tasks().values()
    for part in ("train", "test")
    if any(isinstance(each, Hub) for each in task.hub)
    and (task.target or is_parallel(task) if part == "test" else is_trained(task))
]


def language(task: str, part: str) -> str:
    """English to train on; to test, Swahili where the task has it."""
    others = languages_of(task) if tasks()[task].target else ["sw"]
    return "en" if part == "train" else "sw" if "sw" in others else "de"


FETCH = """
import json, sys
from xstilts.data.fetch import fetch_task
for arguments in json.load(sys.stdin):
    fetch_task(source=None, limits={}, **arguments)
"""


@pytest.fixture(scope="session")
def mirrored(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every task's parts, read by `load_dataset` itself from the mirror, in a process of its own.

    Its address must be known before the library is imported.
    """
    folder = tmp_path_factory.mktemp("fetched")
    jobs = [
        {
            "task": task,
            "part": part,
            "languages": [language(task, part)],
            "manifest": str(folder / task / part / "manifest.json"),
            "commits": {
                f"{path}@{branch}": commit(path, branch)
                for path, branch in (("facebook/xnli", "main"), ("allenai/cosmos_qa", CONVERTED))
            },
        }
        for task, part in HUB_PARTS
    ]
    environment = {**os.environ, "HF_ENDPOINT": mirror, "HF_HOME": str(folder / "hub")}
    subprocess.run(
        [sys.executable, "-c", FETCH],
        input=json.dumps(jobs),
        env=environment,
        cwd=ROOT,
        check=True,
        text=True,
    )
    return folder


def read(mirrored: Path, name: str, part: str = "train") -> dict[str, list[dict[str, Any]]]:
    return examples_of(mirrored / name / part / "manifest.json", language(name, part))
