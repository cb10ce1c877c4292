"""Single tokens of texts, and whose tokens are nearest to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xstilts.similarity.text_set import bootstrap, unit

SPREAD = 4  # tokens of each text


@dataclass(frozen=True, kw_only=True)
class NearestOwners:
    """Texts, and the task that the nearest token of each of their tokens is of.

    Attributes:
        owners: (texts, SPREAD) indices of tasks.
        tasks: number of tasks.
        weights: (1 + resamples, texts) as in `xstilts.similarity.text_set.Texts`.
    """

    owners: np.ndarray
    tasks: int
    weights: np.ndarray

    @cached_property
    def shares(self) -> np.ndarray:
        """(1 + resamples, tasks) the share of nearest tokens that is each task's."""
        hits = (self.owners[:, :, None] == np.arange(self.tasks)).mean(axis=1)
        return np.asarray(self.weights @ hits)


@dataclass(frozen=True, kw_only=True)
class TokenPool:
    """Tokens of the English texts of several tasks, as directions from the mean of all sets.

    Attributes:
        centre: (width,) the mean over sets.
        directions: (tokens, width) unit vectors.
        owners: (tokens,) the task that each is of.
    """

    centre: np.ndarray
    directions: np.ndarray
    owners: np.ndarray

    @classmethod
    def of(cls, tokens: Sequence[np.ndarray], everything: Iterable[np.ndarray]) -> TokenPool:
        """The pool of each task's (tokens, width), centred on the mean of all sets of tokens."""
        centre = np.mean([each.mean(axis=0) for each in everything], axis=0)
        return cls(
            centre=centre,
            directions=unit(np.concatenate(tokens) - centre),
            owners=np.repeat(np.arange(len(tokens)), [len(each) for each in tokens]),
        )

    def nearest(self, tokens: np.ndarray, resamples: int, seed: int) -> NearestOwners:
        """The owners of the nearest tokens, by cosine, of (texts x SPREAD, width) tokens."""
        cosines = unit(tokens - self.centre) @ self.directions.T
        owners = self.owners[cosines.argmax(axis=1)].reshape(-1, SPREAD)
        weights = bootstrap(len(owners), resamples, seed)
        return NearestOwners(owners=owners, tasks=int(self.owners.max()) + 1, weights=weights)
