"""The verdict on a part of similarity: one function, for every page that gives one.

The parts of the headline measure are one family of tests. The measure is chosen before there are
cells, so its p-values are corrected (Holm) for its own parts. All other measures are exploratory,
and their p-values are corrected for every measure and part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xstilts.degradation.outcomes import BETTER

ALPHA = 0.05
YES, OTHER_WAY, NOT_SHOWN, UNKNOWN = "yes", "the other way round", "not shown", "unknown"


def verdict(row: Mapping[str, Any]) -> str:
    """The verdict on a row of the effects.

    `yes` where similarity goes with a smaller loss, or a larger gain; `unknown` without a test.
    """
    p = row["p_family"]
    if p is None or p != p or not row["converged"]:
        return UNKNOWN
    if p >= ALPHA:
        return NOT_SHOWN
    better = row["estimate"] > 0 if row["outcome"] in BETTER else row["estimate"] < 0
    return YES if better else OTHER_WAY
