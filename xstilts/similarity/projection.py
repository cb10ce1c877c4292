r"""The space that texts of all sets share, one layer at a time: few axes, one centre, one unit.

Measures that compare every text with every other cannot do so in a thousand dimensions for the
whole grid. So the vectors of a layer are

1. centred on the mean of all sets, which weigh the same;
2. turned to the principal axes of all variation, of which the first `DIMENSIONS` are kept;
3. turned again among these, so that the first are those along which texts of *one* set differ most
   (principal axes of the mean covariance within sets). The fewest that hold half of the variation
   within sets are the axes of *themes*: what texts are about, rather than what tells a whole set
   (its format, its language) from others;
4. divided by the median distance between two texts, so that distances have one unit everywhere.

Steps 2 and 3 are fitted to at most `FITTED` texts of each set; both leave the distances between the
kept coordinates as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xstilts.encoder.encoded_rows import evenly_spaced
from xstilts.similarity.text_set import squared_distances
from xstilts.similarity.vector_table import Key, VectorTable, write_vectors

DIMENSIONS = 64
FITTED = 200  # texts of each set
MEDIAN_OF = 2000  # texts of all sets
THEMES = 0.5  # share of the variation within sets


class Space(NamedTuple):
    """A layer's space: how vectors get there, and how many of its axes are those of themes."""

    centre: np.ndarray
    turn: np.ndarray
    themes: int

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """(texts, axes) coordinates of (texts, width) vectors."""
        return (vectors - self.centre) @ self.turn


def project_texts(*, tables: dict[str, dict[str, str]], coordinates: str) -> None:
    """Write the coordinates of all texts of a model.

    The table's columns are `role`, `task`, `language`, `layer`, `is_default`, `themes` (how many
    leading axes are those of themes) and `vector`.

    Args:
        tables: embedding tables by role and task.
        coordinates: the table to write.
    """
    opened = {
        (role, task): VectorTable(Path(path))
        for role, by_task in tables.items()
        for task, path in by_task.items()
    }
    layers = sorted(next(iter(opened.values())).layers())

    def groups() -> Iterator[tuple[Key, np.ndarray]]:
        for layer in layers:
            sets = [
                ({"role": role, "task": task, **key}, vectors)
                for (role, task), table in opened.items()
                for key, vectors in table.read(layer=layer)
            ]
            space = fit_space([vectors for _, vectors in sets])
            for key, vectors in sets:
                yield {**key, "themes": space.themes}, space.place(vectors)

    write_vectors(Path(coordinates), groups())


def fit_space(sets: list[np.ndarray]) -> Space:
    """The space of sets of (texts, width) vectors."""
    means = np.stack([vectors.mean(axis=0) for vectors in sets])
    centre = means.mean(axis=0)
    few = [vectors[evenly_spaced(len(vectors), FITTED)] for vectors in sets]
    _, axes = _principal([vectors - centre for vectors in few])
    axes = axes[:, :DIMENSIONS]
    placed = [(vectors - centre) @ axes for vectors in few]
    within, inner = _principal([vectors - vectors.mean(axis=0) for vectors in placed])
    cumulative = np.cumsum(within) / max(within.sum(), 1e-12)
    return Space(centre, axes @ inner / _unit(placed), int(np.searchsorted(cumulative, THEMES)) + 1)


def _principal(sets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Variances and (width, width) axes of the mean second moment of sets, largest first."""
    moment = np.mean([vectors.T @ vectors / len(vectors) for vectors in sets], axis=0)
    variances, axes = np.linalg.eigh(moment)
    return np.maximum(variances[::-1], 0), axes[:, ::-1]


def _unit(sets: list[np.ndarray]) -> float:
    """Median distance between two texts of all sets."""
    every = np.concatenate(sets)
    some = every[evenly_spaced(len(every), MEDIAN_OF)]
    distances = squared_distances(some, some)[np.triu_indices(len(some), 1)]
    return float(np.sqrt(np.median(distances))) or 1.0
