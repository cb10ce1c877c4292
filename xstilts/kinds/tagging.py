"""Tagging: the first piece of each word carries the word's tag; long sentences are split, not cut.

XLM-R's tokenizer often begins a word of a language without spaces with a bare word mark "▁", and
the official scripts read the word's tag there. That is the reported score; the score of reading the
first *real* piece instead is written beside it (`real_piece` in the names).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.io.formats import check_fields, conll_rows
from xstilts.io.values import is_hidden, plain
from xstilts.kinds import (
    Answered,
    ClassifyingKind,
    Examples,
    Scored,
    ScoringInput,
    Statistics,
    check_counts,
    most_common,
    required,
)
from xstilts.kinds._span_f1 import spans
from xstilts.tasks import Task

WORD_MARKS = ("▁", "Ġ")  # of SentencePiece and of byte-level BPE
IGNORED = -100
SECOND = {name: f"real_piece_{name}" for name in ("hits", "predicted", "correct")}


def _word_pieces(
    words: list[str], tokenizer: PreTrainedTokenizerBase, room: int
) -> list[list[int]]:
    """Token ids of each word; one without pieces, or with too many for a part, is unknown."""
    pieces = tokenizer(words, add_special_tokens=False)["input_ids"]
    return [word if 0 < len(word) <= room else [tokenizer.unk_token_id] for word in pieces]


def _parts(sizes: list[int], room: int) -> list[tuple[int, int]]:
    """(first word, word after the last) of each part; a part holds `room` pieces at most."""
    starts, filled = [0], 0
    for at, size in enumerate(sizes):
        if filled + size > room:
            starts.append(at)
            filled = 0
        filled += size
    return list(zip(starts, [*starts[1:], len(sizes)], strict=True))


def _aligned_part(
    words: list[list[int]], tags: list[int], marks: set[int]
) -> tuple[list[int], list[int], list[int]]:
    """Token ids of a part, their tags, and where each word's first real piece is."""
    ids: list[int] = []
    aligned: list[int] = []
    real: list[int] = []
    for word, tag in zip(words, tags, strict=True):
        bare = len(word) > 1 and word[0] in marks
        real.append(len(ids) + bare)
        ids += word
        aligned += [tag] + [IGNORED] * (len(word) - 1)
    return ids, aligned, real


def _sentences(path: Path) -> list[dict[str, Any]]:
    rows = list(conll_rows(path))
    for number, row in enumerate(rows, start=1):
        check_fields(row, f"{path}, sentence {number}")
    return rows


