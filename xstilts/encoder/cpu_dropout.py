"""Dropout on a CPU from 16 random bits per number.

PyTorch's own dropout draws a whole random number per element there, one after another, which takes
a tenth of a training step. Shares are exact to 1 / 65,536. On a GPU this is PyTorch's dropout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

DRAWS = 4  # of 16 bits, per random number of 64


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, quicker on a CPU."""

    def forward(self, states: Tensor) -> Tensor:
        """The states, some of them zero, the others scaled up."""
        if not self.training or self.p == 0 or states.device.type != "cpu":
            return super().forward(states)
        return states * dropout_mask(states.shape, self.p, states.dtype)


def dropout_mask(shape: torch.Size, share: float, dtype: torch.dtype) -> Tensor:
    """Random factors: 0 for a share of them, 1 / (1 - share) for the others."""
    random = torch.empty(-(-shape.numel() // DRAWS), dtype=torch.int64).random_(-(2**63), None)
    bits = random.view(torch.int16)[: shape.numel()].view(shape)
    return (bits >= round(share * 2**16) - 2**15).to(dtype).mul_(1 / (1 - share))


def use_fast_dropout(model: nn.Module) -> None:
    """Put this dropout in the place of PyTorch's, in every layer."""
    for parent in [*model.modules()]:
        for name, layer in parent.named_children():
            if type(layer) is nn.Dropout:
                setattr(parent, name, Dropout(layer.p))
