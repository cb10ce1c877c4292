"""Tagging: the first piece of each word carries the word's tag; long sentences are split, not cut.

Spans: with B-/I- labels, IOB2 entities; else maximal runs of one tag, since the published UD-POS
score is a span F1 in which adjacent equal tags merge.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from xstilts.batches import Batch
from xstilts.kinds import Asked, Examples, Scored
from xstilts.tasks import Task

COLUMNS = {"words": pa.list_(pa.string()), "tags": pa.list_(pa.string())}
LAYER: Literal["last"] = "last"
IGNORED = -100

Span = tuple[int, int, str]


def encode(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
) -> list[dict[str, Any]]:
    """One row a piece of a sentence; `tags` aligns with the tokens, -100 where nothing is tagged.

    A tag that training never saw has no class to be predicted as; it is written as -1: not
    learned, and always scored as wrong.
    """
    index = {label: at for at, label in enumerate(labels)}
    rows = []
    for at, example in enumerate(examples):
        tags = [index.get(tag, -1) for tag in example["tags"]]
        for ids, piece in _pieces(example["words"], tags, tokenizer, task.max_length):
            rows.append({"example": at, "sequences": [ids], "tags": piece})
    return rows


def _pieces(
    words: list[str], tags: list[int], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[tuple[list[int], list[int]]]:
    """Token ids and aligned tags of a sentence, in pieces that each fit `max_length`."""
    tokens = tokenizer(words, add_special_tokens=False)["input_ids"]
    first, *rest = tokenizer("")["input_ids"]  # the special tokens around a single text
    room = max_length - 1 - len(rest)
    pieces: list[tuple[list[int], list[int]]] = []
    ids: list[int] = []
    aligned: list[int] = []
    for word, tag in zip(tokens, tags, strict=True):
        word = word[:room] or [tokenizer.unk_token_id]
        if len(ids) + len(word) > room:
            pieces.append((ids, aligned))
            ids, aligned = [], []
        ids = ids + word
        aligned = aligned + [tag] + [IGNORED] * (len(word) - 1)
    pieces.append((ids, aligned))
    return [
        ([first, *ids, *rest], [IGNORED, *aligned, *[IGNORED] * len(rest)])
        for ids, aligned in pieces
    ]


def head(width: int, labels: int) -> nn.Module:
    """Dropout and a linear layer, one output a tag."""
    return nn.Sequential(nn.Dropout(0.1), nn.Linear(width, labels))


def loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy over the tagged tokens."""
    tags = _aligned(batch)
    known = tags >= 0
    return cross_entropy(head(hidden[known]), tags[known])


def decode(head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
    """The best tag of each word of each row."""
    tagged = _aligned(batch) != IGNORED
    best = head(hidden).argmax(-1)
    return [row[mask].tolist() for row, mask in zip(best, tagged, strict=True)]


def _aligned(batch: Batch) -> Tensor:
    """(rows, length) tags, padded with `IGNORED`."""
    tags = torch.full_like(batch.input_ids, IGNORED)
    for at, row in enumerate(batch.rows):
        tags[at, : len(row["tags"])] = torch.tensor(row["tags"], device=tags.device)
    return tags


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistics of spans (`hits`, `predicted`, `gold`) and of tokens (`correct`, `tokens`)."""
    sentences: list[list[str]] = [[] for _ in asked.examples]
    for output, row in zip(outputs, asked.rows, strict=True):
        sentences[row["example"]] += [asked.labels[tag] for tag in output]
    spans = iob_spans if any(label.startswith("B-") for label in asked.labels) else run_spans
    columns: dict[str, list[float]] = {
        name: [] for name in ("hits", "predicted", "gold", "correct", "tokens")
    }
    for tags, example in zip(sentences, asked.examples, strict=True):
        found, gold = set(spans(tags)), set(spans(example["tags"]))
        columns["hits"].append(len(found & gold))
        columns["predicted"].append(len(found))
        columns["gold"].append(len(gold))
        columns["correct"].append(sum(map(str.__eq__, tags, example["tags"])))
        columns["tokens"].append(len(example["tags"]))
    return Scored(
        statistics={name: np.array(values, dtype=float) for name, values in columns.items()},
        predictions=[" ".join(tags) for tags in sentences],
    )


def run_spans(tags: list[str]) -> list[Span]:
    """Maximal runs of one tag as (start, end, tag)."""
    starts = [at for at, tag in enumerate(tags) if at == 0 or tag != tags[at - 1]]
    return [(a, b, tags[a]) for a, b in zip(starts, [*starts[1:], len(tags)], strict=True)]


def iob_spans(tags: list[str]) -> list[Span]:
    """Entities of IOB2 tags as (start, end, type); an I- with nothing before it opens one."""
    spans: list[Span] = []
    for at, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix == "I" and spans and spans[-1][1:] == (at, label):
            spans[-1] = (spans[-1][0], at + 1, label)
        elif prefix in "BI":
            spans.append((at, at + 1, label))
    return spans
