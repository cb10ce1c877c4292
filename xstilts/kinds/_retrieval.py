"""Two texts per example that meet as unit vectors: what the retrieval kinds share.

Either side may be missing: a sentence without translation, a candidate that answers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import device
from xstilts.encoder.packed_batch import Batch
from xstilts.kinds import Examples

MOST_COSINES = 2**28  # held at once, 1 GiB


def encode_sides(
    examples: Examples, sides: tuple[str, str], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[dict[str, Any]]:
    """One row per example: token ids of the sides it has, and which (0, 1) they are."""
    rows: list[dict[str, Any]] = [
        {"example": at, "sequences": [], "sides": []} for at in range(len(examples))
    ]
    for side, name in enumerate(sides):
        having = [at for at, example in enumerate(examples) if example[name] is not None]
        texts = [examples[at][name] for at in having]
        encoded = tokenizer(texts, truncation=True, max_length=max_length) if texts else {}
        for at, ids in zip(having, encoded.get("input_ids", ()), strict=True):
            rows[at]["sequences"].append(ids)
            rows[at]["sides"].append(side)
    return rows


def unit_vectors(hidden: Tensor, batch: Batch) -> Tensor:
    """(sequences, width) mean-pooled vectors of length one, special tokens included."""
    return normalize(batch.mean(hidden), dim=-1)


def decode_sides(hidden: Tensor, batch: Batch) -> list[Any]:
    """The unit vectors of each row's two sides, (width,) each; None for a missing side."""
    vectors = iter(unit_vectors(hidden, batch).float().cpu().numpy())
    sides = batch.rows["sides"]
    return [
        [next(vectors) if side in sides[row] else None for side in (0, 1)] for row in batch.indices
    ]


def stack_side(outputs: Sequence[Any], side: int) -> np.ndarray:
    """(rows, width) vectors of one side of rows that all have it."""
    return np.stack([output[side] for output in outputs])


def nearest(queries: np.ndarray, pool: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and rows of the k nearest pool vectors of each query, best first, both (n, k).

    Exact, in blocks of queries, on the GPU where there is one: pools of a million fit. All vectors
    have length one; k is at most the size of the pool.
    """
    columns = torch.from_numpy(pool).to(device()).T
    cosines, rows = [], []
    size = max(1, MOST_COSINES // len(pool))
    for start in range(0, len(queries), size):
        block = torch.from_numpy(queries[start : start + size]).to(columns.device)
        best = (block @ columns).topk(min(k, len(pool)), dim=1)
        cosines.append(best.values.cpu().numpy())
        rows.append(best.indices.cpu().numpy())
    return np.concatenate(cosines), np.concatenate(rows)
