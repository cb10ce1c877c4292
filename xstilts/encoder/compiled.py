"""A model's training pass, compiled, and batches filled up to the few sizes that it is kept for.

`torch.compile` traces the model once for batches of any size. CUDA graphs, which take away the cost
of launching a thousand small kernels, are recorded once per size, so there should be few sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from xstilts.encoder.batch import Batch
from xstilts.encoder.packed_attention import boundaries

Mode = Literal["default", "reduce-overhead"]
"""Mode of `torch.compile`: fused kernels, or these kernels as CUDA graphs."""


class Compiled:
    """The forward pass of a model, called with a batch and the model's first position."""

    def __init__(self, model: nn.Module, mode: Mode) -> None:
        self.forward: Callable[..., Any] = torch.compile(model.forward, dynamic=True, mode=mode)

    def __call__(self, batch: Batch, pad_id: int, first_position: int) -> Tensor:
        """(tokens, width) last hidden states."""
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        states: Tensor = self.forward(
            **pad_to_bucket(batch, pad_id, first_position)
        ).last_hidden_state
        return states[0, : len(batch.input_ids)]


def pad_to_bucket(batch: Batch, pad_id: int, first_position: int) -> dict[str, Any]:
    """The model's arguments for a batch with one more sequence: padding tokens that nobody reads.

    All of its positions are the first, since it may be longer than the model has positions.
    """
    tokens = len(batch.input_ids)
    filler = bucket_size(tokens) - tokens
    longest = max(int(batch.lengths[-1]), filler)
    return {
        "input_ids": pad(batch.input_ids, (0, filler), value=pad_id)[None],
        "position_ids": pad(batch.positions, (0, filler))[None] + first_position,
        "boundaries": boundaries(
            np.append(batch.lengths, filler), batch.device, longest=1 << (longest - 1).bit_length()
        ),
    }


def bucket_size(number: int) -> int:
    """The next multiple of an eighth of the power of two below: at most an eighth more."""
    step = 1 << max(3, number.bit_length() - 4)
    return -(-number // step) * step
