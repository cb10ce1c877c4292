"""What moved where a transfer gap changed: English, or the other languages.

The gap after an intermediate, less that after `none`, is the gain in English less the gain in the
other language. A gap that shrinks because English got worse is no better transfer; so runs that did
not learn their target count here.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from xstilts.degradation.learnt import RUN
from xstilts.degradation.outcomes import AXES, analysed
from xstilts.languages import ENGLISH

OUTCOME = "gap_change"


class Move(NamedTuple):
    """Means over targets of the means over languages and seeds, in points.

    Attributes:
        intermediate: recipe of phase two.
        targets: how many targets there are of it.
        gap_change: the gap less that after `none`: `english` less `others`.
        english: the gain in English.
        others: the gain in the other languages.
    """

    intermediate: str
    targets: int
    gap_change: float
    english: float
    others: float

    @property
    def more(self) -> str:
        """Which of the two moved more, to a tenth of a point."""
        english, others = (round(abs(each), 1) for each in (self.english, self.others))
        if english == others:
            return "both moved alike"
        return f"{'English' if english > others else 'the other languages'} moved more"


def moves(cells: pd.DataFrame) -> list[Move]:
    """The move of every intermediate of one encoder, over the cells that a change of gap has."""
    counted = analysed(cells, OUTCOME, keeping=["not_learnt"])
    reported = cells.loc[cells["reported"], [*AXES, "gain"]]
    english = reported[reported["language"] == ENGLISH].drop(columns="language")
    rows = counted.merge(reported, on=AXES).merge(english, on=RUN, suffixes=("", "_en"))
    columns = [OUTCOME, "gain_en", "gain"]
    by_language = rows.groupby(["intermediate", "target", "language"], sort=False)[columns].mean()
    by_target = by_language.groupby(["intermediate", "target"], sort=False).mean()
    means = by_target.groupby("intermediate", sort=False).agg(["mean", "size"])
    return [
        Move(str(name), int(row[OUTCOME, "size"]), *(float(row[each, "mean"]) for each in columns))
        for name, row in means.iterrows()
    ]
