"""URIEL's syntactic distance of a language from English.

It compares word order and other syntactic features (WALS, SSWL, Ethnologue).
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("syntactic")
