r"""Maximum mean discrepancy, unbiased, Gaussian kernel of median bandwidth.

$$\mathrm{MMD}^2 = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)}
  + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
  - \frac{2 \sum_{i,j} k(x_i, y_j)}{nm}, \qquad k(a, b) = e^{-\lVert a - b \rVert^2 / 2 h^2}$$
with $h$ the median distance between texts of the two sets together. Zero in expectation for two
samples of one distribution, and then negative half of the time.
"""

import numpy as np
from scipy.spatial.distance import cdist

from xstilts.similarity import Measure


def mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased MMD squared of (n, width) and (m, width) vectors."""
    both = np.concatenate([x, y])
    squared = cdist(both, both, "sqeuclidean")
    bandwidth = np.median(squared[np.triu_indices_from(squared, k=1)])
    kernel = np.exp(-squared / (2 * bandwidth))
    n = len(x)
    within_x, within_y, across = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    return float(_off_diagonal_mean(within_x) + _off_diagonal_mean(within_y) - 2 * across.mean())


def _off_diagonal_mean(kernel: np.ndarray) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


MEASURE = Measure(
    title="maximum mean discrepancy",
    direction="distance",
    reference="Gretton et al. 2012, A Kernel Two-Sample Test",
    compute=mmd,
)
