"""Bitext retrieval: for each English sentence, the nearest sentence of the other language.

Mean pooling over all tokens of the model's retrieval layer, cosine, as in XTREME's Tatoeba script.
Nothing is trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.io.formats import read_lines
from xstilts.kinds import (
    Answered,
    EvaluatedKind,
    Examples,
    Scored,
    ScoringInput,
    Statistics,
    check_common,
    check_counts,
)
from xstilts.kinds._retrieval import decode_sides, encode_sides, nearest, stack_side
from xstilts.tasks import Task


def _numbers(path: Path) -> list[int]:
    """A sentence's number per line."""
    lines = list(read_lines(path))
    for at, line in enumerate(lines, start=1):
        if not line.strip().isdecimal():
            raise InputError(f"{path}, line {at}: '{line}' is not a sentence's number")
    return list(map(int, lines))


class Bitext(EvaluatedKind):
    """Retrieval of translations; nothing is trained."""

    columns = {"source": pa.string(), "target": pa.string()}
    reads = "retrieval"

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Strip line ends, which some copies have; raise if a side is empty."""
        for side in ("source", "target"):
            example[side] = (example.get(side) or "").strip()
            if not example[side]:
                raise InputError(f"{where}: {side} is empty")
        return True

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """Two sequences per example: the sentence of the language, and its English translation."""
        return encode_sides(examples, ("source", "target"), tokenizer, task.max_length)

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """The unit vectors of each row's two sides."""
        return decode_sides(hidden, batch)

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistic `correct`: is the nearest sentence the translation?"""
        answers = nearest(stack_side(outputs, 1), stack_side(outputs, 0), 1)[1][:, 0]
        gold = np.arange(len(answers))
        return Scored(
            ids=[example["id"] for example in asked.examples],
            statistics=self.compute_statistics(answers, gold, asked.task, asked.language),
            predictions=[str(row) for row in answers],
            chance=1 / len(answers),
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """A line per English sentence: the number, from 0, of the sentence found for it.

        Without a gold file, sentence i translates sentence i.
        """
        answers = _numbers(predictions)
        if gold is None:
            count = len(answers)
            for at, answer in enumerate(answers, start=1):
                if answer >= count:
                    raise InputError(f"{predictions}, line {at}: {answer} of {count} sentences")
            return Answered(answers=answers, gold=list(range(count)))
        gold_numbers = _numbers(gold)
        check_counts(predictions, answers, gold, gold_numbers)
        if answers:
            check_common(predictions, gold, len({*answers} & {*gold_numbers}), "sentences")
        return Answered(answers=answers, gold=gold_numbers)

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistic `correct`: is it the right sentence?"""
        return {"correct": (np.asarray(answers) == np.asarray(gold)).astype(float)}


KIND = Bitext()
