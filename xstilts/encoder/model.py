"""The encoder: an unmodified Hugging Face model that reads sequences without padding.

The model gets all tokens of a batch as one long row, positions that begin anew at each sequence,
and an attention function that stops at their ends (`xstilts.encoder.packed_attention`). Whether an
architecture heeds both is tried when it is loaded; one that does not is given padded sequences.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from xstilts.encoder.cpu_dropout import use_fast_dropout
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.packed_attention import boundaries, pack_attention
from xstilts.encoder.packed_batch import Batch, by_length
from xstilts.errors import InputError, one_line

logger = logging.getLogger(__name__)

Layer = int | Literal["all", "first"] | None
"""A hidden state, counted from 0, the embeddings (-1: the last); all; None: the model's output;
first: the output of first tokens only."""
Precision = Literal["auto", "fp32", "bf16"]
"""Precision of matrix products and attention; weights and their updates are 32-bit. auto: bf16 on a
GPU that has it."""

TRIED = (3, 96)  # tokens; the second is longer than the windows of models with local attention
SAME = 1e-4
WRAPPED = ("_orig_mod.", "module.")  # before names of compiled and of data-parallel models


class Encoder(nn.Module):
    """Hidden states of a pretrained model, with low-rank adapters where a rank is given."""

    def __init__(self, folder: Path | str, lora: int | None = None) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.model = load_whole(AutoModel, folder, dtype=torch.float32)
        if getattr(self.model, "pooler", None) is not None:
            self.model.pooler = None  # never read, and not in every checkpoint
        use_fast_dropout(self.model)
        self.width: int = self.model.config.hidden_size
        self.pad_id: int = self.model.config.pad_token_id
        self.first_position: int | None = None  # None: it reads padded sequences
        self.narrows = False  # whether the last layer can do without all tokens but the first
        self._pack()
        if lora:
            inject_adapter_in_model(LoraConfig(r=lora, lora_alpha=2 * lora), self.model)

    @property
    def word_embeddings(self) -> nn.Embedding:
        """The word embeddings."""
        return self.model.get_input_embeddings()

    def forward(self, batch: Batch, layer: Layer = None) -> Tensor:
        """Hidden states of a batch.

        (tokens, width); (layers + 1, tokens, width) if `layer` is `all`; (sequences, width) in row
        order if it is `first`.
        """
        if layer == "first":
            return self._first(batch)
        if self.first_position is None:
            states = self._padded(batch, output_hidden_states=layer is not None)
        else:
            states = self._packed(batch, output_hidden_states=layer is not None)
        if layer == "all":
            return torch.stack(states)
        return states[-1 if layer is None else layer]

    def _first(self, batch: Batch) -> Tensor:
        """Hidden states of first tokens; the last layer computes no others after its attention."""
        starts = batch.tensor(batch.starts)
        if not self.narrows:
            states: Tensor = self(batch)
            return states[starts]
        # What follows attention in BERT and its kin: from there on each token's states depend on
        # its own alone.
        after = self.model.encoder.layer[-1].attention.output
        hook = after.register_forward_pre_hook(lambda _, args: tuple(x[:, starts] for x in args))
        try:
            return self._packed(batch)[0]
        finally:
            hook.remove()

    def _packed(self, batch: Batch, **flags: bool) -> list[Tensor]:
        """Hidden states from one long row."""
        states = self.model(
            input_ids=batch.input_ids[None],
            position_ids=batch.positions[None] + (self.first_position or 0),
            boundaries=boundaries(batch.lengths, batch.device),
            **flags,
        )
        return [hidden[0] for hidden in states.hidden_states or [states.last_hidden_state]]

    def _padded(self, batch: Batch, **flags: bool) -> list[Tensor]:
        """Hidden states from one row per sequence, similar lengths together, without padding."""
        by_group = []
        for group in boundaries(batch.lengths, batch.device).groups:
            shape, slots = (group.count, group.longest), group.slots.to(batch.device)
            ids = torch.full_like(group.tokens, self.pad_id, device=batch.device)
            ids[slots] = batch.input_ids[group.tokens.to(batch.device)[slots]]
            real = torch.zeros_like(ids).index_fill_(0, slots, 1)
            states = self.model(input_ids=ids.view(shape), attention_mask=real.view(shape), **flags)
            hidden = states.hidden_states or [states.last_hidden_state]
            by_group.append([each.flatten(0, 1)[slots] for each in hidden])
        return [torch.cat(layers) for layers in zip(*by_group, strict=True)]

    def _pack(self) -> None:
        """Read without padding from here on, if the model can.

        The first position is tried: BERT counts from 0, RoBERTa from the padding token's id + 1.
        """
        config = self.model.config
        own, batch = config._attn_implementation, _tried(config.vocab_size, self.pad_id)
        self.eval()
        with torch.inference_mode():
            padded = self(batch)
            pack_attention(self.model)
            for first in (0, self.pad_id + 1):
                self.first_position = first
                if _same(lambda: self(batch), padded):
                    self.narrows = True
                    self.narrows = _same(lambda: self(batch, "first"), padded[batch.starts])
                    return
        self.first_position = None
        self.model.set_attn_implementation(own)
        logger.warning("%s cannot do without padding: its sequences are padded", config.model_type)

    def freeze_word_embeddings(self) -> None:
        """Take the word embeddings, most of a multilingual model's weights, out of training."""
        self.word_embeddings.weight.requires_grad_(False)


