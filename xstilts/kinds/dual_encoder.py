"""Dual-encoder retrieval: a question and its answer meet as mean-pooled unit vectors.

Trained with in-batch negatives: softmax over scaled cosines to the batch's candidates. Scored
against the candidates of all the target's languages together (LAReQA's multilingual pool): a
candidate is right if its `key` is the query's.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from transformers import PreTrainedTokenizerBase

from xstilts.batches import Batch
from xstilts.encoder import mean_pool
from xstilts.kinds import Asked, Examples, Scored
from xstilts.tasks import Task

COLUMNS = {"key": pa.string(), "query": pa.string(), "candidate": pa.string()}
LAYER: Literal["last"] = "last"
CUT_OFF = 20
FIRST_SCALE = 100.0  # of the cosines, learned from there, as in XTREME-R's dual encoder


class Scale(nn.Module):
    """The learned factor on cosines."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(FIRST_SCALE))

    def forward(self, vectors: Tensor) -> Tensor:
        """The vectors, scaled."""
        return self.scale * vectors


def encode(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
) -> list[dict[str, Any]]:
    """Two sequences an example: query and candidate."""
    sides = [
        tokenizer(
            [example[side] for example in examples], truncation=True, max_length=task.max_length
        )["input_ids"]
        for side in ("query", "candidate")
    ]
    return [
        {"example": at, "sequences": list(pair)} for at, pair in enumerate(zip(*sides, strict=True))
    ]


def head(width: int, labels: int) -> nn.Module:
    """The scale of the cosines."""
    return Scale()


def loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of each query over all candidates of the batch."""
    vectors = _vectors(hidden, batch)
    logits = head(vectors[:, 0]) @ vectors[:, 1].T
    return cross_entropy(logits, torch.arange(len(logits), device=logits.device))


def decode(head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
    """(2, width) unit vectors of each row: query and candidate."""
    return list(_vectors(hidden, batch).cpu().numpy())


def _vectors(hidden: Tensor, batch: Batch) -> Tensor:
    vectors = normalize(mean_pool(hidden, batch.attention_mask), dim=-1)
    return vectors.view(len(batch.rows), 2, -1)


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistics `reciprocal_rank` and `average_precision`, both cut off at rank 20.

    Average precision divides by min(right candidates, 20), as XTREME-R's LAReQA scorer does.
    """
    pool = np.stack([output[1] for output in asked.reference.outputs])
    keys = np.array([example["key"] for example in asked.reference.examples])
    cosine = np.stack(outputs)[:, 0] @ pool.T
    ranked = np.argsort(-cosine, axis=1, kind="stable")[:, :CUT_OFF]
    wanted = np.array([example["key"] for example in asked.examples])
    right = keys[ranked] == wanted[:, None]
    total = np.minimum((keys[None] == wanted[:, None]).sum(axis=1), CUT_OFF)
    ranks = np.arange(1, ranked.shape[1] + 1)
    return Scored(
        statistics={
            "reciprocal_rank": np.where(right.any(axis=1), 1 / (right.argmax(axis=1) + 1), 0.0),
            "average_precision": (right * right.cumsum(axis=1) / ranks).sum(axis=1) / total,
        },
        predictions=[" ".join(map(str, row)) for row in ranked],
    )
