"""What every task must hold to: its facts, and any examples that are read for it."""

from __future__ import annotations

import re
from typing import Any

import torch

from helpers.examples import batch_of_all
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Encoder
from xstilts.evaluation.metrics import METRICS, evaluate_metric
from xstilts.evaluation.predict import read_by
from xstilts.kinds import Reference, ScoringInput, kind_names, kind_of
from xstilts.languages import languages_of
from xstilts.tasks import Hub, Task, tasks

OPTIONAL = {"keys"}  # canonical fields that a row may leave out


def check_facts(task: Task) -> None:
    """A task file says all that the workflow, the report and a reader need."""
    assert task.kind in kind_names()
    learned_only = task.kind == "masked_lm"
    assert task.metric in METRICS or learned_only
    assert task.title
    assert re.search(r"\b(19|20)\d\d\b", task.citation), "a citation has a year"
    assert task.licence
    assert task.hub or task.manual_download, "a way to its data"
    if any(isinstance(each, Hub) for each in task.hub):
        fields = set(kind_of(task).columns) - OPTIONAL
        assert fields <= set(task.columns), "hub columns for every canonical field"
    if task.kind in ("classification", "multiple_choice"):
        assert task.chance == 1 / len(task.labels)
    parallel = task.kind == "bitext" and not task.target  # measures of alignment can read it
    uses = (task.target, task.finetuning, task.intermediate, learned_only, parallel)
    assert any(uses), "something uses it"
    assert bool(task.target) == bool(languages_of(task.name))
    for name in task.trains_on:
        assert tasks()[name].finetuning
        assert tasks()[name].kind == task.kind


def check_examples(
    task: Task, found: dict[str, list[dict[str, Any]]], labels: list[str], model: tuple[Any, Any]
) -> None:
    """Examples are canonical, and can be encoded, learned from, decoded and scored."""
    encoder, tokenizer = model
    kind = kind_of(task)
    for examples in found.values():
        assert all(set(example) == {"id", *kind.columns} for example in examples)
        assert len({example["id"] for example in examples}) == len(examples)
    split = "train" if "train" in found else "test"
    examples = found[split]
    rows = kind.encode(examples, tokenizer, task, labels)
    assert {row["example"] for row in rows} == set(range(len(examples)))
    assert max(len(ids) for row in rows for ids in row["sequences"]) <= task.max_length
    head = kind.head(encoder, len(labels))
    if split == "train":
        _check_loss(encoder, head, kind, rows)
    if task.kind == "masked_lm":
        return
    scored = _scored(task, labels, encoder, head, rows, examples)
    assert len(scored.ids) == len(scored.predictions) > 0
    value, low, high = evaluate_metric(task.metric, scored.statistics, resamples=50)
    assert 0 <= low <= value <= high <= 100


def _check_loss(encoder: Encoder, head: Any, kind: Any, rows: list[Any]) -> None:
    batch = batch_of_all(rows[:4])
    losses = kind.loss(head, encoder, batch)
    losses.sum().backward()
    assert torch.isfinite(losses).all()


def _scored(
    task: Task, labels: list[str], encoder: Encoder, head: Any, rows: list[Any], examples: Any
) -> Any:
    kind = kind_of(task)
    encoder.eval()
    with torch.inference_mode():
        batch = batch_of_all(rows)
        outputs = kind.decode(head, encoder(batch, read_by(kind)), batch)
    reference = Reference(outputs=outputs, examples=examples)
    asked = ScoringInput(
        task=task,
        language="de",
        labels=labels,
        rows=EncodedExamples.of(rows),
        examples=examples,
        reference=reference,
    )
    return kind.score(outputs, asked)
