r"""Size of a language's pretraining text: $\log_{10}(1 + \mathrm{MiB})$.

Sizes of CC-100 are those of Conneau et al. (2020, appendix) in GiB, in the table of languages;
Chinese is the simplified row, and romanised rows are left out. A language that the model never saw
has the value 0.
"""

import math

from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import UNBOUNDED, Measure, NoValueError


def pretraining_size(x: Known, y: Known) -> float:
    """Logarithm of the size of the second language's text."""
    if y.gigabytes is None:
        raise NoValueError("its share of the model's pretraining text is not known")
    return math.log10(1 + 1024 * y.gigabytes)


MEASURE = Measure(
    title="pretraining text",
    level="language",
    reads="languages",
    direction="similarity",
    limits=(0, UNBOUNDED),
    cost="a lookup",
    reference="Conneau et al. 2020, Unsupervised Cross-lingual Representation Learning at Scale",
    compute=pretraining_size,
    missing="models whose row names no pretraining text, languages without a size",
    symmetric=False,
)
