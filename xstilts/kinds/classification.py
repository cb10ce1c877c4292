"""Classification of a pair of texts: NLI and paraphrase.

Head as in RoBERTa and jiant: dropout, dense, tanh, dropout, linear on the first token.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from xstilts.batches import Batch
from xstilts.kinds import Asked, Examples, Scored
from xstilts.tasks import Task

COLUMNS = {"text_a": pa.string(), "text_b": pa.string(), "label": pa.int32()}
LAYER: Literal["last"] = "last"


def encode(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
) -> list[dict[str, Any]]:
    """One sequence an example: the pair, the longer text cut first."""
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


def scorer(width: int, outputs: int) -> nn.Module:
    """Dropout, dense, tanh, dropout, linear."""
    return nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(width, width),
        nn.Tanh(),
        nn.Dropout(0.1),
        nn.Linear(width, outputs),
    )


def head(width: int, labels: int) -> nn.Module:
    """One output a class."""
    return scorer(width, labels)


def loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the classes."""
    return cross_entropy(head(hidden[:, 0]), batch.column("label"))


def decode(head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
    """The most probable class of each row."""
    best: list[int] = head(hidden[:, 0]).argmax(-1).tolist()
    return best


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistic `correct`, 0 or 1."""
    gold = np.array([example["label"] for example in asked.examples])
    return Scored(
        statistics={"correct": (np.array(outputs) == gold).astype(float)},
        predictions=[asked.labels[output] for output in outputs],
    )
