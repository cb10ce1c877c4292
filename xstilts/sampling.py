"""Which task the next step trains: proportional to size, with a cap (Phang et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def task_order(sizes: Sequence[int], cap: int, steps: int, seed: int) -> np.ndarray:
    """(steps,) index of the task of each step, drawn in proportion to min(size, cap)."""
    weights = np.minimum(sizes, cap).astype(float)
    random = np.random.default_rng([seed, 1])
    return random.choice(len(weights), size=steps, p=weights / weights.sum())


def shuffled_batches(size: int, batch_size: int, seed: int) -> Iterator[np.ndarray]:
    """Endless batches of row indices: every row once an epoch, in a new order each time."""
    random = np.random.default_rng([seed, 2])
    while True:
        order = random.permutation(size)
        for start in range(0, size, batch_size):
            yield order[start : start + batch_size]
