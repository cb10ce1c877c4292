r"""Precision at 1 by cross-domain similarity local scaling.

$$\mathrm{CSLS}(x, y) = 2 \cos(x, y) - r(x) - r(y)$$
with $r$ the mean cosine with the nearest sentences of the other side: a sentence that is near to
everything (a hub) is found less often.
"""

import numpy as np

from xstilts.similarity.alignment import cosine_matrix, found_both_ways, nearness
from xstilts.similarity.measure import Measure
from xstilts.similarity.text_set import Texts


def csls(x: Texts, y: Texts) -> np.ndarray:
    """Mean of both ways, of the sample and of each resample of sentences."""
    cosines = cosine_matrix(x, y)
    rows, columns = nearness(cosines)
    return found_both_ways(2 * cosines - rows[:, None] - columns, x.weights)


MEASURE = Measure(
    title="translation retrieval, CSLS",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(0, 1),
    cost="quadratic in sentences",
    reference="Conneau et al. 2018, Word Translation Without Parallel Data",
    compute=csls,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
