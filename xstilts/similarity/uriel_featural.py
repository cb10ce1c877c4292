"""URIEL's featural distance of a language from English.

Of syntactic, phonological and inventory features together.
The formula is in `xstilts.uriel`.
"""

from xstilts.known import Known
from xstilts.similarity import Measure
from xstilts.uriel import distance_between


def uriel_featural(x: Known, y: Known) -> float:
    """The featural distance, 0 to 1."""
    return distance_between("featural", x, y)


MEASURE = Measure(
    title="featural distance",
    level="language",
    reads="languages",
    direction="distance",
    limits=(0, 1),
    cost="a lookup",
    reference="Littell et al. 2017, URIEL and lang2vec; tables of urielplus 1.3",
    compute=uriel_featural,
    missing="invented languages, and those of which URIEL knows fewer than 15 such features",
)
