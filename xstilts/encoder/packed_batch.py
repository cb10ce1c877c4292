"""Batches without padding: the token sequences of some rows, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from xstilts.encoder.encoded_rows import EncodedExamples


@dataclass(frozen=True)
class Batch:
    """Some rows of `rows`; hidden states over its tokens are (tokens, width).

    Sequences lie shortest first, so that those of one length lie side by side. Values per
    token are in the order in which sequences lie. Values per row or sequence are in row order, and
    within a row in the order of its sequences.

    Attributes:
        rows: all rows of the split.
        indices: which of them these are.
        device: where tensors are made.
    """

    rows: EncodedExamples
    indices: np.ndarray
    device: torch.device

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def counts(self) -> np.ndarray:
        """(rows,) sequences of each row."""
        bounds = self.rows.bounds
        return bounds[self.indices + 1] - bounds[self.indices]

    @cached_property
    def _sequences(self) -> np.ndarray:
        return self.rows.sequences(self.indices)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(sequences,) tokens of each sequence."""
        return self.rows.tokens.sizes_of(self._sequences)

    @cached_property
    def _order(self) -> np.ndarray:
        """(sequences,) the sequences as they lie: shortest first."""
        return np.argsort(self.sizes, kind="stable")

    @cached_property
    def lengths(self) -> np.ndarray:
        """(sequences,) tokens of each sequence, as they lie."""
        return self.sizes[self._order]

    @cached_property
    def starts(self) -> np.ndarray:
        """(sequences,) where each sequence begins."""
        begins = np.empty_like(self.lengths)
        begins[self._order] = np.cumsum(self.lengths) - self.lengths
        return begins

    @cached_property
    def input_ids(self) -> Tensor:
        """(tokens,) token ids."""
        return self.tensor(self.rows.tokens.take(self._sequences[self._order]))

    @cached_property
    def positions(self) -> Tensor:
        """(tokens,) place of each token in its sequence, from 0."""
        begins = np.cumsum(self.lengths) - self.lengths
        return self.tensor(np.arange(self.lengths.sum()) - np.repeat(begins, self.lengths))

    def tensor(self, numbers: np.ndarray) -> Tensor:
        """Whole numbers as a tensor on the batch's device."""
        return torch.from_numpy(numbers.astype(np.int64)).to(self.device, non_blocking=True)

    def reading(self, input_ids: Tensor) -> Batch:
        """The same batch with other token ids."""
        other = replace(self)
        other.__dict__["input_ids"] = input_ids
        return other

    def column(self, name: str) -> Tensor:
        """(rows,) a column of whole numbers."""
        return self.tensor(self.rows[name][self.indices])

    def aligned(self, name: str) -> Tensor:
        """(tokens,) a column with one number per token, of rows with one sequence each."""
        return self.tensor(self.rows[name].take(self.indices[self._order]))

    def first(self, hidden: Tensor) -> Tensor:
        """(sequences, width) hidden states of the first tokens."""
        return hidden[self.tensor(self.starts)]

    def mean(self, hidden: Tensor) -> Tensor:
        """(sequences, width) means over each sequence's tokens, special tokens included."""
        lengths = self.tensor(self.lengths)
        means = torch.segment_reduce(hidden.float(), "mean", lengths=lengths, axis=0)
        return means[self.tensor(np.argsort(self._order))]

    def split(self, values: Tensor) -> list[Tensor]:
        """Values over the tokens, one tensor per sequence."""
        lying = torch.split(values, self.lengths.tolist())
        return [lying[at] for at in np.argsort(self._order)]

    def padded(self, values: Tensor, fill: float) -> Tensor:
        """(sequences, longest, ...) values over the tokens, filled up."""
        return pad_sequence(self.split(values), batch_first=True, padding_value=fill)


def by_length(rows: EncodedExamples, tokens: int) -> Iterator[np.ndarray]:
    """Indices of rows of similar length, within a budget of tokens per batch (at least one row)."""
    order = np.argsort(rows.sizes, kind="stable")
    yield from split_by_tokens(order, rows.sizes, tokens)


def split_by_tokens(indices: np.ndarray, sizes: np.ndarray, tokens: int) -> Iterator[np.ndarray]:
    """The indices in their order, cut where a budget of tokens would be exceeded."""
    start, total = 0, 0
    for at, size in enumerate(sizes[indices].tolist()):
        if at > start and total + size > tokens:
            yield indices[start:at]
            start, total = at, 0
        total += size
    if len(indices):
        yield indices[start:]
