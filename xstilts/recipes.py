"""What phase two trains on: a recipe is a row that names tasks, and how they are modified.

`none` skips the phase; each intermediate task is a recipe of its own; `multi` is all nine, sampled.
Each of them can be modified, by the end of its name:

- `-mlm`: half of the steps are masked language modelling of text in every language;
- `-mlm-en`: its control, with only English text;
- `-mt`: the tasks' training data are machine translations of the English ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from xstilts.tasks import intermediate_tasks

NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One row.

    Attributes:
        tasks: what is trained on at once, one head per task.
        corpus: the task whose texts are mixed in for masked language modelling, if one is.
        translated: whether the tasks' training data are machine-translated.
    """

    tasks: tuple[str, ...]
    corpus: str | None = None
    translated: bool = False


MODIFIERS: dict[str, dict[str, Any]] = {
    "mlm": {"corpus": "wikipedia"},
    "mlm-en": {"corpus": "wikipedia_en"},
    "mt": {"translated": True},
}


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by its name."""
    nine = intermediate_tasks()
    plain = {name: Recipe(tasks=(name,)) for name in nine} | {"multi": Recipe(tasks=tuple(nine))}
    modified = {
        f"{name}-{modifier}": replace(recipe, **changes)
        for name, recipe in plain.items()
        for modifier, changes in MODIFIERS.items()
    }
    return {NONE: Recipe(tasks=()), **plain, **modified}