class Tagging(ClassifyingKind):
    """Tagging of the words of a sentence."""

    columns = {"words": pa.list_(pa.string()), "tags": pa.list_(pa.string())}

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Raise unless each word has a tag, one of the task's where these are fixed.

        The tags of a sentence are hidden if all of them are.
        """
        words, tags = example.get("words") or [], plain(example.get("tags") or [])
        if len(words) != len(tags) or not words:
            raise InputError(f"{where}: {len(words)} words and {len(tags)} tags")
        if all(is_hidden(tag, task.labels) for tag in tags):
            return False
        example["tags"] = tags
        for number, tag in enumerate(tags, start=1):
            if is_hidden(tag, task.labels):
                raise InputError(f"{where}: word {number} has no tag")
            if not isinstance(tag, str) or (task.labels and tag not in task.labels):
                allowed = ", ".join(task.labels) or "a name"
                raise InputError(f"{where}: tag '{tag}' is none of {allowed}")
        return True

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One row per part of a sentence that fits.

        `tags` aligns with the tokens, -100 where nothing is tagged; `real` is the place of each
        word's first real piece. A tag that training never saw has no class to be predicted as: it
        is written as -1, not learned, and always scored as wrong.
        """
        index = {label: at for at, label in enumerate(labels)}
        before, *after = tokenizer("")["input_ids"]  # the special tokens around a single text
        room = task.max_length - 1 - len(after)
        mark_ids: Any = tokenizer.convert_tokens_to_ids(list(WORD_MARKS))
        marks = set(mark_ids) - {tokenizer.unk_token_id}
        rows = []
        for at, example in enumerate(examples):
            words = _word_pieces(example["words"], tokenizer, room)
            tags = [index.get(tag, -1) for tag in example["tags"]]
            for first, last in _parts([len(word) for word in words], room):
                ids, aligned, real = _aligned_part(words[first:last], tags[first:last], marks)
                rows.append(
                    {
                        "example": at,
                        "sequences": [[before, *ids, *after]],
                        "tags": [IGNORED, *aligned, *[IGNORED] * len(after)],
                        "real": [1 + place for place in real],
                    }
                )
        return rows

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """Dropout and a linear layer, one output per tag."""
        return nn.Sequential(nn.Dropout(0.1), nn.Linear(encoder.width, labels))

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Cross-entropy of each tagged token."""
        tags = batch.aligned("tags")
        tagged = tags >= 0
        return cross_entropy(head(encoder(batch)[tagged]).float(), tags[tagged], reduction="none")

    def classes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each tagged word's first-piece vector and tag."""
        tags = batch.aligned("tags")
        return hidden[tags >= 0], tags[tags >= 0]

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """The best tag of each word of each row, read at its first piece, and at its first real."""
        best = [tags.numpy() for tags in batch.split(head(hidden).argmax(-1).cpu())]
        tags, real = batch.rows["tags"], batch.rows["real"]
        return [
            (predicted[tags[row] != IGNORED].tolist(), predicted[real[row]].tolist())
            for predicted, row in zip(best, batch.indices, strict=True)
        ]

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistics of spans and of tokens, of both readings."""
        readings: tuple[list[list[str]], list[list[str]]] = (
            [[] for _ in asked.examples],
            [[] for _ in asked.examples],
        )
        for output, example in zip(outputs, asked.rows["example"], strict=True):
            for sentences, tags in zip(readings, output, strict=True):
                sentences[example] += [asked.labels[tag] for tag in tags]
        gold = [example["tags"] for example in asked.examples]
        first, second = (
            self.compute_statistics(each, gold, asked.task, asked.language) for each in readings
        )
        return Scored(
            ids=[example["id"] for example in asked.examples],
            statistics={**first, **{name: second[own] for own, name in SECOND.items()}},
            blind=self.blind(readings[0], gold, asked),
            predictions=[" ".join(tags) for tags in readings[0]],
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """One token per line with a tab and its tag, or CoNLL-U; a blank line after each sentence.

        The same tokens in both files, and the task's tags.
        """
        gold = required(gold)
        answers, gold_rows = (_sentences(path) for path in (predictions, gold))
        check_counts(predictions, answers, gold, gold_rows)
        for number, (answer, sentence) in enumerate(zip(answers, gold_rows, strict=True), start=1):
            if answer["words"] != sentence["words"]:
                raise InputError(f"{predictions}, sentence {number}: other tokens than in {gold}")
        pairs = [
            (answer["tags"], sentence["tags"])
            for number, (answer, sentence) in enumerate(
                zip(answers, gold_rows, strict=True), start=1
            )
            if self.check(sentence, task, f"{gold}, sentence {number}")
            and self._is_tagged(answer, task, f"{predictions}, sentence {number}")
        ]
        return Answered(
            answers=[tags for tags, _ in pairs],
            gold=[tags for _, tags in pairs],
            hidden=len(gold_rows) - len(pairs),
        )

    def _is_tagged(self, answer: dict[str, Any], task: Task, where: str) -> bool:
        """True; raise for an answer without tags, as no answer can be hidden."""
        if not self.check(answer, task, where):
            raise InputError(f"{where}: word 1 has no tag")
        return True

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistics of spans (`hits`, `predicted`, `gold`) and of tokens (`correct`, `tokens`)."""
        counts = []
        for tags, gold_tags in zip(answers, gold, strict=True):
            predicted, true = set(spans(tags)), set(spans(gold_tags))
            correct = sum(map(str.__eq__, tags, gold_tags))
            counts.append(
                (len(predicted & true), len(predicted), len(true), correct, len(gold_tags))
            )
        names = ("hits", "predicted", "gold", "correct", "tokens")
        columns = np.array(counts, dtype=float).reshape(-1, len(names)).T
        return dict(zip(names, columns, strict=True))

    def alike(self, gold: Sequence[Any]) -> Sequence[Any]:
        """The most common tag."""
        tag = most_common(tag for tags in gold for tag in tags)
        return [[tag] * len(tags) for tags in gold]


KIND = Tagging()
