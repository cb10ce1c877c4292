r"""Maximum mean discrepancy, unbiased, Gaussian kernel of median bandwidth.

$$\mathrm{MMD}^2 = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)}
  + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
  - \frac{2 \sum_{i,j} k(x_i, y_j)}{nm}, \qquad k(a, b) = e^{-\lVert a - b \rVert^2 / 2 h^2}$$
with $h$ the median distance between texts of all sets, which is 1 in the units of the vectors: one
kernel for all pairs, so that their values can be compared. It is zero in expectation for two
samples of one distribution, and then negative half of the time. The p-value is that of a
permutation test of some of the texts.
"""

from functools import cache, partial

import numpy as np

from xstilts.similarity.kernel_means import KernelMean, between_sets, within_set
from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import PAIRED, Texts, squared_distances

PERMUTATIONS = 99
TESTED = 200  # texts of a set that are permuted


def kernel(x: Texts, y: Texts) -> np.ndarray:
    """(n, m) values of the kernel."""
    return np.exp(-squared_distances(x.vectors, y.vectors) / 2)


def mmd(x: KernelMean, y: KernelMean) -> np.ndarray:
    """Unbiased MMD squared, of the samples and of each pair of resamples."""
    return x.within + y.within - 2 * between_sets(x, y, kernel)


def permutation_p(x: KernelMean, y: KernelMean) -> float:
    """Share of random divisions of some texts whose MMD is as large (Phipson and Smyth 2010)."""
    own, other = (side.texts.subsample(TESTED).vectors for side in (x, y))
    vectors = np.concatenate([own, other])
    values = np.exp(-squared_distances(vectors, vectors) / 2)
    statistics = _of_divisions(values, _divisions(len(own), len(other)))
    # Rounding must not tell a division from itself.
    return float(np.mean(statistics >= statistics[0] - 1e-6))


@cache
def _divisions(n: int, m: int) -> np.ndarray:
    """(1 + permutations, n + m) 1 for what is taken as the first set: as it is, then at random."""
    first = (np.arange(n + m) < n).astype(np.float32)
    random = np.random.default_rng(0)
    return np.stack([first, *(random.permutation(first) for _ in range(PERMUTATIONS))])


def _of_divisions(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(divisions,) unbiased MMD squared, from sums over the first set, both, and all."""
    n = first[0].sum()
    m = len(values) - n
    inside = ((first @ values) * first).sum(axis=1)
    across = first @ values.sum(axis=1) - inside
    outside = values.sum() - inside - 2 * across
    # The kernel of a text with itself is 1.
    return (inside - n) / (n * (n - 1)) + (outside - m) / (m * (m - 1)) - 2 * across / (n * m)


MEASURE = Measure(
    title="maximum mean discrepancy",
    level="cell",
    reads="texts",
    direction="distance",
    limits=(-2, 2),
    cost=f"quadratic in texts, of which it takes {PAIRED} a set",
    reference="Gretton et al. 2012, A Kernel Two-Sample Test",
    describe=partial(within_set, kernel=kernel),
    compute=mmd,
    test=permutation_p,
    invariant=("rotation",),
)
