"""The registry of tasks: one small file of facts each, found by walking this folder.

Ids, splits and columns are those of the Hugging Face hub; batch sizes and epochs those of Phang et
al. 2020 and of jiant's XTREME scripts. A column expression says where a canonical field comes from
(`xstilts.columns`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

# fmt: off
UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "PUNCT", "SCONJ", "SYM", "VERB", "X",
)
# fmt: on
NLI = ("entailment", "neutral", "contradiction")
SQUAD_COLUMNS = {
    "id": "id",
    "context": "context",
    "question": "question",
    "answers": "answers.text",
    "answer_starts": "answers.answer_start",
}


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Where a data set lies on the hub; `{language}` and `{iso3}` are filled in."""

    path: str
    config: str | None = None
    revision: str | None = None
    splits: Mapping[str, str] = field(
        default_factory=lambda: {"train": "train", "dev": "validation", "test": "test"}
    )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a task is trained: examples per step, passes over the data."""

    batch_size: int
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """Facts of one task.

    Attributes:
        kind: module of `xstilts.kinds` that encodes, learns and scores it.
        metric: the reported metric, a name in `xstilts.scores.METRICS`.
        chance: the reported metric's value for random answers.
        labels: class or tag names in label order.
        hub: hub data sets, concatenated; empty where the hub has none that can be used.
        columns: canonical field -> column expression over a hub row.
        values: column -> replacement of its values, before the expressions are read.
        intermediate: the schedule of phase two, for the nine intermediate tasks.
        training: the schedule of phase three, for tasks that targets train on.
        trains_on: for targets, the chain of tasks trained on in English; empty = no training.
        target: whether this is an evaluated task.
        languages: codes of languages it has beside those whose row in the table names it.
        answerable: for span QA, whether every question has an answer.
        reference: what scoring needs beside a language's test outputs: nothing, its dev split (to
            tune a threshold), or every language's test set (the pool to retrieve from).
        max_length: longest input in tokens.
    """

    name: str
    title: str
    kind: str
    metric: str
    chance: float = 0.0
    labels: tuple[str, ...] = ()
    hub: tuple[Hub, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    intermediate: Schedule | None = None
    training: Schedule | None = None
    trains_on: tuple[str, ...] = ()
    target: bool = False
    languages: tuple[str, ...] = ()
    answerable: bool = True
    reference: Literal["none", "dev", "pool"] = "none"
    licence: str = "unknown"
    max_length: int = 256

    @property
    def training_name(self) -> str:
        """The name of the training set's branch in the checkpoint tree, e.g. `siqa+copa`."""
        return "+".join(self.trains_on)


@cache
def tasks() -> dict[str, Task]:
    """Every task by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{module}").TASK for module in modules]
    return {task.name: task for task in found}


def intermediate_tasks() -> list[str]:
    """Names of the tasks that can be trained on in phase two."""
    return [task.name for task in tasks().values() if task.intermediate]


def target_tasks() -> list[str]:
    """Names of the evaluated tasks."""
    return [task.name for task in tasks().values() if task.target]
