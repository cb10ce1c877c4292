"""Bitext retrieval: for each English sentence, the nearest sentence of the other language.

Mean pooling over all tokens of the model's retrieval layer, cosine, as in XTREME's Tatoeba script.
Nothing is trained.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerBase

from xstilts.batches import Batch
from xstilts.encoder import mean_pool
from xstilts.kinds import Asked, Examples, Scored
from xstilts.tasks import Task

COLUMNS = {"source": pa.string(), "target": pa.string()}
LAYER: Literal["retrieval"] = "retrieval"


def encode(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
) -> list[dict[str, Any]]:
    """Two sequences an example: the sentence of the language, and its English translation.

    A sentence without translation (in pools to mine) has the empty text for the other side.
    """
    sides = [
        tokenizer(
            [example[side] or "" for example in examples],
            truncation=True,
            max_length=task.max_length,
        )["input_ids"]
        for side in ("source", "target")
    ]
    return [
        {"example": at, "sequences": list(pair)} for at, pair in enumerate(zip(*sides, strict=True))
    ]


def head(width: int, labels: int) -> nn.Module:
    """Nothing to learn."""
    return nn.Identity()


def loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """Bitext retrieval is evaluated only."""
    raise NotImplementedError("bitext retrieval has no training")


def decode(head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
    """(2, width) unit vectors of each row: its two sides."""
    vectors = normalize(mean_pool(hidden, batch.attention_mask), dim=-1)
    return list(vectors.view(len(batch.rows), 2, -1).cpu().numpy())


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistic `correct`: is the nearest sentence the translation?"""
    vectors = np.stack(outputs)
    nearest = (vectors[:, 1] @ vectors[:, 0].T).argmax(axis=1)
    return Scored(
        statistics={"correct": (nearest == np.arange(len(vectors))).astype(float)},
        predictions=[str(row) for row in nearest],
    )
