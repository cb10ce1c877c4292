r"""Cosine of the centroids of two sets of texts, $\cos(\bar x, \bar y)$, vectors centred before.

Centring takes out the direction that all texts share (anisotropy); without it every cosine is
near 1.
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts, cosines


def centroid_cosine(x: Texts, y: Texts) -> np.ndarray:
    """Cosine of the mean vectors, of the samples and of each pair of resamples."""
    return cosines(x.means, y.means)


MEASURE = Measure(
    title="centroid cosine",
    level="cell",
    reads="texts",
    direction="similarity",
    limits=(-1, 1),
    cost="linear in texts",
    reference="Vu et al. 2020, Exploring and Predicting Transferability across NLP Tasks",
    compute=centroid_cosine,
    invariant=("rotation", "scale"),
)
