r"""TextEmb: cosine of the centroids of the two tasks' *English* training texts.

As the centroid cosine, but between tasks: the target's side is the English set that it trains on,
whatever the language, so only the task differs.
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts, cosines


def text_embedding(x: Texts, y: Texts) -> np.ndarray:
    """Cosine of the mean vectors, of the samples and of each pair of resamples."""
    return cosines(x.means, y.means)


MEASURE = Measure(
    title="TextEmb",
    level="task",
    reads="texts",
    direction="similarity",
    limits=(-1, 1),
    cost="linear in texts",
    reference="Vu et al. 2020, Exploring and Predicting Transferability across NLP Tasks",
    compute=text_embedding,
    missing="targets that train on nothing (Tatoeba, BUCC)",
    invariant=("rotation", "scale"),
)
