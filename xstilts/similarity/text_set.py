"""A set of texts as points in the space that all sets share, with its bootstrap resamples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xstilts.encoder.encoded_rows import evenly_spaced

MIN_TEXTS = 10  # fewest texts for which a resample says something
PAIRED = 500  # most texts of a set, in measures that compare every text with every other


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Texts of one set.

    Attributes:
        vectors: (texts, axes), centred on the mean of all sets; the median squared distance
            between two texts of all sets is 1.
        themes: (texts, themes) unit vectors in the axes along which texts of one set differ most
            (`xstilts.similarity.projection`).
        weights: (1 + resamples, texts), each row adding up to 1: first that of the sample, in which
            all texts weigh the same, then one row per bootstrap resample.
        seed: of the resamples; compared sets have different seeds.
    """

    vectors: np.ndarray
    themes: np.ndarray
    weights: np.ndarray
    seed: int

    @staticmethod
    def of(vectors: np.ndarray, themes: int, resamples: int, seed: int) -> Texts:
        """Texts with `resamples` resamples; the first `themes` axes are those of themes."""
        weights = bootstrap(len(vectors), resamples, seed).astype(vectors.dtype)
        return Texts(vectors=vectors, themes=unit(vectors[:, :themes]), weights=weights, seed=seed)

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def means(self) -> np.ndarray:
        """(1 + resamples, axes) centroids."""
        return self.weights @ self.vectors

    def subsample(self, most: int) -> Texts:
        """At most `most` of the texts, evenly spaced, with resamples of their own."""
        if len(self) <= most:
            return self
        indices = evenly_spaced(len(self), most)
        weights = bootstrap(most, len(self.weights) - 1, self.seed).astype(self.weights.dtype)
        vectors, themes = self.vectors[indices], self.themes[indices]
        return Texts(vectors=vectors, themes=themes, weights=weights, seed=self.seed)


def bootstrap(count: int, resamples: int, seed: int) -> np.ndarray:
    """(1 + resamples, count) weights: even, then how often each thing was drawn (Efron 1979)."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), drawn]) / count


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; a zero vector stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) cosines of the rows of (n, width) and (n, width); 0 where one has no length."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.where(lengths > 0, lengths, 1)


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, m) squared Euclidean distances of (n, axes) and (m, axes)."""
    distances: np.ndarray = -2 * (x @ y.T)
    distances += np.square(x).sum(axis=1)[:, None]
    distances += np.square(y).sum(axis=1)
    np.maximum(distances, 0, out=distances)
    return distances


def mean_between(weights_x: np.ndarray, values: np.ndarray, weights_y: np.ndarray) -> np.ndarray:
    """(resamples,) weighted means of (n, m) values."""
    return ((weights_x @ values) * weights_y).sum(axis=1)


def mean_within(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(resamples,) weighted means of (n, n) values over pairs of different texts."""
    whole = mean_between(weights, values, weights)
    same = np.square(weights)
    return (whole - same @ np.diag(values)) / (1 - same.sum(axis=1))
