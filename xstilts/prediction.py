"""Predictions of a network on an encoded part, and what scoring says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from xstilts.checkpoints import Network
from xstilts.encoder import run
from xstilts.encoding import Encoded
from xstilts.kinds import Asked, Kind, Reference, Scored, kind_of
from xstilts.scores import evaluate_metric


def predict(
    network: Network, part: Encoded, language: str, split: str, layer: int, tokens: int
) -> list[Any]:
    """Outputs of the task's head (or of none, where nothing is learned) for every row."""
    kind = kind_of(part.task)
    rows = part.rows(language, split)
    head = _head(network, part, kind)
    head.eval()
    chosen = layer if kind.LAYER == "retrieval" else None
    return run(
        network.encoder,
        rows,
        tokens,
        chosen,
        lambda hidden, batch: kind.decode(head, hidden, batch),
    )


def predict_layers(
    network: Network, part: Encoded, language: str, split: str, tokens: int
) -> list[list[Any]]:
    """Outputs of a kind that learns nothing for every row, at each layer, in one pass."""
    kind = kind_of(part.task)
    head = _head(network, part, kind)
    by_row = run(
        network.encoder,
        part.rows(language, split),
        tokens,
        "all",
        lambda states, batch: list(
            zip(*(kind.decode(head, hidden, batch) for hidden in states), strict=True)
        ),
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
    asked = Asked(
        task=part.task,
        language=language,
        labels=network.labels.get(_head_name(network, part), part.labels),
        rows=part.rows(language, split),
        examples=part.examples(language, split),
        reference=reference,
    )
    return kind_of(part.task).score(outputs, asked)


def reference_of(
    part: Encoded, places: list[tuple[str, str]], outputs: Callable[[str, str], list[Any]]
) -> Reference:
    """What scoring needs beside a language's outputs: those of other (language, split) places.

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


def headline_score(
    network: Network, part: Encoded, split: str, layer: int, tokens: int
) -> float | None:
    """The reported metric in percent on the English examples of a split, if it has any."""
    if not part.examples("en", split):
        return None
    outputs = predict(network, part, "en", split, layer, tokens)
    reference = Reference(outputs=outputs, examples=part.examples("en", split))
    scored = score(network, part, "en", split, outputs, reference)
    return evaluate_metric(part.task.metric, scored.statistics, resamples=0)[0]


def _head(network: Network, part: Encoded, kind: Kind) -> torch.nn.Module:
    """The head that the target's training left; a target that learns nothing has a blank one."""
    name = _head_name(network, part)
    return network.heads[name] if name in network.heads else kind.head(network.encoder.width, 1)


def _head_name(network: Network, part: Encoded) -> str:
    """The task itself while it is trained on, else the last task of the target's chain."""
    own = part.task.name
    return own if own in network.heads or not part.task.trains_on else part.task.trains_on[-1]
