"""URIEL's phonological distance of a language from English.

Of phonological features (WALS, Ethnologue).
The formula is in `xstilts.uriel`.
"""

from xstilts.uriel import measure_of

MEASURE = measure_of("phonological")
