r"""Domain overlap: how many of a text's nearest neighbours come from the other set.

$$O = \tfrac12 \left( \frac{1}{n} \sum_i \frac{s(x_i)}{m / (n + m - 1)}
  + \frac{1}{m} \sum_j \frac{s(y_j)}{n / (n + m - 1)} \right)$$
with $s$ the share of the other set among the 10 nearest texts of both sets, divided by what it is
if both are samples of one distribution: then $O$ is 1. Resamples draw the texts whose neighbours
are counted; the neighbours stay, so the standard error is too small (0.6 of the true one where sets
differ, by simulation).
"""

from typing import NamedTuple

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import PAIRED, Texts, squared_distances

NEIGHBOURS = 10


class Side(NamedTuple):
    """Some texts, and the squared distances to the nearest others of them."""

    texts: Texts
    nearest: np.ndarray


def describe(texts: Texts) -> Side:
    """What `neighbour_overlap` needs of each side."""
    some = texts.subsample(PAIRED)
    distances = squared_distances(some.vectors, some.vectors)
    np.fill_diagonal(distances, np.inf)
    return Side(some, smallest(distances))


def smallest(distances: np.ndarray) -> np.ndarray:
    """(n, neighbours) the smallest of each row, in any order."""
    most = min(NEIGHBOURS, distances.shape[1])
    return np.partition(distances, most - 1, axis=1)[:, :most]


def neighbour_overlap(x: Side, y: Side) -> np.ndarray:
    """O, of the samples and of each pair of resamples."""
    across = squared_distances(x.texts.vectors, y.texts.vectors)
    halves = (_share(x, y, across), _share(y, x, across.T))
    return (halves[0] + halves[1]) / 2


def _share(own: Side, other: Side, across: np.ndarray) -> np.ndarray:
    """(1 + resamples,) the other set's share among neighbours, over what chance would give."""
    theirs = smallest(across)
    both = np.concatenate([own.nearest, theirs], axis=1)
    most = min(NEIGHBOURS, both.shape[1])
    nearest = np.argpartition(both, most - 1, axis=1)[:, :most]
    shares = (nearest >= own.nearest.shape[1]).mean(axis=1)
    chance = len(other.texts) / (len(own.texts) + len(other.texts) - 1)
    return own.texts.weights @ shares / chance


MEASURE = Measure(
    title="nearest-neighbour overlap",
    level="cell",
    reads="texts",
    direction="similarity",
    limits=(0, UNBOUNDED),
    cost=f"quadratic in texts, of which it takes {PAIRED} a set",
    reference="Schilling 1986, Multivariate Two-Sample Tests Based on Nearest Neighbors",
    describe=describe,
    compute=neighbour_overlap,
    invariant=("rotation", "scale"),
)
