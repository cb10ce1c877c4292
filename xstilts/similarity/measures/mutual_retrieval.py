r"""Mutual translation retrieval, the alignment of MEXA: sentences that find each other first.

$$\mu = \frac{1}{n} \sum_i \mathbb{1}\left[\cos(x_i, y_i) > \max_{j \ne i}
  \max(\cos(x_i, y_j), \cos(x_j, y_i))\right]$$
A sentence counts if its translation is nearer to it than any other sentence, and it to its
translation. Times the English score, MEXA predicts the score in the language with it.
"""

import numpy as np

from xstilts.similarity.alignment import cosine_matrix
from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts


def mutual_retrieval(x: Texts, y: Texts) -> np.ndarray:
    """The share, of the sample and of each resample of sentences; the candidates stay."""
    cosines = cosine_matrix(x, y)
    translations = np.diag(cosines).copy()
    np.fill_diagonal(cosines, -np.inf)
    others = np.maximum(cosines.max(axis=0), cosines.max(axis=1))
    return x.weights @ (translations > others).astype(float)


MEASURE = Measure(
    title="mutual retrieval (MEXA)",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(0, 1),
    cost="quadratic in sentences",
    reference="Kargaran et al. 2025, MEXA, Findings of ACL",
    compute=mutual_retrieval,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
