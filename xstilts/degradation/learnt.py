"""Whether a run learnt its target at all, by its score in English.

A transfer gap is small where there was nothing to lose: a run that answers English at random has no
gap. So a run did not learn its target

- if the 95% interval of its English score reaches down to what random answers score, or
- if it collapsed: the whole interval lies below half of what the same target and seed reached
  without an intermediate task, both counted from random answers.

Targets without an English test set have no such score, and nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from xstilts.recipes import NONE

SHARE = 0.5  # of the score after none, above chance: a run below it has collapsed
RUN = ["model", "intermediate", "target", "seed"]
AT_RANDOM = "no better in English than random answers"


def not_learnt(cells: pd.DataFrame) -> pd.Series:
    """(rows,) why the run behind each cell did not learn its target; empty where it did.

    Args:
        cells: the cells of reported and other metrics, `low` and `high` empty where unknown.
    """
    english = cells[(cells["language"] == "en") & cells["reported"] & cells["value"].notna()]
    runs = english.drop_duplicates(RUN)[[*RUN, "value", "low", "high", "chance"]]
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
    if _or(run["low"], value) <= chance:
        return AT_RANDOM
    if _or(run["high"], value) < chance + SHARE * (before - chance):
        return f"collapsed: {value:.0f} in English, {before:.0f} after none"
    return ""


def _or(value: float, default: float) -> float:
    """The value; the default where it is nan."""
    return default if value != value else value
