"""Outcomes: the cell table, and the transfer gap, defined here and nowhere else.

The **transfer gap** of a cell is the score in English minus the score in the language, for the same
model, intermediate, target and seed, in points of the target's reported metric. English has none:
it is zero by definition. Targets without an English test set (XCOPA, Tatoeba, BUCC) have none
either.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from xstilts.errors import InputError
from xstilts.scores import SCORES
from xstilts.tables import schema, write_table

AXES = ["model", "intermediate", "target", "seed", "language"]
ENGLISH = "en"

CELLS = schema(
    ("model", pa.string(), "Encoder."),
    ("intermediate", pa.string(), "Recipe of phase two."),
    ("target", pa.string(), "Evaluated task."),
    ("seed", pa.int32(), "Training run."),
    ("language", pa.string(), "Language of the test set."),
    *[(field.name, field.type, field.metadata[b"description"].decode()) for field in SCORES],
    ("gap", pa.float64(), "English score minus this score; empty for English and where it lacks."),
)


def collect_cells(*, files: list[str], output: str) -> None:
    """Join score files into the cell table; the axes are read from the hive folders."""
    axes = pa.schema([CELLS.field(name) for name in AXES])
    partitioning = ds.partitioning(schema=axes, flavor="hive")
    table = ds.dataset(files, partitioning=partitioning, format="parquet").to_table()
    cells = add_gap(table.to_pandas())
    write_table(Path(output), pa.Table.from_pandas(cells, preserve_index=False), CELLS)


def add_gap(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with the column `gap`.

    Raises:
        InputError: a cell is there twice.
    """
    keys = [*AXES, "metric"]
    twice = cells[cells.duplicated(keys, keep=False)]
    if len(twice):
        first = ", ".join(f"{axis} {twice.iloc[0][axis]}" for axis in keys)
        raise InputError(f"cells: {first}: more than one score")
    run = [name for name in keys if name != "language"]
    english = cells[cells["language"] == ENGLISH][[*run, "value"]]
    joined = cells.merge(english.rename(columns={"value": "english"}), on=run, how="left")
    gap = joined["english"] - joined["value"]
    return joined.assign(gap=gap.where(joined["language"] != ENGLISH)).drop(columns="english")


def gaps(cells: pd.DataFrame) -> pd.DataFrame:
    """Mean gap over seeds of the reported metric, a row a (model, intermediate, target, language).

    Diverged runs are left out.
    """
    kept = cells[cells["reported"] & (cells["diverged"] == "") & cells["gap"].notna()]
    by = [axis for axis in AXES if axis != "seed"]
    return kept.groupby(by, as_index=False).agg(gap=("gap", "mean"))
