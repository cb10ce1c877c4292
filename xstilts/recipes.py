"""What phase two trains on: a recipe is a row that names tasks; several tasks are sampled.

`none` skips the phase; each intermediate task is a recipe of its own; `multi` is all nine.
"""

from __future__ import annotations

from functools import cache

from xstilts.tasks import intermediate_tasks

NONE = "none"


@cache
def recipes() -> dict[str, tuple[str, ...]]:
    """Tasks of every recipe by the recipe's name."""
    nine = intermediate_tasks()
    return {NONE: (), **{name: (name,) for name in nine}, "multi": tuple(nine)}
