"""URIEL's inventory distance of a language from English.

It compares which sounds two languages have (PHOIBLE).
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("inventory")
