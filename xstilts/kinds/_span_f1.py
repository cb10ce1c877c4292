"""Spans of tag sequences by the rules of seqeval 0.0.12, whose F1 is the published one.

A tag is a prefix, its first character, and a type, what follows its last hyphen. With B-, I-, O
that is IOB2, an I- that continues nothing opening a span. UD-POS tags have no hyphen, so the whole
tag is the type: neighbours with the same tag merge into one span, and the published score is an F1
over such runs, not an accuracy. As the prefix S means a span of one word, SCONJ and SYM never
merge. (seqeval 1.2.2 takes the first letter off: CCONJ and SCONJ become one tag, and a confusion of
the two counts as right.)
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int, str]
Part = tuple[str, str]  # prefix, type

ENDING, OPENING = "ES", "BS"  # prefixes that always end, or always open, a span
CUTS = {"BB", "BS", "BO", "IB", "IS", "IO"}  # prefixes between which a span ends
OPENS = {"EE", "EI", "SE", "SI", "OE", "OI"}  # prefixes between which a span begins
OUTSIDE = "O."


def spans(tags: Sequence[str]) -> list[Span]:
    """(first word, word after the last, type) of each span of a sentence."""
    intervals: list[Span] = []
    before: Part = ("O", "")
    start = 0
    for at, tag in enumerate([*tags, "O"]):
        now = tag[0], tag.rpartition("-")[2]
        if _ends(before, now):
            intervals.append((start, at, before[1]))
        if _begins(before, now):
            start = at
        before = now
    return intervals


def _ends(before: Part, now: Part) -> bool:
    if before[0] in ENDING or before[0] + now[0] in CUTS:
        return True
    return before[0] not in OUTSIDE and before[1] != now[1]


def _begins(before: Part, now: Part) -> bool:
    if now[0] in OPENING or before[0] + now[0] in OPENS:
        return True
    return now[0] not in OUTSIDE and before[1] != now[1]
