"""The registry of tasks: one small file of facts each, found by walking this folder.

Ids, splits and columns are those of the Hugging Face hub; batch sizes and epochs those of Phang et
al. 2020 and of jiant's XTREME scripts. A column expression says where a canonical field comes from
(`xstilts.data.columns`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

# fmt: off
UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "PUNCT", "SCONJ", "SYM", "VERB", "X",
)
# fmt: on
Phase = Literal["intermediate", "finetuning"]
Preset = Literal["study", "xtreme"]
NLI = ("entailment", "neutral", "contradiction")
SQUAD_COLUMNS = {
    "id": "id",
    "context": "context",
    "question": "question",
    "answers": "answers.text",
    "answer_starts": "answers.answer_start",
}


SPLITS = {"train": "train", "dev": "validation", "test": "test"}


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files published outside the hub; the address itself names a commit.

    Attributes:
        url: address; `{language}`, `{iso3}` and `{split}` are filled in.
        format: how they are written, as in a `data` entry of the config.
        splits: the files' name of each split that there is.
    """

    url: str
    format: str
    splits: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Where a data set lies on the hub.

    Attributes:
        path: `organisation/name`.
        config: its configuration; `{language}` and `{iso3}` are filled in.
        revision: the branch to read, where it is not the main one. The commit that a run reads it
            at stands in data.lock.yaml (`xstilts.data.lock`).
        splits: the hub's name of each split that it has.
        only: column -> pattern of its values in the rows that are read, as of file names;
            `{language}`, `{iso3}` and `{name}` (in English, lower case) are filled in.
        max_rows: rows that are read of a split, the first ones; None: all.
        stripped: whether its contexts lost the space at their ends while `answer_start` stayed.
        unpacked: the rows that one of the hub's holds, where it packs many; with the language.
        instead: where the same rows lie if the hub has the data set no more.
    """

    path: str
    config: str | None = None
    revision: str = "main"
    splits: Mapping[str, str] = field(default_factory=lambda: SPLITS)
    only: Mapping[str, str] = field(default_factory=dict)
    max_rows: int | None = None
    stripped: bool = False
    unpacked: Callable[[Mapping[str, Any], str], Iterator[dict[str, Any]]] | None = None
    instead: Hub | Files | None = None

    @property
    def source(self) -> str:
        """What the lock file calls it: `path@revision`."""
        return f"{self.path}@{self.revision}"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a task is trained; what is not given is as in Phang et al. 2020 (jiant's scripts).

    Attributes:
        batch_size: examples a step.
        epochs: passes over the data.
        learning_rate: peak, after a linear warm-up and before a linear decay to zero.
        warmup_fraction: share of the steps that warm up.
        warmup_steps: their number, where it is fixed.
        weight_decay: AdamW's.
        keep: the weights of the best English dev score, or the last ones.
        max_length: longest input in tokens, where shorter than the task's own.
    """

    batch_size: int
    epochs: int
    learning_rate: float = 1e-5
    warmup_fraction: float = 0.1
    warmup_steps: int | None = None
    weight_decay: float = 0.0
    keep: Literal["best", "last"] = "best"
    max_length: int | None = None


# Of XTREME's scripts for XLM-R Large; where only one task has a schedule, it stands with the task.
XTREME_QA = Schedule(
    batch_size=32,
    epochs=3,
    learning_rate=3e-5,
    warmup_steps=500,
    weight_decay=1e-4,
    keep="last",
)
XTREME_TAGGING = Schedule(
    batch_size=32, epochs=10, learning_rate=2e-5, warmup_fraction=0.0, max_length=128
)
XTREME_CHOICE = Schedule(batch_size=32, epochs=5, learning_rate=3e-5, warmup_fraction=0.0)


@dataclass(frozen=True, kw_only=True)
class Task:
    """Facts of one task.

    Attributes:
        kind: module of `xstilts.kinds` that encodes, learns and scores it.
        metric: the reported metric, a name in `xstilts.evaluation.metrics.METRICS`; empty for
            texts alone.
        chance: the reported metric's value for random answers.
        labels: class or tag names in label order.
        hub: where it is published: hub data sets and files, concatenated; empty where nothing is
            that can be used.
        manual_download: where it is not published whole: what to get, where, and how to name it in
            the config.
        columns: canonical field -> column expression over a row of what is published.
        values: column -> replacement of its values, before the expressions are read.
        derived: further columns computed from a row, before the expressions are read.
        intermediate: the schedule of phase two, for the nine intermediate tasks.
        finetuning: the schedule of phase three, for tasks that targets train on.
        xtreme: that of XTREME's and XTREME-R's scripts for XLM-R Large, in its place.
        trains_on: for targets, the chain of tasks trained on in English; empty = no training.
        target: whether this is an evaluated task.
        shared_examples: for targets, whether the test sets are translations of each other, in which
            an example has the same id (or the same place) in every language.
        languages: codes of languages it has beside those whose row in the table names it.
        answerable: for span QA, whether every question has an answer.
        answer_rules: for span QA, how answers are compared (`xstilts.kinds._qa_metrics`).
        needs: what scoring needs beside a language's test outputs: nothing, its dev split (to
            tune a threshold), or every language's test set (the pool to retrieve from).
        multilingual: whether its training data are in every language, not in English.
        includes: names of tasks whose training data are part of its own.
        max_length: longest input in tokens.
        licence: of the data; `unknown` where nobody says.
        citation: the paper that introduced it.
    """

    name: str
    title: str
    kind: str
    metric: str
    chance: float = 0.0
    labels: tuple[str, ...] = ()
    hub: tuple[Hub | Files, ...] = ()
    manual_download: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    derived: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    intermediate: Schedule | None = None
    finetuning: Schedule | None = None
    xtreme: Schedule | None = None
    trains_on: tuple[str, ...] = ()
    target: bool = False
    shared_examples: bool = False
    languages: tuple[str, ...] = ()
    answerable: bool = True
    answer_rules: Literal["squad", "mlqa"] = "squad"
    needs: Literal["none", "dev", "pool"] = "none"
    multilingual: bool = False
    includes: tuple[str, ...] = ()
    max_length: int = 256
    licence: str = "unknown"
    citation: str = ""

    @property
    def training_name(self) -> str:
        """The name of the training set's branch in the checkpoint tree, e.g. `siqa+copa`."""
        return "+".join(self.trains_on)

    @property
    def data_sets(self) -> list[str]:
        """The data sets that it trains on: hub ids with their configurations, else its name."""
        sets = [hub for hub in self.hub if isinstance(hub, Hub)]
        own = [f"{hub.path}/{hub.config or ''}" for hub in sets] or [self.name]
        return [*own, *(each for name in self.includes for each in tasks()[name].data_sets)]

    def schedule(self, phase: Phase, preset: Preset) -> Schedule | None:
        """How the task is trained in a phase; of phase two, which XTREME lacks, the study's."""
        if phase == "intermediate":
            return self.intermediate
        return self.xtreme if preset == "xtreme" else self.finetuning


def preset_length(task: Task, preset: Preset) -> int | None:
    """The longest input that a preset allows a task, as its training or a target's says."""
    trained = tasks()[task.trains_on[-1]] if task.trains_on else task
    schedule = trained.schedule("finetuning", preset)
    return schedule.max_length if schedule else None


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
