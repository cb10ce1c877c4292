"""URIEL's phonological distance of a language from English.

It compares phonological features (WALS, Ethnologue).
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("phonological")
