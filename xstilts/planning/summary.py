"""A plan in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.grid import Grid
from xstilts.io.tables import aligned
from xstilts.planning.actual import compared
from xstilts.planning.budget import ladder
from xstilts.planning.plan import JOB_AXES, by_axis, by_stage, disk_bytes, gpu_hours, wall_hours
from xstilts.planning.rates import Device, unknown_models
from xstilts.recipes import recipes


def summary(
    config: Mapping[str, Any], grid: Grid, jobs: pd.DataFrame, device: str, workers: int
) -> str:
    """Cells, trainings, hours by stage and axis, disk, and what these rest on."""
    axes = pd.concat([by_axis(jobs, axis) for axis in JOB_AXES], ignore_index=True)
    lines = [
        f"{len([*grid.cells()]):,} cells, {len([*grid.trainings()]):,} trainings",
        f"{gpu_hours(jobs):,.1f} hours of {device}; on {workers} of them at least "
        f"{wall_hours(jobs, workers):,.1f} hours",
        "",
        aligned(by_stage(jobs)),
        "",
        aligned(axes[axes.groupby("axis")["value"].transform("size") > 1]),
        "",
        "keep_checkpoints  GB of weights",
        *(f"{name:<17} {size / 1e9:,.1f}" for name, size in disk_bytes(config, grid).items()),
        "",
        *notes(config, grid, jobs, device),
    ]
    return "\n".join(lines)


def notes(config: Mapping[str, Any], grid: Grid, jobs: pd.DataFrame, device: str) -> list[str]:
    """What the numbers rest on, and what is not in them."""
    machine = Device(device, grid.models)
    lines = [f"{rule}: {source}" for rule, source in machine.sources(jobs["rule"].unique())]
    for name in unknown_models(grid.models):
        lines.append(f"{name}: its size is not known before it is fetched; as XLM-R Large")
    translated = [recipes()[name] for name in grid.intermediates if recipes()[name].translated]
    if {task for each in translated for task in each.tasks} - config["translation"]["data"].keys():
        lines.append("not counted: machine translation of training data")
    lines.append("not counted: models of degradation and figures (minutes), waiting in queues")
    return lines


def compared_with(jobs: pd.DataFrame, results: Path) -> str:
    """Planned against spent hours of the jobs that have finished."""
    return f"\nfinished jobs, hours\n{aligned(compared(jobs, results))}"


def budgeted(config: Mapping[str, Any], jobs: pd.DataFrame, device: str, budget: float) -> str:
    """The steps to the whole grid, which of them fit, and how to run those."""
    steps = ladder(config, jobs, device)
    steps["fits"] = (steps["gpu_hours"] <= budget).map({True: "yes", False: ""})
    table = aligned(steps[["added", "cells", "gpu_hours", "fits"]])
    fitting = steps[steps["fits"] == "yes"]
    if fitting.empty:
        return f"{table}\n\nnothing fits into {budget:g} hours"
    last = fitting.iloc[-1]
    words = " ".join(
        f"'{axis}=[{', '.join(map(str, last[axis]))}]'"
        for axis in ("intermediates", "targets", "seeds")
    )
    return (
        f"{table}\n\n{last['cells']:,} cells for {last['gpu_hours']:,.1f} hours:\n--config {words}"
    )
