"""Attention within each of many sequences that lie one after the other, without padding.

A function that transformers calls in place of its own (`AttentionInterface`). On a GPU it is flash
attention over sequences of varying length; elsewhere, sequences of one length go through PyTorch's
`scaled_dot_product_attention` together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

PACKED = "xstilts_packed"


@dataclass(frozen=True)
class Boundaries:
    """Where sequences end.

    Attributes:
        runs: (first token, sequences, length) of each run of sequences of one length.
        ends: (sequences + 1,) 32-bit: 0, then each sequence's end.
        longest: tokens of the longest sequence.
    """

    runs: tuple[tuple[int, int, int], ...]
    ends: Tensor
    longest: int


def boundaries(lengths: np.ndarray, device: torch.device) -> Boundaries:
    """Boundaries of sequences with these lengths, as they lie."""
    ends = np.concatenate([[0], np.cumsum(lengths)])
    changes = np.flatnonzero(np.diff(lengths, prepend=-1))
    counts = np.diff(np.append(changes, len(lengths)))
    return Boundaries(
        runs=tuple(
            (int(ends[at]), int(count), int(lengths[at]))
            for at, count in zip(changes, counts, strict=True)
        ),
        ends=torch.from_numpy(ends.astype(np.int32)).to(device),
        longest=int(lengths.max()),
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
    """(1, tokens, heads, width a head) from queries, keys, values (1, heads, tokens, width)."""
    query, key, value = (states[0].transpose(0, 1) for states in (query, key, value))
    if query.is_cuda and query.dtype != torch.float32:
        return _flash(query, key, value, boundaries, dropout, scaling)[None], None
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
    dropped: Tensor = torch.ops.aten._flash_attention_forward(
        query, key, value, ends, ends, longest, longest, dropout, False, False, scale=scaling
    )[0]
    return dropped


AttentionInterface.register(PACKED, packed_attention)
AttentionMaskInterface.register(PACKED, lambda *args, **kwargs: None)
