"""TaskEmb: cosine of two tasks' Fisher diagonals (`xstilts.similarity.fisher`).

One is of the network after the intermediate recipe, the other of the target's own, trained without
an intermediate on its English training set; both are of the grid's first seed.
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import cosines


def task_embedding(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of two (1, neurons) diagonals."""
    return float(cosines(x, y)[0])


MEASURE = Measure(
    title="TaskEmb",
    level="task",
    reads="fisher",
    direction="similarity",
    limits=(0, 1),
    cost="a backward pass per example, once per training",
    reference="Vu et al. 2020, Exploring and Predicting Transferability across NLP Tasks; "
    "Achille et al. 2019, Task2Vec",
    compute=task_embedding,
    missing="targets that train on nothing (Tatoeba, BUCC)",
    invariant=("scale",),
)
