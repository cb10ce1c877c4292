"""The word embeddings that a training can reach, in place of the whole vocabulary's.

English data use some ten thousand of XLM-R's 250,002 pieces. The gradient of the others is zero at
every step, and with it their Adam moments and, without weight decay, their update. Training only
the rows in use gives the same weights, for a tenth of the work and memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from xstilts.encoder.model import Encoder


class TrimmedEmbedding(nn.Module):
    """Embeddings of the tokens in use; looked up by the ids of the whole vocabulary."""

    def __init__(self, whole: nn.Embedding, used: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(whole.weight.detach()[used].clone())
        places = torch.full((whole.num_embeddings,), -1, device=used.device)
        places[used] = torch.arange(len(used), device=used.device)
        self.register_buffer("places", places, persistent=False)
        padding = -1 if whole.padding_idx is None else int(places[whole.padding_idx])
        self.padding = padding if padding >= 0 else None

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors of tokens, which must be in use."""
        assert isinstance(self.places, Tensor)
        return embedding(self.places[ids], self.weight, padding_idx=self.padding)


@contextmanager
def trim_vocabulary(encoder: Encoder, used: np.ndarray) -> Iterator[None]:
    """Train only the embeddings of the tokens in use; afterwards they return to their old place."""
    whole = encoder.word_embeddings
    rows = torch.from_numpy(used.astype(np.int64)).to(whole.weight.device)
    trimmed = TrimmedEmbedding(whole, rows)
    encoder.model.set_input_embeddings(trimmed)
    try:
        yield
    finally:
        encoder.model.set_input_embeddings(whole)
        with torch.no_grad():
            whole.weight[rows] = trimmed.weight
