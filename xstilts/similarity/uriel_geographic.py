"""URIEL's geographic distance of a language from English.

Of how far the places where a language is spoken are from 299 points of the globe.
The formula is in `xstilts.uriel`.
"""

from xstilts.known import Known
from xstilts.similarity import Measure
from xstilts.uriel import distance_between


def uriel_geographic(x: Known, y: Known) -> float:
    """The geographic distance, 0 to 1."""
    return distance_between("geographic", x, y)


MEASURE = Measure(
    title="geographic distance",
    level="language",
    reads="languages",
    direction="distance",
    limits=(0, 1),
    cost="a lookup",
    reference="Littell et al. 2017, URIEL and lang2vec; tables of urielplus 1.3",
    compute=uriel_geographic,
    missing="invented languages, and those of which URIEL knows fewer than 15 such features",
)
