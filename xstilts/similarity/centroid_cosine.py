r"""Cosine of the centroids of two sets of texts, $\cos(\bar x, \bar y)$, vectors centred before.

Centring takes out the direction that all texts share (anisotropy); without it every cosine is
near 1. Range -1 to 1. Also called TextEmb.
"""

import numpy as np

from xstilts.similarity import Measure


def centroid_cosine(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of the mean vectors of (n, width) and (m, width)."""
    a, b = x.mean(axis=0), y.mean(axis=0)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


MEASURE = Measure(
    title="centroid cosine",
    direction="similarity",
    reference="Vu et al. 2020, Exploring and Predicting Transferability across NLP Tasks",
    compute=centroid_cosine,
)
