"""Answers of data sets whose contexts lost the space at their ends, put where they are.

The scripts that wrote XQuAD, TyDiQA and XTREME's MLQA for the hub stripped every context (TyDiQA's
answers too) and left `answer_start` as it was. So the answers of a row whose context began with
space all lie a little before where they say. The right place is the nearest one at which *all* of
them are found: that is the true place in all of 1,200 rows that stripping breaks in XQuAD (11
languages) and TyDiQA (three).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FURTHEST = 20  # characters
MOVED = "answers moved to where they are"
SHIFTS = sorted(range(-FURTHEST, FURTHEST + 1), key=lambda shift: (abs(shift), shift))


def realigned(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """A row with its answers where they are, and whether they were elsewhere.

    Args:
        row: columns `context` and `answers`, which holds `text` and `answer_start`. Where no shift
            fits it is returned as it is, for the check of every row to refuse.
    """
    context, answers = row["context"], row["answers"]
    places = [*zip(answers["text"], answers["answer_start"], strict=True)]
    for shift in SHIFTS:
        if all(
            start + shift >= 0 and context.startswith(text, start + shift) for text, start in places
        ):
            break
    else:
        return row, False
    starts = [start + shift for _, start in places]
    return {**row, "answers": {"text": answers["text"], "answer_start": starts}}, shift != 0
