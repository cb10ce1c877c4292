"""What a step trains on: which stream of examples, and which of these.

All are functions of the step: nothing is consumed, so a training that resumes at a step draws what
it would have drawn.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

CORPUS_SHARE = 0.5  # share of the steps, where masked language modelling is mixed in
CORPUS_BATCH = 24  # texts per step, as many as most intermediate tasks have examples
CORPUS_EXPONENT = 0.3  # on a language's size, as in XLM-R's own sampling (Conneau et al. 2020)


def steps_of(
    sizes: Sequence[int], epochs: Sequence[int], batch_sizes: Sequence[int], cap: int, texts: bool
) -> int:
    """Steps of a fit: every task's epochs, with sizes capped where there are several tasks.

    Args:
        sizes: each task's training examples.
        epochs: passes over each task's examples.
        batch_sizes: examples per step, of each task.
        cap: sizes above this count as this.
        texts: whether masked language modelling is mixed in, in steps of its own.
    """
    most = cap if len(sizes) > 1 else sys.maxsize
    steps = sum(
        times * math.ceil(min(size, most) / batch)
        for size, times, batch in zip(sizes, epochs, batch_sizes, strict=True)
    )
    return round(steps / (1 - CORPUS_SHARE)) if texts else steps


def proportions(sizes: Sequence[int], cap: int, temperature: float = 1.0) -> np.ndarray:
    """Shares of the streams: proportional to min(size, cap) ** (1 / temperature).

    The cap of 2^17 is Phang et al.'s (2020), the temperature Raffel et al.'s (2020, T5).
    """
    weights = np.minimum(sizes, cap).astype(float) ** (1 / temperature)
    return weights / weights.sum()


def stream_order(shares: np.ndarray, steps: int, seed: int) -> np.ndarray:
    """(steps,) the stream of each step, drawn by the streams' shares."""
    return np.random.default_rng([seed, 1]).choice(len(shares), size=steps, p=shares)


def batch_of(size: int, batch_size: int, number: int, seed: int) -> np.ndarray:
    """Rows of batch `number`, from 0: every row once per epoch, in a new order each time."""
    epoch, at = divmod(number, -(-size // batch_size))
    return _shuffled(size, seed, epoch)[at * batch_size : (at + 1) * batch_size]


@lru_cache(maxsize=64)
def _shuffled(size: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, 2, epoch]).permutation(size)
