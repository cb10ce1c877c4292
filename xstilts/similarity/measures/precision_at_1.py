"""Precision at 1: how often a sentence's nearest neighbour, by cosine, is its translation."""

import numpy as np

from xstilts.similarity.alignment import cosine_matrix, found_both_ways
from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts


def precision_at_1(x: Texts, y: Texts) -> np.ndarray:
    """Mean of both ways, of the sample and of each resample of sentences."""
    return found_both_ways(cosine_matrix(x, y), x.weights)


MEASURE = Measure(
    title="translation retrieval",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(0, 1),
    cost="quadratic in sentences",
    reference="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings",
    compute=precision_at_1,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
