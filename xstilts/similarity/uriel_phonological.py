"""URIEL's phonological distance of a language from English.

Of phonological features (WALS, Ethnologue).
The formula is in `xstilts.uriel`.
"""

from xstilts.known import Known
from xstilts.similarity import Measure
from xstilts.uriel import distance_between


def uriel_phonological(x: Known, y: Known) -> float:
    """The phonological distance, 0 to 1."""
    return distance_between("phonological", x, y)


MEASURE = Measure(
    title="phonological distance",
    level="language",
    reads="languages",
    direction="distance",
    limits=(0, 1),
    cost="a lookup",
    reference="Littell et al. 2017, URIEL and lang2vec; tables of urielplus 1.3",
    compute=uriel_phonological,
    missing="invented languages, and those of which URIEL knows fewer than 15 such features",
)
