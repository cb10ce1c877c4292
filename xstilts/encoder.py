"""The encoder: an unmodified Hugging Face model that reads sequences without padding.

The model gets all tokens of a batch as one long row, positions that begin anew at each sequence,
and an attention function that stops at their ends (`xstilts.attention`). Whether an architecture
heeds both is tried when it is loaded; one that does not is given padded sequences.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from xstilts.attention import PACKED, boundaries
from xstilts.batches import Batch, by_length
from xstilts.dropout import quicken
from xstilts.rows import Rows

logger = logging.getLogger(__name__)

Layer = int | Literal["all"] | None
"""A hidden state, counted from 0, the embeddings (-1: the last); all; None: the model's output."""
Precision = Literal["auto", "fp32", "bf16"]
"""Of matrix products and attention; weights and their updates are 32-bit. auto: bf16 on a GPU."""

TRIED = (3, 96)  # tokens; the second is longer than the windows of models with local attention
SAME = 1e-4


class Encoder(nn.Module):
    """Hidden states of a pretrained model, with low-rank adapters where a rank is given."""

    def __init__(self, folder: Path | str, lora: int | None = None) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.model = AutoModel.from_pretrained(
            str(folder), trust_remote_code=False, dtype=torch.float32
        )
        if getattr(self.model, "pooler", None) is not None:
            self.model.pooler = None  # never read, and not in every checkpoint
        quicken(self.model)
        self.width: int = self.model.config.hidden_size
        self.pad_id: int = self.model.config.pad_token_id
        self.first_position: int | None = None  # None: it reads padded sequences
        self._pack()
        if lora:
            inject_adapter_in_model(LoraConfig(r=lora, lora_alpha=2 * lora), self.model)

    @property
    def words(self) -> nn.Embedding:
        """The word embeddings."""
        found: nn.Embedding = self.model.get_input_embeddings()
        return found

    def forward(self, batch: Batch, layer: Layer = None) -> Tensor:
        """(tokens, width) hidden states; (layers + 1, tokens, width) if `layer` is `all`."""
        run = self._padded if self.first_position is None else self._packed
        states = run(batch, output_hidden_states=layer is not None)
        if layer == "all":
            return torch.stack(states)
        return states[-1 if layer is None else layer]

    def _packed(self, batch: Batch, **asked: bool) -> list[Tensor]:
        """Hidden states from one long row."""
        states = self.model(
            input_ids=batch.input_ids[None],
            position_ids=batch.positions[None] + (self.first_position or 0),
            boundaries=boundaries(batch.lengths, batch.device),
            **asked,
        )
        return [hidden[0] for hidden in states.hidden_states or [states.last_hidden_state]]

    def _padded(self, batch: Batch, **asked: bool) -> list[Tensor]:
        """Hidden states from a row a sequence, with the padding taken out."""
        sequences = torch.split(batch.input_ids, batch.lengths.tolist())
        ids = pad_sequence(list(sequences), batch_first=True, padding_value=self.pad_id)
        real = pad_sequence([torch.ones_like(each) for each in sequences], batch_first=True)
        states = self.model(input_ids=ids, attention_mask=real, **asked)
        found = states.hidden_states or [states.last_hidden_state]
        return [hidden[real.bool()] for hidden in found]

    def _pack(self) -> None:
        """Read without padding from here on, if the model can.

        The first position is tried: BERT counts from 0, RoBERTa from the padding token's id + 1.
        """
        config = self.model.config
        own, batch = config._attn_implementation, _tried(config.vocab_size, self.pad_id)
        self.eval()
        with torch.inference_mode():
            padded = self(batch)
            self.model.set_attn_implementation(PACKED)
            for first in (0, self.pad_id + 1):
                self.first_position = first
                try:
                    if torch.allclose(self(batch), padded, atol=SAME):
                        return
                except (TypeError, IndexError, RuntimeError):  # the architecture's own refusal
                    continue
        self.first_position = None
        self.model.set_attn_implementation(own)
        logger.warning("%s cannot do without padding: its sequences are padded", config.model_type)

    def freeze_words(self) -> None:
        """Take the word embeddings, most of a multilingual model's weights, out of training."""
        self.words.weight.requires_grad_(False)


def _tried(vocabulary: int, pad_id: int) -> Batch:
    """Two sequences of any tokens but padding."""
    known = [token for token in range(vocabulary) if token != pad_id][: max(TRIED)]
    tokens = (known * max(TRIED))[: max(TRIED)]
    rows = Rows.of({"sequences": [tokens[:size]]} for size in TRIED)
    return Batch(rows, np.arange(len(TRIED)), torch.device("cpu"))


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        str(folder), trust_remote_code=False
    )
    return tokenizer


def device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(precision: Precision) -> AbstractContextManager[Any]:
    """Matrix products in the precision asked for; `auto` is bf16 on a GPU, 32-bit elsewhere."""
    where = device().type
    half = precision == "bf16" or (precision == "auto" and where == "cuda")
    return torch.autocast(where, dtype=torch.bfloat16, enabled=half)


def run(
    encoder: Encoder,
    rows: Rows,
    tokens: int,
    layer: Layer,
    decode: Callable[[Tensor, Batch], list[Any]],
    precision: Precision = "auto",
) -> list[Any]:
    """`decode(hidden, batch)` over all rows, batched by length, results in the rows' order."""
    outputs: list[Any] = [None] * len(rows)
    encoder.eval()
    with torch.inference_mode(), autocast(precision):
        for chosen in by_length(rows, tokens):
            batch = Batch(rows, chosen, device())
            for at, output in zip(chosen, decode(encoder(batch, layer), batch), strict=True):
                outputs[at] = output
    return outputs
