"""The encoder: an unmodified Hugging Face model, read from the hub or from a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from xstilts.batches import Batch, Row, by_length, pad

Layer = int | Literal["all"] | None
"""A hidden state, counted from 0, the embeddings (-1: the last); all; None: the model's output."""


class Encoder(nn.Module):
    """Hidden states of a pretrained model, and the tokenizer it goes with."""

    def __init__(self, folder: Path | str) -> None:
        super().__init__()
        self.model = AutoModel.from_pretrained(
            str(folder), trust_remote_code=False, dtype=torch.float32
        )
        if getattr(self.model, "pooler", None) is not None:
            self.model.pooler = None  # never read, and not in every checkpoint
        self.width: int = self.model.config.hidden_size
        self.pad_id: int = self.model.config.pad_token_id

    def forward(self, batch: Batch, layer: Layer = None) -> Tensor:
        """(sequences, length, width) hidden states; (layers + 1, ...) if `layer` is `all`."""
        states = self.model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            output_hidden_states=layer is not None,
        )
        if layer == "all":
            return torch.stack(states.hidden_states)
        hidden: Tensor = states.last_hidden_state if layer is None else states.hidden_states[layer]
        return hidden

    def freeze_embeddings(self) -> None:
        """Take the word embeddings, most of a multilingual model's weights, out of training."""
        self.model.get_input_embeddings().weight.requires_grad_(False)


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        str(folder), trust_remote_code=False
    )
    return tokenizer


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """(sequences, width) mean over real tokens, special tokens included."""
    weights = mask[..., None].to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def run(
    encoder: Encoder,
    rows: list[Row],
    tokens: int,
    layer: Layer,
    decode: Callable[[Tensor, Batch], list[Any]],
) -> list[Any]:
    """`decode(hidden, batch)` over all rows, batched by length, results in the rows' order."""
    outputs: list[Any] = [None] * len(rows)
    encoder.eval()
    with torch.inference_mode():
        for chosen in by_length(rows, tokens):
            batch = pad([rows[at] for at in chosen], encoder.pad_id).to(device())
            for at, output in zip(chosen, decode(encoder(batch, layer), batch), strict=True):
                outputs[at] = output
    return outputs
