"""Whether a language is written in the script of English: 1 or 0."""

from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Measure, NoValueError


def script_match(x: Known, y: Known) -> float:
    """1 for the same script."""
    if x.script is None or y.script is None:
        raise NoValueError("its script is not in the table of languages")
    return float(x.script == y.script)


MEASURE = Measure(
    title="same script",
    level="language",
    reads="languages",
    direction="similarity",
    limits=(0, 1),
    cost="a lookup",
    reference="Pires, Schlinger and Garrette 2019, How Multilingual is Multilingual BERT?",
    compute=script_match,
    missing="languages whose row names no script",
)
