"""Training curves: what is written of every step, and many curves as one small table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from xstilts.io.tables import read_json, read_table, schema

CURVE_FILE = "curve.parquet"  # beside a checkpoint's manifest
POINTS = 50  # per curve in the table

CURVE = schema(
    ("task", pa.string(), "Task of the step."),
    ("step", pa.int32(), "Optimizer step, from 1, within one fit."),
    ("loss", pa.float32(), "Mean training loss of the step's batch."),
    ("norm", pa.float32(), "Norm of the step's gradient, before it was clipped."),
    ("learning_rate", pa.float64(), "Learning rate of the step."),
    ("tokens", pa.int32(), "Tokens of the step's batch."),
    ("dev", pa.float32(), "Mean dev score after the step, in percent, where it was evaluated."),
)


def read_curves(trainings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """About `POINTS` rows per training and task: mean loss of equal stretches of its steps.

    Columns: those of `trainings` but `checkpoint`, then `task`, `share` (of the training's steps,
    at the end of the stretch), `loss`, `dev` (the last one measured in the stretch) and `diverged`.

    Args:
        trainings: the axes of each training, and `checkpoint`, the path of its manifest.
    """
    tables = [_stretches(training) for training in trainings]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _stretches(training: Mapping[str, Any]) -> pd.DataFrame:
    """One training's rows."""
    path = Path(training["checkpoint"])
    curve = read_table(path.with_name(CURVE_FILE), CURVE).to_pandas()
    many = min(POINTS, len(curve))
    curve["share"] = (np.arange(len(curve)) * many // len(curve) + 1) / many
    grouped = curve.groupby(["task", "share"], sort=False, as_index=False)
    stretches = grouped.agg(loss=("loss", "mean"), dev=("dev", "last"))
    axes = {name: value for name, value in training.items() if name != "checkpoint"}
    stretches["diverged"] = bool(read_json(path)["diverged"])
    return pd.concat([pd.DataFrame([axes] * len(stretches)), stretches], axis=1)
