"""Cell tables with known gains, and the claims that they decide."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pandas as pd

from xstilts.degradation.claims import (
    evaluate_claims,
)
from xstilts.degradation.gains import evidence_of

HEADLINE = "centroid_cosine"


NO_EFFECTS = pd.DataFrame(columns=["model", "measure", "level", "p_family", "p_holm"])


Gain = Callable[[str, str, str, int], float]


Table = dict[tuple[str, str], dict[str, Any]]


def cell(**values: object) -> dict[str, object]:
    row = {
        "model": "m",
        "intermediate": "none",
        "target": "xnli",
        "seed": 1,
        "language": "en",
        "reported": True,
        "diverged": "",
        "value": 50.0,
    }
    return {**row, **values}


def grid(
    gain: Gain | float,
    intermediates: str,
    targets: str = "xnli tydiqa",
    languages: str = "en sw",
    seeds: int = 1,
) -> pd.DataFrame:
    """Cells that score 50 after none, and that and the gain (a number, or a function) after all."""
    axes = (intermediates.split(), targets.split(), languages.split(), range(1, seeds + 1))
    of = gain if callable(gain) else lambda *_: gain
    trained = [
        cell(intermediate=i, target=t, language=code, seed=s, value=50 + of(i, t, code, s))
        for i, t, code, s in product(*axes)
    ]
    none = [cell(target=t, language=code, seed=s) for t, code, s in product(*axes[1:])]
    return pd.DataFrame([*none, *trained])


def judged(
    cells: pd.DataFrame, effects: pd.DataFrame = NO_EFFECTS, path: str | None = None
) -> Table:
    """The claims of model m, by claim and part."""
    rows = evaluate_claims(evidence_of("m", path, cells, effects, HEADLINE))
    return {(row["claim"], row["part"]): row for row in rows}


def by_language(**gains: float) -> Gain:
    return lambda i, t, code, s: gains[code]
