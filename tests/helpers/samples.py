"""Samples of texts and subwords, and a measure of two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from xstilts.similarity.measures import measures
from xstilts.similarity.subword_counts import Subwords
from xstilts.similarity.text_set import Texts

RESAMPLES = 3


def texts(vectors: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> Texts:
    """A side of which every axis is one of themes."""
    return Texts.of(vectors, vectors.shape[1], resamples, seed)


def normal(seed: int, count: int, *means: float, spread: float = 0.4) -> np.ndarray:
    """Normal texts around a point; in three dimensions their median distance is about 1."""
    return np.random.default_rng(seed).normal(means, spread, (count, len(means)))


def compared(name: str, x: Any, y: Any) -> np.ndarray:
    """The values of a measure: of the sample, then of each pair of resamples."""
    measure = measures()[name]
    describe = measure.describe or (lambda side: side)
    found: np.ndarray = measure.compute(describe(x), describe(y))
    return found


def drawn(side: Texts | Subwords, row: int) -> np.ndarray:
    """Which texts the sample (row 0) or a resample has, as often as they were drawn."""
    counts = np.rint(side.weights[row] * len(side)).astype(int)
    return np.repeat(np.arange(len(side)), counts)


def rows() -> range:
    """The sample and its resamples."""
    return range(1 + RESAMPLES)
