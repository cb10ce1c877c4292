r"""Cosine gap: how much nearer translations are than other sentences.

$$\frac{1}{n} \sum_i \cos(x_i, y_i) - \frac{1}{n(n-1)} \sum_{i \ne j} \cos(x_i, y_j)$$
"""

import numpy as np

from xstilts.similarity.alignment import cosine_matrix
from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts, mean_within


def cosine_gap(x: Texts, y: Texts) -> np.ndarray:
    """The gap, of the sample and of each resample of sentences."""
    cosines = cosine_matrix(x, y)
    return x.weights @ np.diag(cosines) - mean_within(x.weights, cosines)


MEASURE = Measure(
    title="cosine gap",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(-2, 2),
    cost="quadratic in sentences",
    reference="Hämmerl et al. 2024, Understanding Cross-Lingual Alignment: A Survey",
    compute=cosine_gap,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
