"""Multiple choice: every choice is scored beside the prompt by one scalar scorer.

The scorer does not know how many choices there are, so a head learned on three-way Social IQa
serves two-way COPA too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.kinds import Examples
from xstilts.kinds.classification import Classification, scorer
from xstilts.tasks import Task


def _choice_logits(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """(rows, most choices) logits, minus infinity where a row has fewer choices."""
    logits = head(hidden).squeeze(-1).float()
    choices = list(logits.split(batch.counts.tolist()))
    return pad_sequence(choices, batch_first=True, padding_value=float("-inf"))


class MultipleChoice(Classification):
    """Multiple choice: which continuation fits the prompt."""

    columns = {"prompt": pa.string(), "choices": pa.list_(pa.string()), "label": pa.int32()}
    reads = "first"
    paired = True
    translatable = ("prompt", "choices")

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Turn the label into the number of its choice; hidden if it is empty or -1."""
        labelled = super().check(example, task, where)
        choices = example.get("choices")
        if isinstance(choices, list) and example["label"] >= len(choices):
            name = task.labels[example["label"]]
            raise InputError(f"{where}: label '{name}' of {len(choices)} choices")
        return labelled

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One sequence per choice, beside the prompt; the longer of the two is cut first."""
        prompts = [example["prompt"] for example in examples for _ in example["choices"]]
        choices = [choice for example in examples for choice in example["choices"]]
        encoded = tokenizer(prompts, choices, truncation=True, max_length=task.max_length)
        ids = iter(encoded["input_ids"])
        return [
            {
                "example": at,
                "sequences": [next(ids) for _ in example["choices"]],
                "label": example["label"],
            }
            for at, example in enumerate(examples)
        ]

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """One output: how well a choice fits its prompt."""
        return scorer(encoder.width, 1)

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Cross-entropy over the choices of each row."""
        logits = _choice_logits(head, encoder(batch, self.reads), batch)
        return cross_entropy(logits, batch.column("label"), reduction="none")

    def classes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each choice's first-token vector, and whether it is the right choice."""
        right = [
            at == label
            for count, label in zip(batch.counts, batch.rows["label"][batch.indices], strict=True)
            for at in range(count)
        ]
        return hidden, batch.tensor(np.array(right))

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """The best choice of each row."""
        return _choice_logits(head, hidden, batch).argmax(-1).tolist()


KIND = MultipleChoice()
