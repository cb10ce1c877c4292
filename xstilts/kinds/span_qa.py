"""Extractive question answering: strided windows, answers by character offsets.

A window that does not hold the answer points at its first token. The predicted answer is a stretch
of the context itself, so nothing has to be put together from pieces, which fails for Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.io.formats import read_json_text, squad_rows
from xstilts.io.values import is_hidden
from xstilts.kinds import (
    Answered,
    EvaluatedKind,
    Examples,
    Scored,
    ScoringInput,
    Statistics,
    TrainedKind,
    check_common,
    most_common,
    required,
)
from xstilts.kinds._qa_metrics import compare
from xstilts.tasks import Task

STRIDE = 128
LONGEST_ANSWER = 30  # tokens, as in the SQuAD scripts
OUTSIDE = -1
IMPOSSIBLE = -1e9  # a logit


def _not_hidden(context: str, answers: list[Any], starts: list[Any]) -> list[tuple[Any, Any]]:
    """The answers that are not kept back, with their starts."""
    return [
        (text, start)
        for text, start in zip(answers, starts, strict=True)
        if not is_hidden(text) or (text and _is_at(context, text, start))
    ]


def _is_at(context: str, text: object, start: object) -> bool:
    return (
        isinstance(text, str)
        and isinstance(start, int)
        and start >= 0
        and context.startswith(text, start)
    )


def _shortened(question: str, tokenizer: PreTrainedTokenizerBase, tokens: int) -> str:
    """The question, cut to a number of tokens, so that a window has room for its context."""
    offsets = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)
    ends = [end for _, end in offsets["offset_mapping"]]
    return question if len(ends) < tokens else question[: ends[tokens - 5]]


def _answer_tokens(example: Any, starts: np.ndarray, ends: np.ndarray) -> tuple[int, int]:
    """First and last token of the first answer in this window; (0, 0) if it is not in it."""
    if not example["answers"]:
        return 0, 0
    begin = example["answer_starts"][0]
    end = begin + len(example["answers"][0])
    covering = np.flatnonzero((starts < end) & (ends > begin) & (starts != OUTSIDE))
    whole = len(covering) and starts[covering[0]] <= begin and ends[covering[-1]] >= end
    return (int(covering[0]), int(covering[-1])) if whole else (0, 0)


class SpanQA(TrainedKind, EvaluatedKind):
    """Extractive question answering."""

    columns = {
        "context": pa.string(),
        "question": pa.string(),
        "answers": pa.list_(pa.string()),
        "answer_starts": pa.list_(pa.int32()),
    }
    paired = True

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Raise unless every answer is where it says; hidden if there is none though there must be.

        An empty text is no answer, nor is a word for a hidden one where the context has other
        words.
        """
        answers, starts = example.get("answers") or [], example.get("answer_starts") or []
        if len(answers) != len(starts):
            raise InputError(f"{where}: {len(answers)} answers at {len(starts)} places")
        visible = _not_hidden(example["context"], answers, starts)
        for text, start in visible:
            if not _is_at(example["context"], text, start):
                raise InputError(f"{where}: answer '{text}' is not at {start} of its context")
        example["answers"] = [text for text, _ in visible]
        example["answer_starts"] = [start for _, start in visible]
        return bool(visible) or not task.answerable

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One row per window; `starts`/`ends`: character offsets of context tokens, else -1."""
        room = task.max_length // 3  # for the question
        encoded = tokenizer(
            [_shortened(example["question"], tokenizer, room) for example in examples],
            [example["context"] for example in examples],
            truncation="only_second",
            max_length=task.max_length,
            stride=min(STRIDE, room),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        rows = []
        for window, at in enumerate(encoded["overflow_to_sample_mapping"]):
            inside = np.array([part == 1 for part in encoded.sequence_ids(window)])
            offsets = np.array(encoded["offset_mapping"][window])
            starts = np.where(inside, offsets[:, 0], OUTSIDE)
            ends = np.where(inside, offsets[:, 1], OUTSIDE)
            first, last = _answer_tokens(examples[at], starts, ends)
            rows.append(
                {
                    "example": at,
                    "sequences": [encoded["input_ids"][window]],
                    "starts": starts.tolist(),
                    "ends": ends.tolist(),
                    "first": first,
                    "last": last,
                }
            )
        return rows

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """Two outputs per token: does the answer start here, does it end here."""
        return nn.Linear(encoder.width, 2)

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Mean of the cross-entropies of start and end, of each window."""
        start, end = batch.padded(head(encoder(batch)).float(), IMPOSSIBLE).unbind(-1)
        first = cross_entropy(start, batch.column("first"), reduction="none")
        return (first + cross_entropy(end, batch.column("last"), reduction="none")) / 2

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """(logit, first character, end character, no-answer logit) of each window's best span."""
        logits = head(hidden).float()
        outside = batch.aligned("starts") == OUTSIDE
        start, end = batch.padded(
            logits.masked_fill(outside[:, None], IMPOSSIBLE), IMPOSSIBLE
        ).unbind(-1)
        ends = pad(end, (0, LONGEST_ANSWER - 1), value=IMPOSSIBLE).unfold(1, LONGEST_ANSWER, 1)
        best = (start[..., None] + ends).flatten(1).max(dim=1)
        none = batch.first(logits).sum(-1)
        starts, stops = batch.rows["starts"], batch.rows["ends"]
        return [
            (score, int(starts[row][first]), int(stops[row][first + more]), empty)
            for row, score, (first, more), empty in zip(
                batch.indices,
                best.values.tolist(),
                (divmod(place, LONGEST_ANSWER) for place in best.indices.tolist()),
                none.tolist(),
                strict=True,
            )
        ]

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistics `exact_match` and `f1`, the best over the gold answers."""
        windows: list[list[Any]] = [[] for _ in asked.examples]
        for output, example in zip(outputs, asked.rows["example"], strict=True):
            windows[example].append(output)
        answers = []
        for example, spans in zip(asked.examples, windows, strict=True):
            best, begin, end, _ = max(spans)
            empty = not asked.task.answerable and min(span[3] for span in spans) > best
            answers.append("" if empty else example["context"][begin:end])
        gold = [example["answers"] for example in asked.examples]
        return Scored(
            ids=[example["id"] for example in asked.examples],
            statistics=self.compute_statistics(answers, gold, asked.task, asked.language),
            blind=self.blind(answers, gold, asked),
            predictions=answers,
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """Predictions are a JSON object, answers by question id; gold is SQuAD's JSON.

        As in SQuAD's script a question without a prediction scores 0; one without a gold answer,
        where every question must have one, is not scored.
        """
        gold, texts = required(gold), read_json_text(predictions)
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise InputError(f"{predictions}: not a JSON object of answers (texts) by question id")
        rows: dict[str, list[str]] = {}
        for row in squad_rows(gold):
            name = str(row["id"])
            if name in rows:
                raise InputError(f"{gold}: id '{name}' is there twice")
            answers = row["answers"]
            visible = _not_hidden(row["context"], answers["text"], answers["answer_start"])
            rows[name] = [text for text, _ in visible]
        scored = {name: many for name, many in rows.items() if many or not task.answerable}
        if scored:
            check_common(predictions, gold, len(texts.keys() & scored.keys()), "questions")
        return Answered(
            answers=[texts.get(name) for name in scored],
            gold=list(scored.values()),
            missing=len(scored.keys() - texts.keys()),
            ignored=len(texts.keys() - rows.keys()),
            empty=sum(task.answerable and texts.get(name) == "" for name in scored),
            hidden=len(rows) - len(scored),
        )

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistics `exact_match` and `f1` by the task's rules; no answer (None) scores 0."""
        pairs = [
            compare(answer, many, task.answer_rules, language, task.answerable)
            for answer, many in zip(answers, gold, strict=True)
        ]
        exact, f1 = np.array(pairs, dtype=float).reshape(-1, 2).T
        return {"exact_match": exact, "f1": f1}

    def alike(self, gold: Sequence[Any]) -> Sequence[Any]:
        """The text that is right most often; nothing, where most have no answer."""
        texts = (text for answers in gold for text in dict.fromkeys(answers) or [""])
        return [most_common(texts)] * len(gold)


KIND = SpanQA()
