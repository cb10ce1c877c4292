r"""H-score: how far apart the classes' mean features are, next to the spread of all features.

$$H = \mathrm{tr}\big(S_a^{-1}\, (1 - a)\, \mathrm{cov}(E[F \mid y])\big), \qquad
  S_a = (1 - a)\, S + a\, \bar\sigma^2 I$$
with $a$ Ledoit and Wolf's shrinkage of the covariance, without which the inverse fits noise. $H$
is at most the number of classes less one. Features are those of LogME.
"""

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure


def h_score(features: np.ndarray, labels: np.ndarray) -> float:
    """H of (n, width) features and (n,) classes."""
    from sklearn.covariance import ledoit_wolf  # takes a second; not every start pays

    centred = features.astype(np.float64) - features.mean(axis=0)
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    classes, counts = np.unique(labels, return_counts=True)
    means = np.stack([centred[labels == label].mean(axis=0) for label in classes])
    between = (means * counts[:, None]).T @ means / len(labels)
    return float((1 - shrinkage) * np.trace(np.linalg.solve(covariance, between)))


MEASURE = Measure(
    title="H-score",
    level="task",
    reads="features",
    direction="similarity",
    limits=(0, UNBOUNDED),
    cost="cubic in width",
    reference="Bao et al. 2019, An Information-Theoretic Approach to Transferability; shrunk as by "
    "Ibrahim, Ponomareva and Mazumder 2022, Newer is Not Always Better",
    compute=h_score,
    missing="targets that train on nothing, or whose labels are no classes (span QA, retrieval)",
    symmetric=False,
    invariant=("rotation", "scale"),
)
