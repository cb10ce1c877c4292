"""URIEL's geographic distance of a language from English.

It compares how far the places where a language is spoken are from 299 points of the globe.
The formula is in `xstilts.similarity.uriel`.
"""

from xstilts.similarity.uriel import measure_of

MEASURE = measure_of("geographic")
