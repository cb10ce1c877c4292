"""The benchmark's own summary: one score per target, and their mean.

As in XTREME's evaluate.py, a target's score is the plain mean over its languages, English included
(for question answering, of the mean of exact match and F1). The overall score is the plain mean
over targets. XTREME-R's version never prints one, as LAReQA's score is missing; this one does.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xstilts.degradation.outcomes import CELLS
from xstilts.io.tables import atomic, read_table

RUN = ["model", "intermediate", "seed"]
OVERALL = "all targets"


def target_scores(cells: pd.DataFrame) -> pd.DataFrame:
    """Columns of `RUN`, `target`, `languages` (number), `value` (percent).

    A run without cells that another run has gets no overall score.
    """
    reported = cells[cells["reported"]]
    by_target = reported.groupby([*RUN, "target"], as_index=False).agg(
        languages=("language", "size"), value=("value", "mean")
    )
    overall = by_target.groupby(RUN, as_index=False).agg(
        languages=("languages", "sum"), value=("value", "mean")
    )
    whole = overall.loc[overall["languages"] == overall["languages"].max()]
    return pd.concat([by_target, whole.assign(target=OVERALL)], ignore_index=True)


def summarise_xtreme(*, cells: str, summary: str) -> None:
    """Write the summary of a cell table as CSV."""
    frame = target_scores(read_table(Path(cells), CELLS).to_pandas())
    with atomic(Path(summary)) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.2f")
