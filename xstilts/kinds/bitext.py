"""Bitext retrieval: for each English sentence, the nearest sentence of the other language.

Mean pooling over all tokens of the model's retrieval layer, cosine, as in XTREME's Tatoeba script.
Nothing is trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.batch import Batch
from xstilts.encoder.model import Encoder
from xstilts.errors import InputError
from xstilts.io.formats import read_lines
from xstilts.kinds import Answered, Asked, Examples, Scored, Statistics, check_common, check_counts
from xstilts.kinds._retrieval import decode_sides, encode_sides, nearest, stack_side
from xstilts.tasks import Task

COLUMNS = {"source": pa.string(), "target": pa.string()}
OPTIONAL: frozenset[str] = frozenset()
READS: Literal["retrieval"] = "retrieval"
DIVISIBLE = True
PAIRED = False
TRANSLATABLE: tuple[str, ...] = ()


def check(example: dict[str, Any], task: Task, where: str) -> bool:
    """Strip line ends, which some copies have; raise if a side is empty."""
    for side in ("source", "target"):
        example[side] = (example.get(side) or "").strip()
        if not example[side]:
            raise InputError(f"{where}: {side} is empty")
    return True


def encode(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
) -> list[dict[str, Any]]:
    """Two sequences an example: the sentence of the language, and its English translation."""
    return encode_sides(examples, ("source", "target"), tokenizer, task.max_length)


def head(encoder: Encoder, labels: int) -> nn.Module:
    """Nothing to learn."""
    return nn.Identity()


def loss(head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
    """Bitext retrieval is evaluated only."""
    raise NotImplementedError("bitext retrieval has no training")


def decode(head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
    """The unit vectors of each row's two sides."""
    return decode_sides(hidden, batch)


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistic `correct`: is the nearest sentence the translation?"""
    answers = nearest(stack_side(outputs, 1), stack_side(outputs, 0), 1)[1][:, 0]
    return Scored(
        ids=[example["id"] for example in asked.examples],
        statistics=judge(answers, np.arange(len(answers)), asked.task, asked.language),
        predictions=[str(row) for row in answers],
        chance=1 / len(answers),
    )


def read_files(predictions: Path, gold: Path | None, task: Task) -> Answered:
    """A line an English sentence: the number, from 0, of the sentence found for it.

    Without a gold file, sentence i translates sentence i.
    """
    answers = [_number(predictions, at, line) for at, line in enumerate(read_lines(predictions))]
    if gold is None:
        for at, answer in enumerate(answers, start=1):
            if answer >= len(answers):
                raise InputError(f"{predictions}, line {at}: {answer} of {len(answers)} sentences")
        return Answered(answers=answers, gold=list(range(len(answers))))
    wanted = [_number(gold, at, line) for at, line in enumerate(read_lines(gold))]
    check_counts(predictions, answers, gold, wanted)
    if answers:
        check_common(predictions, gold, len({*answers} & {*wanted}), "sentences")
    return Answered(answers=answers, gold=wanted)


def _number(path: Path, at: int, line: str) -> int:
    if not line.strip().isdecimal():
        raise InputError(f"{path}, line {at + 1}: '{line}' is not a sentence's number")
    return int(line)


def judge(answers: Any, gold: Any, task: Task, language: str) -> Statistics:
    """Statistic `correct`: is it the right sentence?"""
    return {"correct": (np.asarray(answers) == np.asarray(gold)).astype(float)}