def load_whole(kind: Any, folder: Path | str, **words: Any) -> Any:
    """A model of a folder, with every weight of its architecture but the pooler's.

    The library would draw missing weights at random, anew in every job.

    Args:
        kind: an auto class of the library.
        folder: the model's.
        words: what else `from_pretrained` takes.

    Raises:
        InputError: weights are missing, or of another shape.
    """
    try:
        model, info = kind.from_pretrained(
            str(folder), trust_remote_code=False, output_loading_info=True, **words
        )
    except Exception as error:  # safetensors' own derives from nothing else
        raise InputError(f"{folder}: not a model that can be loaded ({one_line(error)})") from error
    missing = sorted(name for name in info["missing_keys"] if "pooler" not in name)
    if not missing:
        return model
    unexpected = sorted(info["unexpected_keys"])
    wrapped = next((name for name in WRAPPED for key in unexpected if key.startswith(name)), "")
    remedy = (
        f"; their names begin with '{wrapped}': save the model that is inside the wrapper"
        if wrapped
        else f"; it holds {len(unexpected)} others" * bool(unexpected)
    )
    raise InputError(
        f"{folder}: {len(missing)} weights of the model are missing, as {missing[0]}{remedy}"
    )


def _same(read: Callable[[], Tensor], expected: Tensor) -> bool:
    """Whether the model reads as it should; it may refuse in a way of its own."""
    try:
        return torch.allclose(read(), expected, atol=SAME)
    except (AttributeError, TypeError, IndexError, RuntimeError):
        return False


def _tried(vocabulary: int, pad_id: int) -> Batch:
    """Two sequences of any tokens but padding."""
    ids = [token for token in range(vocabulary) if token != pad_id][: max(TRIED)]
    tokens = (ids * max(TRIED))[: max(TRIED)]
    rows = EncodedExamples.of({"sequences": [tokens[:size]]} for size in TRIED)
    return Batch(rows, np.arange(len(TRIED)), torch.device("cpu"))


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder."""
    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)


def device() -> torch.device:
    """The GPU if there is one.

    Raises:
        InputError: the job was given a GPU that cannot be used. A CPU would take weeks.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if visible not in ("", "-1") and torch.version.cuda:
        raise InputError(
            f"this job was given GPU {visible} of {platform.node()}, but PyTorch finds none there; "
            "a retry may get another node, and nvidia-smi on this one says more"
        )
    return torch.device("cpu")


def autocast(precision: Precision) -> AbstractContextManager[Any]:
    """Matrix products in the precision asked for; `auto` is bf16 on a GPU, 32-bit elsewhere."""
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=half(precision))


def half(precision: Precision) -> bool:
    """Whether matrix products are bf16; `auto` checks whether the GPU can (Ampere and later)."""
    if precision == "auto":
        return device().type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bf16"


def run(
    encoder: Encoder,
    rows: EncodedExamples,
    tokens: int,
    layer: Layer,
    decode: Callable[[Tensor, Batch], list[Any]],
    precision: Precision,
) -> list[Any]:
    """`decode(hidden, batch)` over all rows, batched by length, results in the rows' order."""
    outputs: list[Any] = [None] * len(rows)
    encoder.eval()
    with torch.inference_mode(), autocast(precision):
        for indices in by_length(rows, tokens):
            batch = Batch(rows, indices, device())
            for at, output in zip(indices, decode(encoder(batch, layer), batch), strict=True):
                outputs[at] = output
    return outputs
