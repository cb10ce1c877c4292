"""URIEL's genetic distance of a language from English.

It depends on how many branches of the family tree two languages share.
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("genetic")
