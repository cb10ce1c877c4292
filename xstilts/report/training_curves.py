"""Training losses over the steps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from xstilts.checkpoint.curves import read_curves
from xstilts.report.style import look_of, nothing_to_show, save_figure, task_titles
from xstilts.tasks import tasks

PANELS = 3  # per row


def plot_training(
    *, trainings: list[dict[str, Any]], intermediates: list[str], figure: str, data: str
) -> None:
    """Plot losses: one panel per training set, one line per intermediate; dashed = diverged."""
    frame = read_curves(trainings)
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    names = list(dict.fromkeys(frame["training_set"]))
    columns = min(PANELS, len(names))
    rows = -(-len(names) // columns)
    size = (2 + 2.8 * columns, 0.8 + 2.2 * rows)
    drawn, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    looks = {name: look_of(at) for at, name in enumerate(intermediates)}
    for panel, name in zip_longest(axes.flat, names):
        if name is None:
            panel.set_visible(False)
            continue
        _losses(panel, frame[frame["training_set"] == name], looks)
        parts = [tasks()[part].title for part in name.split("+") if part]
        panel.set_title(", then ".join(parts) or "phase two")
    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4)
        for colour, marker in looks.values()
    ]
    drawn.legend(lines, task_titles(intermediates), loc="outside right center")
    drawn.supxlabel("share of the steps", fontsize=9)
    drawn.supylabel("training loss", fontsize=9)
    save_figure(drawn, frame, figure, data)


def _losses(panel: Axes, frame: pd.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    """One line per encoder and intermediate, mean over seeds and tasks; markers at every tenth."""
    for (_, intermediate), rows in frame.groupby(["model", "intermediate"]):
        line = rows.groupby("share")["loss"].mean()
        colour, marker = looks[str(intermediate)]
        panel.plot(
            line.index,
            line,
            "--" if rows["diverged"].any() else "-",
            color=colour,
            marker=marker,
            markersize=3,
            markevery=0.1,
            linewidth=1,
        )
    panel.set_yscale("log")
    panel.xaxis.set_major_formatter(PercentFormatter(1))
