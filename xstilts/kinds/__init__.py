"""The kinds of task. Each module holds all there is to know of its kind, and nothing else does.

Canonical columns, encoding into token ids, the head, its loss, decoding, and per-example scores: a
module of this folder *is* a `Kind`, with the functions below at module level.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xstilts.batches import Batch
from xstilts.tasks import Task

Examples = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What scoring says of each example: additive statistics and the prediction as text."""

    statistics: dict[str, np.ndarray]
    predictions: list[str]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Outputs that scoring may need beside the scored ones; which, the task says."""

    outputs: list[Any] = field(default_factory=list)
    examples: Examples = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the outputs answer: encoded rows in their order, and the examples they came from."""

    task: Task
    labels: list[str]
    rows: list[dict[str, Any]]
    examples: Examples
    reference: Reference = field(default_factory=Reference)


class Kind(Protocol):
    """The functions that a module of this folder defines."""

    COLUMNS: dict[str, pa.DataType]
    """Canonical columns beside `id` and `split`."""
    LAYER: Literal["last", "retrieval"]
    """Whether the head reads the last hidden state or the model's retrieval layer."""

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """Rows with `example` (index), `sequences` (lists of token ids) and what the loss needs."""

    def head(self, width: int, labels: int) -> nn.Module:
        """A fresh head for hidden states of this width."""

    def loss(self, head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
        """Mean training loss of a batch; `hidden` is (sequences, length, width)."""

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """One output per row of the batch."""

    def score(self, outputs: list[Any], asked: Asked) -> Scored:
        """Per-example statistics, from the outputs of every row in order."""


def kind_of(task: Task) -> Kind:
    """The module of a task's kind."""
    return cast(Kind, importlib.import_module(f"{__name__}.{task.kind}"))


def kind_names() -> list[str]:
    """Names of all kinds."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
