"""Dual-encoder retrieval: a question and its answer meet as mean-pooled unit vectors.

Trained with in-batch negatives: softmax over scaled cosines to the batch's candidates. Scored
against the candidates of all the target's languages together (LAReQA's multilingual pool). A
candidate is right for a query if they share a key; a row may hold a query, a candidate, or both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from xstilts.encoder.model import Encoder
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
    TrainedKind,
    check_common,
    check_counts,
    required,
)
from xstilts.kinds._retrieval import decode_sides, encode_sides, nearest, stack_side, unit_vectors
from xstilts.tasks import Task

CUT_OFF = 20
FIRST_SCALE = 100.0  # of the cosines, learned from there, as in XTREME-R's dual encoder


class Scale(nn.Module):
    """The learned factor on cosines."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(FIRST_SCALE))

    def forward(self, vectors: Tensor) -> Tensor:
        """The vectors, scaled."""
        return self.scale * vectors


class DualEncoder(TrainedKind, EvaluatedKind):
    """Retrieval by a question and an answer that meet as vectors."""

    columns = {"query": pa.string(), "candidate": pa.string(), "keys": pa.list_(pa.string())}
    optional = frozenset({"query", "candidate"})
    divisible = False

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """Nothing is hidden. An empty query is none, and so is an empty candidate beside a query.

        Where keys say what belongs together, an empty description is still a candidate (Mewsli-X).
        """
        example["query"] = example.get("query") or None
        if example["query"] and "keys" not in example:
            example["candidate"] = example.get("candidate") or None
        return True

    def encode(
        self, examples: Examples, tokenizer: PreTrainedTokenizerBase, task: Task, labels: list[str]
    ) -> list[dict[str, Any]]:
        """One sequence for the query and one for the candidate, where the example has them."""
        return encode_sides(examples, ("query", "candidate"), tokenizer, task.max_length)

    def head(self, encoder: Encoder, labels: int) -> nn.Module:
        """The scale of the cosines."""
        return Scale()

    def loss(self, head: nn.Module, encoder: Encoder, batch: Batch) -> Tensor:
        """Cross-entropy of each query over all candidates of the batch, which is never divided.

        Raises:
            InputError: a row lacks its query or its candidate.
        """
        if batch.counts.min() < 2:
            raise InputError("a pair to train on lacks its query or its candidate")
        vectors = unit_vectors(encoder(batch), batch).view(len(batch), 2, -1)
        logits = head(vectors[:, 0]) @ vectors[:, 1].T
        own = torch.arange(len(logits), device=logits.device)
        return cross_entropy(logits.float(), own, reduction="none")

    def decode(self, head: nn.Module, hidden: Tensor, batch: Batch) -> list[Any]:
        """The unit vectors of each row's query and candidate, None where there is none."""
        return decode_sides(hidden, batch)

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistics `reciprocal_rank` and `average_precision` per query, cut off at rank 20."""
        asking = [at for at, each in enumerate(asked.examples) if each["query"] is not None]
        reference = asked.reference.examples
        pool = [at for at, each in enumerate(reference) if each["candidate"] is not None]
        candidates = [reference[at] for at in pool]
        vectors = stack_side([asked.reference.outputs[at] for at in pool], 1)
        ranked = nearest(stack_side([outputs[at] for at in asking], 0), vectors, CUT_OFF)[1]
        answers = [[candidates[at]["id"] for at in row] for row in ranked]
        answering: dict[str, set[str]] = {}
        for candidate in candidates:
            for key in candidate["keys"]:
                answering.setdefault(key, set()).add(candidate["id"])
        queries = [asked.examples[at] for at in asking]
        gold = [set().union(*(answering.get(key, ()) for key in each["keys"])) for each in queries]
        for query, right in zip(queries, gold, strict=True):
            if not right:
                raise InputError(
                    f"{asked.task.name}, {asked.language}: query '{query['id']}' has no "
                    "right candidate in the pool, so it cannot be scored"
                )
        return Scored(
            ids=[query["id"] for query in queries],
            statistics=self.compute_statistics(answers, gold, asked.task, asked.language),
            blind=self.blind(answers, gold, asked),
            predictions=[" ".join(row) for row in answers],
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """One line per query: ids of candidates, best first; in the gold file, the right ones.

        An empty line of predictions means that nothing was found.
        """
        gold = required(gold)
        answers = [line.split() for line in read_lines(predictions)]
        gold_ids = [set(line.split()) for line in read_lines(gold)]
        check_counts(predictions, answers, gold, gold_ids)
        for number, (ranked, right) in enumerate(zip(answers, gold_ids, strict=True), start=1):
            if len(set(ranked)) < len(ranked):
                raise InputError(f"{predictions}, line {number}: an id is ranked twice")
            if not right:
                raise InputError(f"{gold}, line {number}: no candidate is right")
        ids = {name for row in answers for name in row}
        if ids:
            right = {name for row in gold_ids for name in row}
            check_common(predictions, gold, len(ids & right), "candidates")
        return Answered(answers=answers, gold=gold_ids, empty=sum(not row for row in answers))

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistics `reciprocal_rank` and `average_precision`, both cut off at rank 20.

        Average precision divides by min(right candidates, 20), as XTREME-R's LAReQA scorer does.
        """
        pairs = []
        for ranked, right in zip(answers, gold, strict=True):
            hits = [rank for rank, name in enumerate(ranked[:CUT_OFF], start=1) if name in right]
            precisions = [count / rank for count, rank in enumerate(hits, start=1)]
            reciprocal = 1 / hits[0] if hits else 0.0
            pairs.append((reciprocal, sum(precisions) / min(len(right), CUT_OFF)))
        ranks, averages = np.array(pairs, dtype=float).reshape(-1, 2).T
        return {"reciprocal_rank": ranks, "average_precision": averages}


KIND = DualEncoder()
