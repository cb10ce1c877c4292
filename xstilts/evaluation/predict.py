"""Predictions of a network on an encoded part, and what scoring says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from xstilts.checkpoint.network import Network
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import EncodedExamples, evenly_spaced
from xstilts.encoder.model import Layer, Precision, run
from xstilts.evaluation.metrics import evaluate_metric
from xstilts.kinds import (
    EvaluatedKind,
    Examples,
    Kind,
    Reference,
    Scored,
    ScoringInput,
    evaluated_kind,
)
from xstilts.languages import ENGLISH

MIN_DEV_EXAMPLES = 20  # fewest for which one answer to all of them says something


def predict(
    network: Network,
    part: Encoded,
    rows: EncodedExamples,
    layer: int,
    tokens: int,
    precision: Precision,
) -> list[Any]:
    """Outputs of the task's head (or of none, where nothing is learned) for every row."""
    kind = evaluated_kind(part.task)
    head = _head(network, part, kind)
    head.eval()
    decode = partial(kind.decode, head)
    return run(network.encoder, rows, tokens, read_by(kind, layer), decode, precision)


def read_by(kind: Kind, layer: int | None = None) -> Layer:
    """The hidden states that a kind's head reads, given the model's retrieval layer."""
    layers: dict[str, Layer] = {"last": None, "first": "first", "retrieval": layer}
    return layers[kind.reads]


def predict_layers(
    network: Network, part: Encoded, language: str, split: str, tokens: int, precision: Precision
) -> list[list[Any]]:
    """Outputs of a kind that learns nothing for every row, at each layer, in one pass."""
    kind = evaluated_kind(part.task)
    head = _head(network, part, kind)
    by_row = run(
        network.encoder,
        part.rows(language, split),
        tokens,
        "all",
        lambda states, batch: list(
            zip(*(kind.decode(head, hidden, batch) for hidden in states), strict=True)
        ),
        precision,
    )
    return [list(outputs) for outputs in zip(*by_row, strict=True)]


def score(
    network: Network,
    part: Encoded,
    language: str,
    split: str,
    outputs: list[Any],
    reference: Reference,
) -> Scored:
    """Per-example statistics of a language's outputs; labels are those that the head learned."""
    scoring_input = ScoringInput(
        task=part.task,
        language=language,
        labels=network.labels.get(_head_name(network, part), part.labels),
        rows=part.rows(language, split),
        examples=part.examples(language, split),
        reference=reference,
        blind=split == "test" and language == ENGLISH,
    )
    return evaluated_kind(part.task).score(outputs, scoring_input)


def reference_of(
    part: Encoded, places: list[tuple[str, str]], outputs: Callable[[str, str], list[Any]]
) -> Reference:
    """What scoring needs besides a language's outputs: those of other (language, split) places.

    An id is preceded by its language, since two languages of a pool may use the same.
    """
    return Reference(
        outputs=[output for place in places for output in outputs(*place)],
        examples=[
            {**example, "id": f"{language}:{example['id']}"}
            for language, split in places
            for example in part.examples(language, split)
        ],
    )


@dataclass(frozen=True)
class DevScore:
    """The reported metric in percent on English dev examples; whether every answer was the same."""

    value: float
    constant: bool


def dev_score(
    network: Network, part: Encoded, most: int, tokens: int, precision: Precision
) -> DevScore | None:
    """The score on the English dev examples (at most `most`), if there are any."""
    rows, examples = _subsample(part.rows("en", "dev"), part.examples("en", "dev"), most)
    if not examples:
        return None
    kind, head = evaluated_kind(part.task), network.heads[part.task.name].eval()
    decode = partial(kind.decode, head)
    outputs = run(network.encoder, rows, tokens, read_by(kind), decode, precision)
    scoring_input = ScoringInput(
        task=part.task,
        language="en",
        labels=network.labels[part.task.name],
        rows=rows,
        examples=examples,
        reference=Reference(outputs=outputs, examples=examples),
    )
    scored = kind.score(outputs, scoring_input)
    answers = {word for prediction in scored.predictions for word in prediction.split()}
    constant = len(answers) < 2 and len(examples) >= MIN_DEV_EXAMPLES
    value = evaluate_metric(part.task.metric, scored.statistics, resamples=0)[0]
    return DevScore(value, constant)


def _subsample(
    rows: EncodedExamples, examples: Examples, most: int
) -> tuple[EncodedExamples, Examples]:
    """At most `most` examples, evenly spaced, and their rows."""
    if len(examples) <= most:
        return rows, examples
    indices = evenly_spaced(len(examples), most)
    return rows.of_examples(indices), [examples[at] for at in indices]


def _head(network: Network, part: Encoded, kind: EvaluatedKind) -> torch.nn.Module:
    """The head that the target's training left; a target that learns nothing has a blank one."""
    name = _head_name(network, part)
    return network.heads[name] if name in network.heads else kind.head(network.encoder, 1)


def _head_name(network: Network, part: Encoded) -> str:
    """The task itself while it is trained on, else the last task of the target's chain."""
    own = part.task.name
    return own if own in network.heads or not part.task.trains_on else part.task.trains_on[-1]
