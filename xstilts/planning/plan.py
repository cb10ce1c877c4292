"""The plan of a config: hours by stage and axis, wall hours, disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from xstilts.encoder.size import model_size
from xstilts.grid import Grid
from xstilts.models import Model
from xstilts.planning.rates import Device
from xstilts.planning.stages import ON_GPU
from xstilts.planning.work import Planner

JOB_AXES = ("model", "intermediate", "target", "training_set", "seed")
HALF, WHOLE = 2, 4  # bytes of a weight
ADAPTED = 4  # weights per layer, width and rank: A and B of the query's and the value's adapters


def planned(config: Mapping[str, Any], grid: Grid, device: str) -> pd.DataFrame:
    """One row per job: rule, stage, place, gpu (whether it wants one), the axes, units, seconds."""
    machine = Device(device, grid.models)
    rows = [
        {
            "rule": work.rule,
            "stage": work.stage,
            "place": work.place,
            "gpu": work.rule in ON_GPU,
            **{axis: work.axes.get(axis) for axis in JOB_AXES},
            "units": work.units,
            "tokens": work.learned + work.read,
            "seconds": machine.seconds(work),
        }
        for work in Planner(config, grid).jobs()
    ]
    return pd.DataFrame(rows)


def gpu_hours(jobs: pd.DataFrame) -> float:
    """GPU hours of all jobs together."""
    return float(jobs.loc[jobs["gpu"], "seconds"].sum() / 3600)


def by_stage(jobs: pd.DataFrame) -> pd.DataFrame:
    """Jobs, hours on a GPU and on CPUs of each stage, in the order in which they run."""
    hours = jobs["seconds"] / 3600
    frame = jobs.assign(gpu_hours=hours.where(jobs["gpu"], 0), cpu_hours=hours.mask(jobs["gpu"], 0))
    grouped = frame.groupby("stage", sort=False)
    return grouped.agg(
        jobs=("rule", "size"), gpu_hours=("gpu_hours", "sum"), cpu_hours=("cpu_hours", "sum")
    ).reset_index()


def by_axis(jobs: pd.DataFrame, axis: str) -> pd.DataFrame:
    """GPU hours of each value of an axis; jobs that serve several values are left out."""
    on_gpu = jobs[jobs["gpu"] & jobs[axis].notna() & (jobs[axis] != "")]
    hours = (on_gpu.groupby(axis, sort=False)["seconds"].sum() / 3600).rename("gpu_hours")
    frame: pd.DataFrame = hours.reset_index().rename(columns={axis: "value"})
    frame.insert(0, "axis", axis)
    return frame


def wall_hours(jobs: pd.DataFrame, workers: int) -> float:
    """Hours on so many devices: the sum shared out, or the longest chain of one checkpoint.

    A lower bound: waiting in a queue is not in it.
    """
    on_gpu = jobs[jobs["gpu"]]
    return max(on_gpu["seconds"].sum() / workers, _longest_chain(on_gpu)) / 3600


def _longest_chain(jobs: pd.DataFrame) -> float:
    """Seconds of the longest phase two, then phase three, then evaluation of one run."""
    run = ["model", "intermediate", "seed"]
    longest = jobs.groupby([*run, "stage"], dropna=False)["seconds"].max().unstack("stage")
    stages = [name for name in ("phase two", "phase three", "evaluation") if name in longest]
    return float(longest[stages].fillna(0).sum(axis=1).max())


def disk_bytes(config: Mapping[str, Any], grid: Grid) -> dict[str, int]:
    """Bytes of weights for each `keep_checkpoints`, and of a training in progress."""
    frozen = config["training"]["freeze_embeddings"]
    sizes = {"none": 0, "intermediate": 0, "all": 0}
    most = 0
    for training in grid.trainings():
        size = HALF * trained_weights(grid.models[training.model], frozen)
        most = max(most, size)
        sizes["all"] += size
        sizes["intermediate"] += 0 if training.training_set else size
    # Weights, the best ones so far, and two moments, in 32 bits.
    return {**sizes, "in progress": most // HALF * WHOLE * 4}


def trained_weights(model: Model, frozen: bool) -> int:
    """How many weights of a model a checkpoint holds; heads are too small to count."""
    shape = model_size(model)
    if model.lora:
        return ADAPTED * shape.layers * shape.width * model.lora
    return shape.body if frozen else shape.weights
