r"""Mean ratio margin of translations.

$$\frac{1}{n} \sum_i \frac{\cos(x_i, y_i)}{(r(x_i) + r(y_i)) / 2}$$
with $r$ the mean cosine with the nearest sentences of the other side: above 1 if translations are
nearer than what is nearest otherwise.
"""

import numpy as np

from xstilts.similarity.alignment import cosine_matrix, nearness
from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import Texts


def margin(x: Texts, y: Texts) -> np.ndarray:
    """The margin, of the sample and of each resample of sentences."""
    cosines = cosine_matrix(x, y)
    rows, columns = nearness(cosines)
    return x.weights @ (np.diag(cosines) / ((rows + columns) / 2))


MEASURE = Measure(
    title="ratio margin",
    level="language",
    reads="parallel",
    direction="similarity",
    limits=(-UNBOUNDED, UNBOUNDED),
    cost="quadratic in sentences",
    reference="Artetxe and Schwenk 2019, Margin-based Parallel Corpus Mining",
    compute=margin,
    missing="languages without parallel text, and English itself",
    invariant=("rotation", "scale"),
)
