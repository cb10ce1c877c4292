"""Masked language modelling of plain text (Devlin et al. 2019), mixed into phase two.

15% of a text's tokens, drawn anew each time, are predicted from the rest. Of ten of them, eight are
masked, one is another token, and one is left. The head is RoBERTa's: dense, GELU, layer norm, and
the word embeddings themselves as output; where the model's folder holds one, it starts from that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, linear
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.kinds import Examples, TrainedKind
from xstilts.tasks import Task

CHOSEN, MASKED, CHANGED = 0.15, 0.8, 0.1  # of the tokens; of those, masked, and changed
STORED = "lm_head."  # before the head's names in a model's folder


class Head(nn.Module):
    """Scores of every piece of the vocabulary at some tokens."""

    def __init__(self, width: int, vocabulary: int, epsilon: float) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.layer_norm = nn.LayerNorm(width, eps=epsilon)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: Tensor, words: Tensor) -> Tensor:
        """(tokens, vocabulary) logits; `words` are the embeddings, (vocabulary, width)."""
        return linear(self.layer_norm(gelu(self.dense(hidden))), words, self.bias)


def _stored(folder: Path) -> dict[str, Tensor]:
    """The language modelling head among the weights of a model's folder."""
    weights = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                if name.startswith(STORED):
                    weights[name.removeprefix(STORED)] = file.get_tensor(name).float()
    return weights


def masked(batch: Batch, vocabulary: int) -> tuple[Tensor, Tensor]:
    """(token ids after masking, which tokens were chosen), (tokens,) each; no special ones."""
    ids = batch.input_ids
    ends = batch.tensor(np.repeat(batch.lengths, batch.lengths)) - 1
    inner = (batch.positions > 0) & (batch.positions < ends)
    chosen = inner & (torch.rand(ids.shape, device=ids.device) < CHOSEN)
    fate = torch.rand(ids.shape, device=ids.device)
    other = torch.randint(vocabulary, ids.shape, device=ids.device)
    changed = torch.where(chosen & (fate < MASKED), batch.column("mask")[0], ids)
    changed = torch.where(chosen & (fate >= 1 - CHANGED), other, changed)
    return changed, chosen


class MaskedLM(TrainedKind):
    """Masked language modelling; nothing is scored."""

    columns = {"text": pa.string()}

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """A line without text is left out."""
        example["text"] = (example.get("text") or "").strip()
        return bool(example["text"])

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One sequence per text, cut at the longest input; `mask` is the id of the mask.

        Raises:
            InputError: the tokenizer has no mask.
        """
        mask = tokenizer.mask_token_id
        if mask is None:
            raise InputError(f"{task.name}: the model's tokenizer has no mask token to learn from")
        texts = [example["text"] for example in examples]
        encoded = tokenizer(texts, truncation=True, max_length=task.max_length)["input_ids"]
        return [{"example": at, "sequences": [ids], "mask": mask} for at, ids in enumerate(encoded)]

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """The head that was pretrained with the model if its folder has one, else a fresh one."""
        epsilon = encoder.model.config.layer_norm_eps
        fresh = Head(encoder.width, encoder.word_embeddings.weight.shape[0], epsilon)
        stored = _stored(encoder.folder)
        if fresh.state_dict().keys() <= stored.keys():
            fresh.load_state_dict({name: stored[name] for name in fresh.state_dict()})
        return fresh

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Cross-entropy of each chosen token, over the whole vocabulary."""
        words = encoder.word_embeddings.weight
        changed, chosen = masked(batch, len(words))
        logits = head(encoder(batch.reading(changed))[chosen], words)
        return cross_entropy(logits.float(), batch.input_ids[chosen], reduction="none")


KIND = MaskedLM()
