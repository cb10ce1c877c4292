"""The state of every cell of the grid: a score, or why there is none or it says little."""

from __future__ import annotations

import pandas as pd

from xstilts.languages import ENGLISH

BY = ["model", "intermediate", "target", "language"]
NOT_RUN, DIVERGED, NO_VALUE = "not run", "diverged", "no value"
NOT_LEARNT, AT_CHANCE = "English not learnt", "at or below chance"
STATES = (NOT_RUN, DIVERGED, NOT_LEARNT, AT_CHANCE, NO_VALUE)


def states(cells: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """One row per (model, intermediate, target, language) of the grid, run or not.

    Columns: `score`, the mean of the reported metric over seeds that did not diverge; `english`,
    the same in English; `chance`; `seeds`, the number of those seeds; `state`: `not run` without
    any seed, `diverged` if every run did, `English not learnt` if no sound run learnt its target,
    `at or below chance` by the mean, else empty.

    Args:
        cells: the cell table.
        missing: the cells of the grid that are not in it.
    """
    reported = cells[cells["reported"]]
    sound = reported[reported["diverged"] == ""].groupby(BY)
    scores = pd.DataFrame(
        {
            "score": sound["value"].mean(),
            "chance": reported.groupby(BY)["chance"].first(),
            "seeds": sound.size(),
            "learnt": (sound["not_learnt"].min() == "") | (sound.size() == 0),
        }
    ).reset_index()
    scores["state"] = ""
    scores.loc[scores["score"] <= scores["chance"], "state"] = AT_CHANCE
    scores.loc[~scores.pop("learnt").fillna(True).astype(bool), "state"] = NOT_LEARNT
    scores.loc[scores["score"].isna(), "state"] = DIVERGED
    not_run = missing[BY].drop_duplicates().assign(state=NOT_RUN)
    both = pd.concat([scores, not_run[~_rows(not_run).isin(_rows(scores))]], ignore_index=True)
    english = both[both["language"] == ENGLISH].rename(columns={"score": "english"})
    keys = BY[:-1]
    return both.fillna({"seeds": 0}).merge(english[[*keys, "english"]], on=keys, how="left")


def _rows(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[BY])


def with_states(
    cells: pd.DataFrame, missing: pd.DataFrame, values: pd.DataFrame, outcome: str
) -> pd.DataFrame:
    """`states` joined with an outcome; a cell without it, and without a state, is `no value`.

    Args:
        cells: the cell table.
        missing: the cells of the grid that are not in it.
        values: rows by model, intermediate, target and language; the other columns are joined.
        outcome: the column of `values` that holds the outcome.
    """
    joined = states(cells, missing).merge(values, on=BY, how="left")
    joined.loc[joined[outcome].isna() & ~joined["state"].isin(STATES), "state"] = NO_VALUE
    return joined
