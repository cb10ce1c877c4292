r"""Sinkhorn divergence: what it costs to move one set onto the other, squared distances as cost.

$$S = C(x, y) - \tfrac12 C(x, x) - \tfrac12 C(y, y), \qquad
  C(x, y) = \langle P, D \rangle, \quad P = \mathrm{diag}(u)\, e^{-D / \varepsilon}\,
  \mathrm{diag}(v)$$
with $P$ the transport plan of least cost under an entropic penalty $\varepsilon$ (a tenth of the
median squared distance), found by Sinkhorn's iterations. Without the last two terms a set would be
away from itself. All resamples share the matrix, so each iteration is one matrix product for all.
"""

from typing import NamedTuple

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import Texts, squared_distances

TEXTS = 128
PENALTY = 0.1
ITERATIONS = 2000  # at most
CLOSE = 1e-7  # change of the scaling, relative to the largest, at which it has settled
LOOK = 10  # iterations between checks of the change


class Side(NamedTuple):
    """Some texts, and what moving them onto themselves costs, (1 + resamples,)."""

    texts: Texts
    within: np.ndarray


def describe(texts: Texts) -> Side:
    """What `sinkhorn` needs of each side."""
    some = texts.subsample(TEXTS)
    return Side(some, cost(some, some))


def cost(x: Texts, y: Texts) -> np.ndarray:
    """C(x, y), of the samples and of each pair of resamples."""
    distances = squared_distances(x.vectors, y.vectors).astype(np.float64)
    # Lowering a row's or a column's costs leaves the plan as it is and keeps numbers in range.
    lowered = distances - distances.min(axis=1, keepdims=True)
    lowered -= lowered.min(axis=0)
    matrix = np.exp(-lowered / PENALTY)
    right = np.ones_like(y.weights)
    for at in range(ITERATIONS):
        left = x.weights / (right @ matrix.T)
        before, right = right, y.weights / (left @ matrix)
        if at % LOOK == 0 and np.abs(right - before).max() < CLOSE * right.max():
            break
    return ((left @ (matrix * distances)) * right).sum(axis=1)


def sinkhorn(x: Side, y: Side) -> np.ndarray:
    """Sinkhorn divergence, of the samples and of each pair of resamples."""
    return cost(x.texts, y.texts) - (x.within + y.within) / 2


MEASURE = Measure(
    title="Sinkhorn divergence",
    level="cell",
    reads="texts",
    direction="distance",
    limits=(-UNBOUNDED, UNBOUNDED),
    cost=f"quadratic in texts, of which it takes {TEXTS} a set",
    reference="Cuturi 2013, Sinkhorn Distances; Genevay, Peyré and Cuturi 2018",
    describe=describe,
    compute=sinkhorn,
    invariant=("rotation",),
)
