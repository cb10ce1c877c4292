"""The cost of the run: hours of every stage, of a GPU and by the clock, and bytes on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from xstilts.degradation.outcomes import CELLS
from xstilts.io.tables import read_table
from xstilts.planning.actual import costs
from xstilts.planning.stages import ON_GPU, STAGES
from xstilts.report.style import BLUE, save_figure

EVALUATE = "evaluate"
REST = "analysis and figures"
CPU = "cpu"


def plot_cost(*, cells: str, figure: str, data: str) -> None:
    """Plot hours of the stages, and bytes of the folders in the results folder.

    Args:
        cells: the cell table, in the results folder; it names the devices of evaluation.
        figure: the SVG to write.
        data: the CSV to write: columns `what`, `of`, `value`, `unit`, `jobs`.
    """
    devices = set(read_table(Path(cells), CELLS).to_pandas()["device"])
    results = Path(cells).parent
    hours, sizes = stage_hours(results, on_gpu=devices != {CPU}), folder_bytes(results)
    drawn, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained")
    total = float(hours["hours"].iloc[-1])
    scale, unit = (1, "hours") if total >= 1 else (60, "minutes")
    left.barh(hours["stage"][:-1], scale * hours["hours"][:-1], color=BLUE, height=0.6)
    left.set_xlabel(f"{unit} of jobs, by the clock; {scale * total:,.1f} in all")
    right.barh(sizes["folder"], sizes["bytes"] / 1e6, color=BLUE, height=0.6)
    right.set_xlabel("MB on disk")
    for panel in (left, right):
        panel.invert_yaxis()
        panel.tick_params(axis="y", length=0)
    table = pd.concat(
        [
            _rows(hours, "stage", "hours").assign(jobs=hours["jobs"]),
            _rows(hours, "stage", "gpu_hours"),
            _rows(sizes, "folder", "bytes"),
        ]
    )
    save_figure(drawn, table, figure, data)


def _rows(frame: pd.DataFrame, what: str, unit: str) -> pd.DataFrame:
    return pd.DataFrame({"what": what, "of": frame[what], "value": frame[unit], "unit": unit})


def stage_hours(results: Path, on_gpu: bool) -> pd.DataFrame:
    """Columns `stage`, `jobs`, `hours`, `gpu_hours` of finished jobs; the last row is the sum.

    `gpu_hours` are the hours of jobs that hold a GPU, 0 if the run had none.
    """
    jobs = costs(results)
    rule = jobs["rule"].where(~jobs["rule"].str.startswith(f"{EVALUATE}_"), EVALUATE)
    hours = jobs["seconds"] / 3600
    gpu = hours.where(rule.isin(ON_GPU), 0.0) if on_gpu else hours * 0.0
    table = pd.DataFrame(
        {
            "stage": rule.map(STAGES).fillna(REST),
            "jobs": 1,
            "hours": hours,
            "gpu_hours": gpu,
        }
    )
    order = list(dict.fromkeys([*STAGES.values(), REST]))
    stages = table.groupby("stage").sum().reindex(order).dropna()
    stages.loc["all"] = stages.sum()
    return stages.astype({"jobs": int}).rename_axis("stage").reset_index()


def folder_bytes(results: Path) -> pd.DataFrame:
    """Columns `folder`, `bytes` of the folders in a results folder, the largest first.

    A file that has several names counts once, for the folder that comes first by name.
    """
    seen: set[tuple[int, int]] = set()
    sizes = {
        path.name: sum(_sizes(path, seen)) for path in sorted(results.iterdir()) if path.is_dir()
    }
    sizes["tables"] = sum(path.stat().st_size for path in results.iterdir() if path.is_file())
    folders = pd.DataFrame({"folder": list(sizes), "bytes": list(sizes.values())})
    return folders.sort_values("bytes", ascending=False, ignore_index=True)


def _sizes(folder: Path, seen: set[tuple[int, int]]) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                state = (Path(parent) / name).lstat()
            except FileNotFoundError:  # of a running job
                continue
            if (state.st_dev, state.st_ino) not in seen:
                seen.add((state.st_dev, state.st_ino))
                yield state.st_size
