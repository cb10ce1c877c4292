"""URIEL's featural distance of a language from English.

It compares syntactic, phonological and inventory features together.
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("featural")
