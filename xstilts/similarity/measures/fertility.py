r"""Difference of fertility, the mean number of subwords per word: $|f_x - f_y|$.

Words are what white space divides. Languages written without spaces have none, and no value.
"""

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure, NoValueError
from xstilts.similarity.subword_counts import Subwords

UNSPACED = ("Han", "Japanese", "Thai", "Burmese")  # scripts, as in the table of languages


def describe(side: Subwords) -> np.ndarray:
    """(1 + resamples,) subwords per word."""
    if side.script is None:
        raise NoValueError("its script is not in the table of languages")
    if side.script in UNSPACED:
        raise NoValueError(f"written without spaces between words ({side.script})")
    subwords = side.totals.sum(axis=1)
    return subwords / (side.weights @ side.words)


def fertility(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Absolute difference, of the samples and of each pair of resamples."""
    return np.abs(x - y)


MEASURE = Measure(
    title="fertility difference",
    level="cell",
    reads="subwords",
    direction="distance",
    limits=(0, UNBOUNDED),
    cost="linear in texts",
    reference="Rust et al. 2021, How Good is Your Tokenizer?",
    describe=describe,
    compute=fertility,
    missing="languages written without spaces (Chinese, Japanese, Thai, Burmese), "
    "or without a script in the table",
)
