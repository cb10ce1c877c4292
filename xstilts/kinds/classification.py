"""Classification of a pair of texts: NLI and paraphrase.

Head as in RoBERTa and jiant: dropout, dense, tanh, dropout, linear on the first token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError, check_name
from xstilts.io.formats import read_lines
from xstilts.io.values import is_hidden, plain
from xstilts.kinds import (
    Answered,
    ClassifyingKind,
    Examples,
    Scored,
    ScoringInput,
    Statistics,
    check_counts,
    most_common,
    required,
)
from xstilts.tasks import Task

UNLABELLED = -1  # what the hub writes for a hidden label


def label_number(labels: Sequence[str], value: Any, where: str) -> int:
    """The index of a label given as its name or, where names are no numbers, as its index."""
    if is_hidden(value, labels):
        return UNLABELLED
    name = str(value)
    if name in labels:
        return list(labels).index(name)
    indices = [] if any(label.isdecimal() for label in labels) else range(len(labels))
    if name in map(str, indices):
        return int(name)
    raise InputError(f"{where}: label '{value}' is none of {', '.join(labels)}")


def scorer(width: int, outputs: int) -> nn.Module:
    """Dropout, dense, tanh, dropout, linear."""
    return nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(width, width),
        nn.Tanh(),
        nn.Dropout(0.1),
        nn.Linear(width, outputs),
    )


class Classification(ClassifyingKind):
    """Classification of a pair of texts."""

    columns = {"text_a": pa.string(), "text_b": pa.string(), "label": pa.int32()}
    reads = "first"
    paired = True
    translatable = ("text_a", "text_b")

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Turn the label into its number; False if it is hidden."""
        example["label"] = label_number(task.labels, plain(example.get("label")), where)
        return bool(example["label"] != UNLABELLED)

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One sequence per example: the pair, the longer text cut first."""
        encoded = tokenizer(
            [example["text_a"] for example in examples],
            [example["text_b"] for example in examples],
            truncation=True,
            max_length=task.max_length,
        )
        return [
            {"example": at, "sequences": [ids], "label": example["label"]}
            for at, (ids, example) in enumerate(zip(encoded["input_ids"], examples, strict=True))
        ]

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """One output per class."""
        return scorer(encoder.width, labels)

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Cross-entropy of each row's class."""
        logits = head(encoder(batch, self.reads)).float()
        return cross_entropy(logits, batch.column("label"), reduction="none")

    def classes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each row's first-token vector and class."""
        return hidden, batch.column("label")

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """The most probable class of each row."""
        return head(hidden).argmax(-1).tolist()

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistic `correct`, 0 or 1."""
        answers = [asked.labels[output] for output in outputs]
        gold = [asked.task.labels[example["label"]] for example in asked.examples]
        return Scored(
            ids=[example["id"] for example in asked.examples],
            statistics=self.compute_statistics(answers, gold, asked.task, asked.language),
            blind=self.blind(answers, gold, asked),
            predictions=answers,
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """One label per line; in gold files with more columns, the last."""
        gold = required(gold)
        answers = [str(plain(line)) for line in read_lines(predictions)]
        gold_labels = [str(plain(line.rpartition("\t")[2])) for line in read_lines(gold)]
        check_counts(predictions, answers, gold, gold_labels)
        scored = [at for at, label in enumerate(gold_labels) if not is_hidden(label, task.labels)]
        for path, labels in ((predictions, answers), (gold, gold_labels)):
            for at in scored:
                check_name("label", labels[at], task.labels, f"{path}, line {at + 1}")
        return Answered(
            answers=[answers[at] for at in scored],
            gold=[gold_labels[at] for at in scored],
            hidden=len(gold_labels) - len(scored),
        )

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistic `correct`: is the label the gold one?"""
        return {"correct": (np.array(answers) == np.array(gold)).astype(float)}

    def alike(self, gold: Sequence[Any]) -> Sequence[Any]:
        """The majority class."""
        return [most_common(gold)] * len(gold)


KIND = Classification()
