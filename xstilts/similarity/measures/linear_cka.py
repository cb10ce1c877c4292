r"""Linear centred kernel alignment of sentences and their translations.

$$\mathrm{CKA} = \frac{\lVert Y^\top X \rVert_F^2}
  {\lVert X^\top X \rVert_F\, \lVert Y^\top Y \rVert_F}$$
rows paired and columns centred. With the Gram matrices $K = X X^\top$ and $L = Y Y^\top$ each norm
is a sum over pairs of sentences, which takes a resample's weights $w$:
$$\lVert Y^\top X \rVert_F^2 = \sum_{ij} w_i w_j K_{ij} L_{ij}
  - 2 \sum_i w_i (K w)_i (L w)_i + (w^\top K w)(w^\top L w)$$
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts


def linear_cka(x: Texts, y: Texts) -> np.ndarray:
    """CKA, of the sample and of each resample of sentences."""
    weights = x.weights
    # The sums cancel, so what all sentences share goes first; it changes nothing else.
    centred = [(side.vectors - side.vectors.mean(axis=0)).astype(np.float64) for side in (x, y)]
    own, other = (vectors @ vectors.T for vectors in centred)
    scale = np.sqrt(_aligned(own, own, weights) * _aligned(other, other, weights))
    return _aligned(own, other, weights) / np.where(scale > 0, scale, 1)


def _aligned(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(resamples,) the sum above, of two Gram matrices: squared norm of the sides' covariance."""
    xw, yw = weights @ x, weights @ y
    pairs = ((weights @ (x * y)) * weights).sum(axis=1)
    once = (weights * xw * yw).sum(axis=1)
    means = (xw * weights).sum(axis=1) * (yw * weights).sum(axis=1)
    return pairs - 2 * once + means


MEASURE = Measure(
    title="linear CKA",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(0, 1),
    cost="quadratic in sentences",
    reference="Kornblith et al. 2019, Similarity of Neural Network Representations Revisited",
    compute=linear_cka,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
