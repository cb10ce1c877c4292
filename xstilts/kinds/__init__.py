"""The kinds of task. Each module holds all there is to know of its kind, and nothing else does.

Canonical columns, encoding into token ids, the head, its loss, decoding, and per-example scores.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.tasks import Task

Examples = Sequence[Mapping[str, Any]]
Statistics = dict[str, np.ndarray]
"""Additive statistics of each example, one array per name: what metrics are made of."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What scoring says of each scored example: additive statistics, the prediction as text."""

    ids: list[str]
    statistics: Statistics
    chance: float | None = None
    """The reported metric for random answers, where it depends on the data; else the task's."""
    blind: Sequence[Statistics] = ()
    """The same statistics of answers that do not look at what is asked; of English alone."""
    predictions: list[str]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Outputs that scoring may need beside the scored ones; the task says which."""

    outputs: list[Any] = field(default_factory=list)
    examples: Examples = ()


@dataclass(frozen=True, kw_only=True)
class ScoringInput:
    """What the outputs answer: encoded rows in their order, and the examples they came from."""

    task: Task
    language: str
    labels: list[str]
    rows: EncodedExamples
    examples: Examples
    reference: Reference = field(default_factory=Reference)
    blind: bool = False
    """Whether answers that do not look at what is asked are scored too."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Answers of a predictions file and the gold ones, in one order, and what is not among them.

    Attributes:
        answers: as `compute_statistics` takes them.
        gold: the same.
        missing: gold answers that the predictions say nothing to; they are scored as wrong.
        ignored: predictions for what the gold file does not have.
        empty: predictions that are there and say nothing.
        hidden: gold answers that are kept back, so that they are not scored.
    """

    answers: Any
    gold: Any
    missing: int = 0
    ignored: int = 0
    empty: int = 0
    hidden: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Those of these counts that are not zero."""
        counts = {name: getattr(self, name) for name in ("missing", "ignored", "empty", "hidden")}
        return {name: count for name, count in counts.items() if count}


class Kind(ABC):
    """How a kind of task is stored and encoded; the module of a kind has one, as `KIND`.

    Attributes:
        columns: canonical columns beside `id` and `split`.
        optional: those of which an example needs only one.
        reads: the hidden states that its head reads: the last ones, only those of first tokens, or
            those of the retrieval layer.
        paired: whether an input is a pair of texts, which some models tell apart by segment ids.
        translatable: texts that can be machine-translated: none where labels belong to words or
            characters.
    """

    columns: dict[str, pa.DataType]
    optional: frozenset[str] = frozenset()
    reads: Literal["last", "first", "retrieval"] = "last"
    paired: bool = False
    translatable: tuple[str, ...] = ()

    @abstractmethod
    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Complete a row's canonical fields in place; False if its answer is hidden.

        Args:
            example: the row, changed in place.
            task: its task.
            where: file and row, with which an error begins.

        Raises:
            InputError: a value is not allowed.
        """

    @abstractmethod
    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """Rows with `example` (index), `sequences` (lists of token ids) and what the loss needs."""

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """A head for the encoder's hidden states, as it is before training; by default none."""
        return nn.Identity()


class TrainedKind(Kind):
    """A kind that can be trained on.

    Attributes:
        divisible: whether a batch's loss is that of its parts: not where rows are compared with
            each other.
    """

    divisible: bool = True

    @abstractmethod
    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """(units,) training losses, of rows or of tokens."""


class EvaluatedKind(Kind):
    """A kind that can be scored."""

    @abstractmethod
    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """One output per row of a batch.

        Args:
            head: the task's head.
            hidden: (tokens, width) or (sequences, width) hidden states, as `reads` says.
            batch: what was read.
        """

    @abstractmethod
    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistics per example, from the outputs of every row in order."""

    @abstractmethod
    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """Answers and gold answers of files in the official scorer's format.

        Raises:
            InputError: a file is in another format, or they have nothing in common.
        """

    @abstractmethod
    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Additive statistics per example, of which metrics are made (`evaluation.metrics`).

        Args:
            answers: as they come from `read_files` or from `score`, one per example.
            gold: the right ones, in the same order.
            task: whose rules of comparison are used.
            language: whose words, articles and punctuation count.
        """

    def alike(self, gold: Sequence[Any]) -> Sequence[Any]:
        """The answer that is right most often, to every example; none if answers are not shared."""
        return []

    def blind(
        self, answers: Sequence[Any], gold: Sequence[Any], asked: ScoringInput
    ) -> list[Statistics]:
        """Statistics of answers that do not look at what is asked, if they are wanted.

        Every example is answered as the one half of the examples away was, or all are alike.
        """
        if not asked.blind:
            return []
        half = len(answers) // 2
        others = [*answers[half:], *answers[:half]] if half else []
        return [
            self.compute_statistics(each, gold, asked.task, asked.language)
            for each in (others, self.alike(gold))
            if len(each)
        ]


class ClassifyingKind(TrainedKind, EvaluatedKind):
    """A kind whose head tells classes apart, of texts, choices or words."""

    @abstractmethod
    def classes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(units, width) vectors of what is classified in a batch, and (units,) their classes."""


def most_common(answers: Iterable[Any]) -> Any:
    """The one that is there most often; of several, the first."""
    return Counter(answers).most_common(1)[0][0]


def required(gold: Path | None) -> Path:
    """The gold file, where a kind cannot do without it."""
    if gold is None:
        raise InputError("--gold FILE is needed: the gold answers in the predictions' order")
    return gold


def check_common(predictions: Path, gold: Path, common: int, what: str) -> None:
    """Raise if predictions and gold answers are of different things altogether."""
    if not common:
        raise InputError(f"{predictions}: none of its {what} is in {gold}: is it of the same data?")


def check_counts(
    predictions: Path, answers: Sequence[Any], gold_file: Path, gold: Sequence[Any]
) -> None:
    """Raise unless there are as many answers as gold answers."""
    if len(answers) != len(gold):
        raise InputError(f"{predictions} holds {len(answers)} answers, {gold_file} {len(gold)}")


def kind_of(task: Task) -> Kind:
    """The kind of a task."""
    return importlib.import_module(f"{__name__}.{task.kind}").KIND


def trained_kind(task: Task) -> TrainedKind:
    """The kind of a task that is trained on.

    Raises:
        InputError: such tasks are only scored.
    """
    kind = kind_of(task)
    if not isinstance(kind, TrainedKind):
        raise InputError(f"{task.name} is only scored: it has no training")
    return kind


def evaluated_kind(task: Task) -> EvaluatedKind:
    """The kind of a task that is scored.

    Raises:
        InputError: such tasks are only learned from.
    """
    kind = kind_of(task)
    if not isinstance(kind, EvaluatedKind):
        raise InputError(f"{task.name} is learned from only: it has no scores")
    return kind


def kind_names() -> list[str]:
    """Names of all kinds."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in names if not name.startswith("_"))
