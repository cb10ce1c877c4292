r"""Fréchet distance of the normal distributions that have the sets' means and covariances.

$$d^2 = \lVert \mu_x - \mu_y \rVert^2
  + \mathrm{tr}\,\big(S_x + S_y - 2 (S_x S_y)^{1/2}\big)$$
in units of the median squared distance between texts. Covariances are shrunk towards a multiple of
the identity by Ledoit and Wolf's (2004) intensity, for sets with few texts. Only the trace of the
square root is needed: with $S_x = L L^\top$ it is the sum of the roots of the eigenvalues of
$L^\top S_y L$.
"""

from typing import NamedTuple

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import Texts

SMALLEST = 1e-9  # variance, so that texts that are all alike have a Cholesky factor


class Side(NamedTuple):
    """Means (1 + resamples, axes); covariances and Cholesky factors (1 + resamples, axes, axes)."""

    means: np.ndarray
    covariances: np.ndarray
    factors: np.ndarray


def describe(texts: Texts) -> Side:
    """What `frechet` needs of each side; resamples are shrunk as the sample is."""
    from sklearn.covariance import ledoit_wolf_shrinkage  # takes a second; not every start pays

    centre = texts.vectors.mean(axis=0)
    vectors = (texts.vectors - centre).astype(np.float64)
    means = texts.weights @ vectors
    products = np.stack([(vectors * row[:, None]).T @ vectors for row in texts.weights])
    covariances = products - means[:, :, None] * means[:, None, :]
    identity = np.eye(vectors.shape[1])
    share = ledoit_wolf_shrinkage(vectors)
    variances = np.trace(covariances, axis1=1, axis2=2) / len(identity) + SMALLEST
    target = variances[:, None, None] * identity
    shrunk = (1 - share) * covariances + share * target + SMALLEST * identity
    return Side(means + centre, shrunk, np.linalg.cholesky(shrunk))


def frechet(x: Side, y: Side) -> np.ndarray:
    """Squared Fréchet distance, of the samples and of each pair of resamples."""
    apart = np.square(x.means - y.means).sum(axis=1)
    inner = x.factors.transpose(0, 2, 1) @ y.covariances @ x.factors
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0)).sum(axis=1)
    spread = np.trace(x.covariances + y.covariances, axis1=1, axis2=2)
    return np.maximum(apart + spread - 2 * roots, 0)


MEASURE = Measure(
    title="Fréchet distance",
    level="cell",
    reads="texts",
    direction="distance",
    limits=(0, UNBOUNDED),
    cost="linear in texts, cubic in axes",
    reference="Dowson and Landau 1982, The Fréchet Distance between Multivariate Normal "
    "Distributions; Heusel et al. 2017",
    describe=describe,
    compute=frechet,
    invariant=("rotation",),
)
