r"""Maximum mean discrepancy, unbiased, Gaussian kernel of median bandwidth.

$$\mathrm{MMD}^2 = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)}
  + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
  - \frac{2 \sum_{i,j} k(x_i, y_j)}{nm}, \qquad k(a, b) = e^{-\lVert a - b \rVert^2 / 2 h^2}$$
with $h$ the median distance between texts of all sets, which is 1 in the units of the vectors: one
kernel for all pairs, so that their values can be compared. Zero in expectation for two samples of
one distribution, and then negative half of the time. The p-value is that of a permutation test.
"""

from typing import NamedTuple

import numpy as np

from xstilts.similarity import Measure
from xstilts.texts import PAIRED, Texts, mean_between, mean_within, squared_distances

PERMUTATIONS = 99


class Side(NamedTuple):
    """Some texts, and the mean of the kernel over their pairs, (1 + resamples,)."""

    texts: Texts
    within: np.ndarray


def kernel(x: Texts, y: Texts) -> np.ndarray:
    """(n, m) values of the kernel."""
    found: np.ndarray = np.exp(-squared_distances(x.vectors, y.vectors) / 2)
    return found


def describe(texts: Texts) -> Side:
    """What `mmd` needs of each side."""
    some = texts.few(PAIRED)
    return Side(some, mean_within(some.weights, kernel(some, some)))


def mmd(x: Side, y: Side) -> np.ndarray:
    """Unbiased MMD squared, of the samples and of each pair of resamples."""
    across = mean_between(x.texts.weights, kernel(x.texts, y.texts), y.texts.weights)
    found: np.ndarray = x.within + y.within - 2 * across
    return found


def permutation_p(x: Side, y: Side) -> float:
    """Share of random divisions of all texts whose MMD is as large (Phipson and Smyth 2010)."""
    vectors = np.concatenate([x.texts.vectors, y.texts.vectors])
    values = np.exp(-squared_distances(vectors, vectors) / 2)
    first = np.arange(len(vectors)) < len(x.texts)
    random = np.random.default_rng(0)
    divisions = np.array([first, *(random.permutation(first) for _ in range(PERMUTATIONS))])
    a, b = (side / side.sum(axis=1, keepdims=True) for side in (divisions, ~divisions))
    found = mean_within(a, values) + mean_within(b, values) - 2 * mean_between(a, values, b)
    # Rounding must not tell a division from itself.
    return float(np.mean(found >= found[0] - 1e-9))


MEASURE = Measure(
    title="maximum mean discrepancy",
    level="cell",
    reads="texts",
    direction="distance",
    limits=(-2, 2),
    cost=f"quadratic in texts, of which it takes {PAIRED} a set",
    reference="Gretton et al. 2012, A Kernel Two-Sample Test",
    describe=describe,
    compute=mmd,
    test=permutation_p,
    invariant=("rotation",),
)
