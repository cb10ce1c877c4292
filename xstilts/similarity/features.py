"""English dev examples as features and classes: what LogME and the H-score are measured on.

Kinds whose labels are classes define `classes(hidden, batch)`: (units, width) vectors, and the
(units,) class of each. Units are examples, choices (right or wrong) or words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from xstilts.checkpoint.network import load
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import evenly_spaced
from xstilts.encoder.model import Encoder, Precision, autocast, device
from xstilts.encoder.packed_batch import Batch, by_length
from xstilts.evaluation.predict import read_by
from xstilts.kinds import ClassifyingKind, kind_of
from xstilts.similarity.vector_table import Key, write_vectors

DEV = 1000  # dev examples, and as many units of them


def compute_features(
    *,
    checkpoint: str,
    parts: dict[str, str],
    batch_tokens: int,
    precision: Precision,
    features: str,
) -> None:
    """Write the features of English dev examples of several tasks, through one encoder.

    Tasks without dev examples, or whose labels are not classes, are left out. The table's columns
    are `task`, `label` (the class) and `vector`.

    Args:
        checkpoint: manifest of the encoder's checkpoint; its heads are not used.
        parts: manifest of the encoded training part of each task.
        batch_tokens: tokens that a forward pass may hold.
        precision: of matrix products.
        features: the table to write.
    """
    encoder = load(Path(checkpoint)).encoder.eval()

    def groups() -> Iterator[tuple[Key, np.ndarray]]:
        for task, path in parts.items():
            part = Encoded(Path(path))
            kind = kind_of(part.task)
            if not isinstance(kind, ClassifyingKind) or not len(part.rows("en", "dev")):
                continue
            vectors, labels = _units(encoder, kind, part, batch_tokens, precision)
            for label in np.unique(labels).tolist():
                yield {"task": task, "label": label}, vectors[labels == label]

    write_vectors(Path(features), groups())


def _units(
    encoder: Encoder, kind: ClassifyingKind, part: Encoded, batch_tokens: int, precision: Precision
) -> tuple[np.ndarray, np.ndarray]:
    """(units, width) features and (units,) classes, of evenly spaced units of all."""
    rows = part.rows("en", "dev")
    rows = rows.of_examples(evenly_spaced(int(rows["example"].max()) + 1, DEV))
    batches = []
    with torch.inference_mode(), autocast(precision):
        for indices in by_length(rows, batch_tokens):
            batch = Batch(rows, indices, device())
            hidden, gold = kind.classes(encoder(batch, read_by(kind)), batch)
            batches.append((hidden.float().cpu().numpy(), gold.cpu().numpy()))
    vectors, labels = (np.concatenate(side) for side in zip(*batches, strict=True))
    sample = evenly_spaced(len(labels), DEV)
    return vectors[sample], labels[sample]
