"""Texts as vectors: what similarity is measured on, through one fixed pretrained encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from torch import Tensor

from xstilts.checkpoint.network import load
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Encoder, Precision, run
from xstilts.encoder.packed_batch import Batch
from xstilts.errors import InputError
from xstilts.similarity.token_sets import SPREAD
from xstilts.similarity.vector_table import Key, write_vectors

TOKEN_TEXTS = 200  # texts of which single tokens are kept
Layers = list[int] | Literal["all"]
"""Hidden states: 0 is the embeddings, -1 the last layer's."""


def embed_texts(
    *,
    pretrained: str,
    encoded: str,
    sides: list[str],
    layers: Layers,
    default_layer: int,
    texts: int,
    batch_tokens: int,
    precision: Precision,
    vectors: str,
    tokens: str | None = None,
) -> None:
    """Mean-pooled vectors of a part's inputs (never labels), evenly spaced rows of each language.

    All layers come from one pass. The table's columns are `language`, `layer`, `is_default`
    (whether it is the layer that the model's row names), `side` and `vector`; the n-th vectors of
    all sides belong to one row. Of some rows, single tokens are kept as well (`SPREAD` of each).

    Args:
        pretrained: manifest of the pretrained model.
        encoded: manifest of the task's encoded part.
        sides: names of the sequences of a row that are embedded, from the first on.
        layers: hidden states to pool.
        default_layer: the one that the model's row names, which is always pooled.
        texts: most texts per language.
        batch_tokens: tokens that a forward pass may hold.
        precision: of matrix products.
        vectors: the table to write.
        tokens: the table of single tokens to write, with `language`, `layer` (the default one),
            `is_default`, `vector`; None: none.
    """
    part, encoder = Encoded(Path(encoded)), load(Path(pretrained)).encoder
    pooled_layers, default_layer = _chosen(encoder, layers, default_layer)

    def groups() -> Iterator[tuple[Key, np.ndarray]]:
        for language in part.languages:
            rows = part.sample(language, texts, sequences=len(sides))
            pooled = _pooled(encoder, rows, pooled_layers, batch_tokens, precision)
            for at, layer in enumerate(pooled_layers):
                for place, side in enumerate(sides):
                    key: Key = {
                        "language": language,
                        "layer": layer,
                        "is_default": layer == default_layer,
                    }
                    yield {**key, "side": side}, pooled[place :: len(sides), at]

    write_vectors(Path(vectors), groups())
    if tokens:
        spread = _token_groups(encoder, part, default_layer, batch_tokens, precision)
        write_vectors(Path(tokens), spread)


def _token_groups(
    encoder: Encoder, part: Encoded, layer: int, batch_tokens: int, precision: Precision
) -> Iterator[tuple[Key, np.ndarray]]:
    """(texts x SPREAD, width) hidden states of evenly spaced tokens of some texts, by language."""

    def decode(states: Tensor, batch: Batch) -> list[np.ndarray]:
        return [
            hidden[spread_tokens(len(hidden))].float().cpu().numpy()
            for hidden in batch.split(states[layer])
        ]

    for language in part.languages:
        rows = part.sample(language, TOKEN_TEXTS)
        found = run(encoder, rows, batch_tokens, "all", decode, precision)
        key: Key = {"language": language, "layer": layer, "is_default": True}
        yield key, np.concatenate(found)


def spread_tokens(count: int) -> np.ndarray:
    """(SPREAD,) evenly spaced places among the tokens of a text, without those that mark its ends.

    A text of fewer tokens has some of them twice.
    """
    first, last = (1, count - 2) if count > 2 else (0, count - 1)
    return np.linspace(first, last, SPREAD).round().astype(int)


def _chosen(encoder: Encoder, layers: Layers, default_layer: int) -> tuple[list[int], int]:
    """Hidden states to pool counted from 0, and among them the model's default layer."""
    count = encoder.model.config.num_hidden_layers + 1
    indices = [*range(count)] if layers == "all" else [*layers, default_layer]
    for layer in [*indices, default_layer]:
        if not -count <= layer < count:
            raise InputError(
                f"similarity: layers: the model has layers 0 to {count - 1}, not {layer}"
            )
    return sorted({layer % count for layer in indices}), default_layer % count


def _pooled(
    encoder: Encoder,
    rows: EncodedExamples,
    layers: list[int],
    batch_tokens: int,
    precision: Precision,
) -> np.ndarray:
    """(sequences, layers, width) means over the tokens of each sequence."""

    def decode(states: Tensor, batch: Batch) -> list[np.ndarray]:
        means = np.stack([batch.mean(states[layer]).cpu().numpy() for layer in layers], axis=1)
        return np.split(means, np.cumsum(batch.counts)[:-1])

    return np.concatenate(run(encoder, rows, batch_tokens, "all", decode, precision))
