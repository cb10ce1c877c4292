"""Whether a run learnt its target at all, by its score in English.

A transfer gap is small where there was nothing to lose: a run that answers English at random has no
gap. So a run did not learn its target

- if the 95% interval of its English score reaches down to what random answers score, or answers
  that do not look at what is asked (those to other examples, the majority class; column `floor`);
  or
- if it collapsed: the whole interval lies below half of what the same target and seed reached
  without an intermediate task, both counted from random answers.

Targets without an English test set have no such score, and nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from xstilts.languages import ENGLISH
from xstilts.recipes import NONE

SHARE = 0.5  # of the score after none, above chance: a run below it has collapsed
RUN = ["model", "intermediate", "target", "seed"]
BLIND = "no better in English than answers that do not look at what is asked"


def not_learnt(cells: pd.DataFrame) -> pd.Series:
    """(rows,) why the run behind each cell did not learn its target; empty where it did.

    Args:
        cells: the cells of reported and other metrics, `low` and `high` empty where unknown.
    """
    english = cells[(cells["language"] == ENGLISH) & cells["reported"] & cells["value"].notna()]
    columns = [*RUN, "value", "low", "high", "chance", "floor"]
    runs = english.drop_duplicates(RUN).reindex(columns=columns)  # given scores have no floor
    none = runs[runs["intermediate"] == NONE].drop(columns="intermediate")
    by = [name for name in RUN if name != "intermediate"]
    runs = runs.merge(none[[*by, "value"]], on=by, how="left", suffixes=("", "_none"))
    reasons = {tuple(run[name] for name in RUN): _reason(run) for run in runs.to_dict("records")}
    keys = cells[RUN].itertuples(index=False, name=None)
    return pd.Series([reasons.get(key, "") for key in keys], index=cells.index)


def _reason(run: Mapping[Any, Any]) -> str:
    """Why a run did not learn its target, from its English score and that after `none`."""
    value, before = run["value"], run["value_none"]
    chance = _or(run["chance"], 0.0)
    if _or(run["low"], value) <= max(chance, _or(run["floor"], 0.0)):
        return BLIND
    if _or(run["high"], value) < chance + SHARE * (before - chance):
        return f"collapsed: {value:.0f} in English, {before:.0f} after none"
    return ""


def _or(value: float, default: float) -> float:
    """The value; the default where it is nan."""
    return default if value != value else value
