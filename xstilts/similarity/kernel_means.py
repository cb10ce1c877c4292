"""Means of a kernel over pairs of texts: within a set, which is computed once, and between two."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xstilts.similarity.text_set import PAIRED, Texts, mean_between, mean_within

Kernel = Callable[[Texts, Texts], np.ndarray]
"""(n, m) values, of each text of one set with each of another."""


class KernelMean(NamedTuple):
    """Some texts of a set, and the mean of a kernel over their pairs, (1 + resamples,)."""

    texts: Texts
    within: np.ndarray


def within_set(texts: Texts, kernel: Kernel) -> KernelMean:
    """The mean over pairs of different texts of a set, of `PAIRED` texts at most."""
    some = texts.subsample(PAIRED)
    return KernelMean(some, mean_within(some.weights, kernel(some, some)))


def between_sets(x: KernelMean, y: KernelMean, kernel: Kernel) -> np.ndarray:
    """(1 + resamples,) means over the pairs of a text of one set and one of the other."""
    return mean_between(x.texts.weights, kernel(x.texts, y.texts), y.texts.weights)
