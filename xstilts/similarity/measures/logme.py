r"""LogME: how likely the labels are under the best linear model of the features.

For features $F$ and a class's indicator $y$,
$$\max_{\alpha, \beta}\ \frac{1}{n} \log p(y \mid F, \alpha, \beta), \qquad
  y \sim N(F w, \beta^{-1} I), \quad w \sim N(0, \alpha^{-1} I)$$
found by iterating the two precisions; the mean over classes. Features are the intermediate
encoder's, of English dev examples of the target's training set; the target's other languages are
not used.
"""

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure

ITERATIONS = 200
CLOSE = 1e-6  # relative change of the ratio of precisions


def logme(features: np.ndarray, labels: np.ndarray) -> float:
    """Log evidence per example, mean over classes; (n, width) features and (n,) classes."""
    u, s, _ = np.linalg.svd(features.astype(np.float64), full_matrices=False)
    return float(
        np.mean(
            [
                _evidence(u, s**2, (labels == label).astype(float), features.shape[1])
                for label in np.unique(labels)
            ]
        )
    )


def _evidence(u: np.ndarray, variances: np.ndarray, y: np.ndarray, width: int) -> float:
    """The greatest log evidence of one class, over n."""
    n, projected = len(y), np.square(u.T @ y)
    outside = y @ y - projected.sum()  # the part of y that no features reach
    ratio = 1.0  # alpha / beta
    for _ in range(ITERATIONS):
        freedom = (variances / (variances + ratio)).sum()
        size = (variances * projected / np.square(variances + ratio)).sum()
        error = (projected / np.square(1 + variances / ratio)).sum() + outside
        alpha, beta = freedom / max(size, 1e-12), (n - freedom) / max(error, 1e-12)
        change, ratio = abs(alpha / beta - ratio) / ratio, alpha / beta
        if change < CLOSE:
            break
    spread = np.log(alpha + beta * variances).sum() + (width - len(variances)) * np.log(alpha)
    total = (
        width * np.log(alpha)
        + n * np.log(beta)
        - spread
        - beta * error
        - alpha * size
        - n * np.log(2 * np.pi)
    )
    return float(total / (2 * n))


MEASURE = Measure(
    title="LogME",
    level="task",
    reads="features",
    direction="similarity",
    limits=(-UNBOUNDED, UNBOUNDED),
    cost="cubic in width",
    reference="You et al. 2021, LogME: Practical Assessment of Pre-trained Models",
    compute=logme,
    missing="targets that train on nothing, or whose labels are no classes (span QA, retrieval)",
    symmetric=False,
    invariant=("rotation",),
)
