r"""Sliced Wasserstein distance: the mean of $W_1$ over projections onto random directions.

On a line $W_1 = \int_0^1 |F_x^{-1}(q) - F_y^{-1}(q)|\, dq$: here the mean over evenly spaced
quantiles, in units of the median distance between texts.
"""

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import PAIRED, Texts

DIRECTIONS = 64
QUANTILES = 100


def describe(texts: Texts) -> np.ndarray:
    """(1 + resamples, quantiles, directions) quantiles of the projections of some texts."""
    some = texts.subsample(PAIRED)
    directions = np.random.default_rng(0).normal(size=(some.vectors.shape[1], DIRECTIONS))
    projected = some.vectors @ (directions / np.linalg.norm(directions, axis=0))
    places = ((np.arange(QUANTILES) + 0.5) / QUANTILES * len(some)).astype(int)
    counts = np.rint(some.weights * len(some)).astype(int)
    return np.stack([np.sort(np.repeat(projected, row, axis=0), axis=0)[places] for row in counts])


def sliced_wasserstein(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean distance of the quantiles, of the samples and of each pair of resamples."""
    return np.abs(x - y).mean(axis=(1, 2))


MEASURE = Measure(
    title="sliced Wasserstein distance",
    level="cell",
    reads="texts",
    direction="distance",
    limits=(0, UNBOUNDED),
    cost=f"n log n in texts, of which it takes {PAIRED} a set",
    reference="Bonneel et al. 2015, Sliced and Radon Wasserstein Barycenters of Measures",
    describe=describe,
    compute=sliced_wasserstein,
)
