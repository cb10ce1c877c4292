"""Attention within each of many sequences that lie one after the other, without padding.

A function that transformers calls in place of its own (`AttentionInterface`). On a GPU it is flash
attention over sequences of varying length. On a CPU, predictions go through PyTorch's
`scaled_dot_product_attention`, sequences of one length together; for training, that divides a batch
too finely, and sequences of similar length are padded, here and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel

from xstilts.encoder.cpu_dropout import dropout_mask

PACKED = "xstilts_packed"
SLACK = 1.5  # most query-key products of a group, relative to the real ones


@dataclass(frozen=True)
class Boundaries:
    """Where sequences end.

    Attributes:
        lengths: tokens of each sequence, shortest first (where runs or groups are asked for).
        ends: (sequences + 1,) 32-bit: 0, then each sequence's end.
        longest: tokens of the longest sequence.
    """

    lengths: np.ndarray
    ends: Tensor
    longest: int

    @cached_property
    def runs(self) -> list[tuple[int, int, int]]:
        """(first token, sequences, length) of each run of sequences of one length."""
        sizes, counts = np.unique(self.lengths, return_counts=True)
        starts = np.cumsum(sizes * counts) - sizes * counts
        return [*zip(starts.tolist(), counts.tolist(), sizes.tolist(), strict=True)]

    @cached_property
    def groups(self) -> list[Group]:
        """Sequences of similar length, padded to the longest of the group (`SLACK`)."""
        groups, first, begin, area = [], 0, 0, 0
        for at, length in enumerate([*self.lengths.tolist(), math.inf]):
            if (at - first + 1) * length**2 > SLACK * (area + length**2) or length == math.inf:
                lengths = self.lengths[first:at]
                groups.append(_group(lengths, begin))
                first, begin, area = at, begin + int(lengths.sum()), 0
            area += length**2
        return groups


@dataclass(frozen=True)
class Group:
    """Sequences that lie side by side, as a block of slots, `longest` per sequence.

    Attributes:
        count: sequences.
        longest: tokens of the longest.
        tokens: (count * longest,) the token of each slot; any token if the slot is empty.
        slots: the slot of each token of the group.
        bias: (count, 1, 1, longest) 0, or minus infinity where a slot is empty.
    """

    count: int
    longest: int
    tokens: Tensor
    slots: Tensor
    bias: Tensor


def _group(lengths: np.ndarray, begin: int) -> Group:
    count, longest = len(lengths), int(lengths[-1])
    real = np.arange(longest) < lengths[:, None]
    tokens = np.full(real.shape, begin)
    tokens[real] = begin + np.arange(real.sum())
    bias = torch.from_numpy(np.where(real, 0.0, -np.inf)).float()
    return Group(
        count=count,
        longest=longest,
        tokens=torch.from_numpy(tokens.ravel()),
        slots=torch.from_numpy(np.flatnonzero(real)),
        bias=bias[:, None, None],
    )


def boundaries(lengths: np.ndarray, device: torch.device) -> Boundaries:
    """Boundaries of sequences with these lengths, shortest first."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return Boundaries(
        lengths=lengths,
        ends=torch.from_numpy(ends).to(device, non_blocking=True),
        longest=int(lengths[-1]),
    )


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    boundaries: Boundaries,
    dropout: float = 0.0,
    scaling: float | None = None,
    **unused: Any,
) -> tuple[Tensor, None]:
    """(1, tokens, heads, width per head) from queries, keys, values (1, heads, tokens, width)."""
    query, key, value = (states[0].transpose(0, 1) for states in (query, key, value))
    if query.is_cuda and query.dtype != torch.float32:  # what flash attention has kernels for
        return _flash(query, key, value, boundaries, dropout, scaling)[None], None
    if torch.is_grad_enabled() and not query.is_cuda and query.dtype == torch.float32:
        return grouped_attention(query, key, value, boundaries, dropout, scaling)[None], None
    shape, outputs = query.shape[1:], []
    for start, count, length in boundaries.runs:
        q, k, v = (
            states[start : start + count * length].view(count, length, *shape).transpose(1, 2)
            for states in (query, key, value)
        )
        output = scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling)
        outputs.append(output.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs)[None], None


def _flash(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    boundaries: Boundaries,
    dropout: float,
    scaling: float | None,
) -> Tensor:
    """Flash attention; `varlen_attn` has no dropout, the operation beneath it does."""
    ends, longest = boundaries.ends, boundaries.longest
    if not dropout:
        output = varlen_attn(query, key, value, ends, ends, longest, longest, scale=scaling)
        assert isinstance(output, Tensor)  # one tensor, as no more was asked for
        return output
    return torch.ops.aten._flash_attention_forward(
        query, key, value, ends, ends, longest, longest, dropout, False, False, scale=scaling
    )[0]


def grouped_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    boundaries: Boundaries,
    dropout: float,
    scaling: float | None,
) -> Tensor:
    """The same on a CPU, for training: sequences of similar length in a few large products."""
    heads, outputs = query.shape[1], []
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    for group in boundaries.groups:
        q, k, v = (
            _by_head(states.index_select(0, group.tokens), group) for states in (query, key, value)
        )
        bias = group.bias.expand(-1, heads, -1, -1).flatten(0, 1)
        weights = torch.baddbmm(bias, q, k.mT, alpha=scale).softmax(-1)
        if dropout:
            weights = weights * dropout_mask(weights.shape, dropout, weights.dtype)
        read = torch.bmm(weights, v).view(group.count, heads, group.longest, -1).transpose(1, 2)
        outputs.append(read.flatten(0, 1).index_select(0, group.slots))
    return torch.cat(outputs)


def _by_head(block: Tensor, group: Group) -> Tensor:
    """(count * heads, longest, width) from (count * longest, heads, width)."""
    split = block.view(group.count, group.longest, *block.shape[1:])
    return split.transpose(1, 2).flatten(0, 1)


def pack_attention(model: PreTrainedModel) -> None:
    """Have a model call `packed_attention`, without a mask: boundaries take its place."""
    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, lambda *args, **kwargs: None)
    model.set_attn_implementation(PACKED)
