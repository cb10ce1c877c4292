"""What there is of every cell of the grid: a score, or why there is none or it says little."""

from __future__ import annotations

import pandas as pd

from xstilts.degradation.outcomes import ENGLISH

BY = ["model", "intermediate", "target", "language"]
NOT_RUN, DIVERGED, AT_CHANCE, NO_VALUE = "not run", "diverged", "at or below chance", "no value"
STATES = (NOT_RUN, DIVERGED, AT_CHANCE, NO_VALUE)


def states(cells: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """A row a (model, intermediate, target, language) of the grid, run or not.

    Columns: `score`, the mean of the reported metric over seeds that did not diverge; `english`,
    the same in English; `chance`; `seeds`, how many those are; `state`: `not run` without any seed,
    `diverged` where all that were run did, `at or below chance` by the mean, else empty.

    Args:
        cells: the cell table.
        missing: the cells of the grid that it lacks.
    """
    reported = cells[cells["reported"]]
    sound = reported[reported["diverged"] == ""].groupby(BY)
    found = pd.DataFrame(
        {
            "score": sound["value"].mean(),
            "chance": reported.groupby(BY)["chance"].first(),
            "seeds": sound.size(),
        }
    ).reset_index()
    found["state"] = ""
    found.loc[found["score"] <= found["chance"], "state"] = AT_CHANCE
    found.loc[found["score"].isna(), "state"] = DIVERGED
    gone = missing[BY].drop_duplicates().assign(state=NOT_RUN)
    both = pd.concat([found, gone[~_rows(gone).isin(_rows(found))]], ignore_index=True)
    english = both[both["language"] == ENGLISH].rename(columns={"score": "english"})
    keys = BY[:-1]
    return both.fillna({"seeds": 0}).merge(english[[*keys, "english"]], on=keys, how="left")


def _rows(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[BY])


def with_states(
    cells: pd.DataFrame, missing: pd.DataFrame, values: pd.DataFrame, outcome: str
) -> pd.DataFrame:
    """`states` with an outcome that is defined for some of them, and which without is `no value`.

    Args:
        cells: the cell table.
        missing: the cells of the grid that it lacks.
        values: rows by model, intermediate, target and language; the other columns are joined.
        outcome: which of these is the outcome.
    """
    joined = states(cells, missing).merge(values, on=BY, how="left")
    joined.loc[joined[outcome].isna() & ~joined["state"].isin(STATES), "state"] = NO_VALUE
    return joined
