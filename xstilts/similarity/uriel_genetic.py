"""URIEL's genetic distance of a language from English.

Of how many branches of the family tree two languages share.
The formula is in `xstilts.uriel`.
"""

from xstilts.known import Known
from xstilts.similarity import Measure
from xstilts.uriel import distance_between


def uriel_genetic(x: Known, y: Known) -> float:
    """The genetic distance, 0 to 1."""
    return distance_between("genetic", x, y)


MEASURE = Measure(
    title="genetic distance",
    level="language",
    reads="languages",
    direction="distance",
    limits=(0, 1),
    cost="a lookup",
    reference="Littell et al. 2017, URIEL and lang2vec; tables of urielplus 1.3",
    compute=uriel_genetic,
    missing="invented languages, and those of which URIEL knows fewer than 15 such features",
)
