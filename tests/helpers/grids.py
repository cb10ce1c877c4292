"""Simulated grids of scores, and the tables that are made of them, for the tests of degradation."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.grids import PLANTED
from xstilts.degradation.effects import (
    Row,
    effects_of,
    fit_similarity,
    with_multiplicity,
)
from xstilts.degradation.formulas import (
    Specification,
)
from xstilts.degradation.outcomes import CELLS, add_outcomes
from xstilts.degradation.parts import AXES, PARTS
from xstilts.degradation.simulation import EXPECTED, simulated_grid, simulated_outcome
from xstilts.io.tables import rows_table, write_table
from xstilts.similarity.table import SIMILARITY

KEYS = ["intermediate", "target", "language"]
STRONG = {"by_language": -6.0, "by_intermediate_target": -2.0}
INTERCEPTS = (
    "(1 | language) + (1 | target) + (1 | intermediate) + (1 | target:language)"
    " + (1 | intermediate:target) + (1 | intermediate:language)"
)


def with_slopes(part: str) -> str:
    """A part of similarity with a slope by every axis that it meets."""
    axes = [axis for axis in AXES if PARTS[part] != (axis,)]
    return " + ".join([part, *(f"(0 + {part} | {axis})" for axis in axes)])


# The study's model without controls and families, which simulated grids do not have.
WANTED = Specification(
    "gap",
    {
        "intermediate": "trained",
        "by language": with_slopes("by_language"),
        "by the rest": " + ".join(with_slopes(part) for part in [*PARTS][1:]),
    },
    INTERCEPTS,
)
NO_OTHERS = pd.DataFrame(columns=["measure", "intermediate", "target", "language", "similarity"])


def simulated(
    seed: int = 0,
    targets: int = 5,
    languages: int = 10,
    intermediates: str = "abcd",
    effects: dict[str, float] | None = None,
) -> pd.DataFrame:
    """A grid whose gap has effects of PLANTED, in points per standard deviation of each part."""
    random = np.random.default_rng(seed)
    codes = [f"l{at}" for at in range(languages)]
    of_targets = {f"t{at}": codes for at in range(targets)}
    frame = simulated_grid(of_targets, ["none", *intermediates], [1], random)
    outcome = simulated_outcome(frame, effects or PLANTED, EXPECTED, random)
    return frame.assign(gap=15 + outcome, sampling_variance=1.0).drop(columns="seed")


def cell(**values: Any) -> dict[str, Any]:
    """A cell that scores 80 of 100 in English after none, and random answers 20."""
    row = {
        "model": "m",
        "intermediate": "none",
        "target": "xnli",
        "seed": 1,
        "language": "en",
        "metric": "accuracy",
        "reported": True,
        "diverged": "",
        "not_learnt": "",
        "value": 80.0,
        "chance": 20.0,
        "n": 100,
    }
    code = values.get("language", "en")
    half = 3.92 if code != "en" else 1.96
    value = values.get("value", row["value"])
    alone = {"family": code, "script": code}  # no language has a sister
    return {**row, **alone, "low": value - half, "high": value + half, **values}


def cells_of(frame: pd.DataFrame, seeds: int = 1, noise: float = 0.5) -> pd.DataFrame:
    """Cells that score 80 in English and lose a frame's gap elsewhere, and noise of each seed."""
    random = np.random.default_rng(0)
    runs = []
    for seed in range(1, seeds + 1):
        value = 80 - frame["gap"] + random.normal(0, noise, len(frame))
        english = frame[["intermediate", "target"]].drop_duplicates()
        runs.append(frame[KEYS].assign(seed=seed, value=value))
        runs.append(english.assign(language="en", seed=seed, value=80.0))
    joined = pd.concat(runs, ignore_index=True)
    return add_outcomes(pd.DataFrame([cell(**row) for row in records(joined)]))


def grid_of(model: str, *languages: str) -> list[dict[str, Any]]:
    """Cells of XNLI after none and MNLI, where all languages score 70 and 69."""
    return [
        cell(model=model, intermediate=name, language=language, value=70.0 - at)
        for at, name in enumerate(("none", "mnli"))
        for language in languages
    ]


def write_cells(path: Path, rows: list[Row]) -> None:
    """A cell table of some cells; what they do not say is empty."""
    cells = add_outcomes(pd.DataFrame(rows))
    for field in CELLS:
        if field.name not in cells:
            cells[field.name] = 0 if pa.types.is_floating(field.type) else ""
    table = pa.Table.from_pandas(cells[CELLS.names], schema=CELLS, preserve_index=False)
    write_table(path, table, CELLS)


def chosen_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The similarity table of a frame."""
    return frame.dropna(subset="similarity")[[*KEYS, "similarity"]]


@cache
def effects_rows() -> list[dict[str, Any]]:
    """Rows of the effects of a simulated grid, as another test may read but not change them."""
    return effects_of_frame(simulated(), check=True)


def effects_of_frame(frame: pd.DataFrame, wanted: Specification = WANTED, **more: Any) -> list[Row]:
    """Rows of the effects of a frame, fitted anew."""
    return effects_of(fit_similarity(frame, wanted), frame, wanted, **more)


def by_level(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["level"]: row for row in rows}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def similarity_table(path: Path, frame: pd.DataFrame, **columns: Any) -> str:
    common = {
        "direction": "similarity",
        "model": "m",
        "is_default": True,
        "reason": "",
        **columns,
    }
    rows = records(chosen_of(frame).rename(columns={"similarity": "value"}).assign(**common))
    write_table(path, rows_table(rows, SIMILARITY), SIMILARITY)
    return str(path)


def headline_rows(rows: list[Row], missing: int = 0) -> list[Row]:
    """Rows of the effects of one measure alone, as the table has them."""
    named = {"model": "nano", "measure": "centroid_cosine", "missing": missing}
    return with_multiplicity([{**named, **row} for row in rows])
