"""Batches of encoded rows: several token sequences a row, padded to the longest of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Padded sequences of some rows, in row order.

    Attributes:
        input_ids: (sequences, length) token ids.
        attention_mask: (sequences, length), 1 where a token is real.
        rows: the rows, whose other columns hold labels and the like.
    """

    input_ids: Tensor
    attention_mask: Tensor
    rows: Sequence[Row]

    def to(self, device: torch.device) -> Batch:
        """The same batch with its tensors on `device`."""
        return Batch(
            input_ids=self.input_ids.to(device),
            attention_mask=self.attention_mask.to(device),
            rows=self.rows,
        )

    def column(self, name: str) -> Tensor:
        """A column of integers as a (rows,) tensor on the batch's device."""
        return torch.tensor([row[name] for row in self.rows], device=self.input_ids.device)


def pad(rows: Sequence[Row], pad_id: int) -> Batch:
    """Pad every sequence of the rows to the longest."""
    sequences = [ids for row in rows for ids in row["sequences"]]
    longest = max(len(ids) for ids in sequences)
    input_ids = np.full((len(sequences), longest), pad_id, dtype=np.int64)
    mask = np.zeros_like(input_ids)
    for at, ids in enumerate(sequences):
        input_ids[at, : len(ids)] = ids
        mask[at, : len(ids)] = 1
    return Batch(
        input_ids=torch.from_numpy(input_ids), attention_mask=torch.from_numpy(mask), rows=rows
    )


def by_length(rows: Sequence[Row], tokens: int) -> Iterator[np.ndarray]:
    """Indices of rows in batches of similar length, each within a budget of padded tokens."""
    longest = np.array([max(len(ids) for ids in row["sequences"]) for row in rows])
    count = np.array([len(row["sequences"]) for row in rows])
    order = np.argsort(longest * 1_000 + count, kind="stable")
    start, held = 0, 0
    for at, row in enumerate(order):
        held += count[row]
        if at > start and held * longest[row] > tokens:
            yield order[start:at]
            start, held = at, count[row]
    yield order[start:]
