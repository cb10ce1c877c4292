"""Cosines of sentences and their translations: what measures of alignment are made of."""

from __future__ import annotations

import numpy as np

from xstilts.similarity.text_set import Texts, unit

NEIGHBOURS = 4  # as Artetxe and Schwenk (2019)


def cosine_matrix(x: Texts, y: Texts) -> np.ndarray:
    """(n, n) cosines of every sentence of one side with every sentence of the other."""
    return unit(x.vectors) @ unit(y.vectors).T


def nearness(cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) mean cosine of each row, and of each column, with its nearest neighbours."""
    most = min(NEIGHBOURS, len(cosines))
    means = [
        np.partition(side, len(side) - most, axis=1)[:, -most:].mean(axis=1)
        for side in (cosines, cosines.T)
    ]
    return means[0], means[1]


def found_both_ways(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(resamples,) share of sentences whose translation has the best score, mean of both ways.

    Resamples draw the sentences that are looked up; the candidates stay.
    """
    right = np.arange(len(scores))
    hits = [(side.argmax(axis=1) == right) for side in (scores, scores.T)]
    return weights @ ((hits[0].astype(float) + hits[1]) / 2)
