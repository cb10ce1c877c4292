"""Whether the model saw a language in pretraining: 1 or 0."""

from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Measure, NoValueError


def seen_in_pretraining(x: Known, y: Known) -> float:
    """1 if there is pretraining text in the language."""
    if y.gigabytes is None:
        raise NoValueError("its share of the model's pretraining text is not known")
    return float(y.gigabytes > 0)


MEASURE = Measure(
    title="seen in pretraining",
    level="language",
    reads="languages",
    direction="similarity",
    limits=(0, 1),
    cost="a lookup",
    reference="Conneau et al. 2020, Unsupervised Cross-lingual Representation Learning at Scale",
    compute=seen_in_pretraining,
    missing="models whose row names no pretraining text, languages without a size",
    symmetric=False,
)
