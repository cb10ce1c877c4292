"""The style of figures (colours, names), and how they are saved: with their data as CSV.

Categories have the colours of Okabe and Ito (2008), which colour-blind readers tell apart. Amounts
have `viridis`. Scales with a zero go from red to blue: red is a loss, white is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from xstilts.io.tables import atomic
from xstilts.tasks import tasks

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
CATEGORIES = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
AMOUNT, LOSS, GAIN = "viridis", "RdBu_r", "RdBu"
GREY = "0.82"  # no value
ZERO: dict[str, Any] = {"color": "0.6", "linewidth": 0.8}  # the line at zero
NO_DATA = "nothing to show"
ACROSS = 4  # panels in a row, where all are alike
WIDEST = 13.0  # inches that a reader's window shows beside the report's menu
LEVEL_TITLES = {
    "by_language": "languages",
    "by_target": "targets",
    "by_target_language": "target and\nlanguage",
    "by_intermediate": "intermediates",
    "by_intermediate_target": "intermediate\nand target",
    "by_intermediate_language": "intermediate\nand language",
    "by_cell": "single cells",
}

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "xstilts",  # the same data give the same file
    }
)


def task_titles(names: Iterable[str]) -> list[str]:
    """Titles of targets and intermediates; a recipe of several tasks keeps its name."""
    by_name = tasks()
    return [by_name[name].title if name in by_name else name for name in names]


def group_titles(axis: str, names: Iterable[str], languages: Mapping[str, str]) -> list[str]:
    """Titles of the values of an axis (or of language families)."""
    if axis == "language":
        return [languages[name] for name in names]
    return task_titles(names)


def widest(values: pd.Series) -> float:
    """The limit of a scale around zero; at least one point."""
    return float(np.nanmax([1.0, values.abs().max()]))


def look_of(at: int) -> tuple[str, str]:
    """Colour and marker of a category by number; the first 56 all differ."""
    return CATEGORIES[at % len(CATEGORIES)], MARKERS[(at // len(CATEGORIES) + at) % len(MARKERS)]


def with_models(names: pd.Series, models: pd.Series) -> pd.Series:
    """The names, with their encoder if there are several encoders."""
    return names + models.map({model: of_model(model, models) for model in models.unique()})


def of_model(model: str, models: pd.Series) -> str:
    """The encoder in brackets, to follow a name, if there are several encoders."""
    return f" ({model})" if models.nunique() > 1 else ""


def side_by_side(names: Sequence[str], size: tuple[float, float]) -> tuple[Figure, dict[str, Axes]]:
    """A figure with one panel per name; panels share their vertical axis."""
    drawn, axes = plt.subplots(
        1, len(names), figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    return drawn, dict(zip(names, axes[0], strict=True))


def in_lines(widths: Sequence[float], most: float) -> list[list[int]]:
    """Indices of panels by line: side by side while they fit, then on a new line."""
    lines: list[list[int]] = []
    used = 0.0
    for panel, width in enumerate(widths):
        if not lines or used + width > most:
            lines.append([])
            used = 0.0
        lines[-1].append(panel)
        used += width
    return lines


def hide_covered(drawn: Figure) -> None:
    """Hide each text inside a figure's panels that overlaps an earlier one."""
    drawn.draw_without_rendering()  # computes the places of texts
    boxes: list[Bbox] = []
    for label in [text for panel in drawn.axes for text in panel.texts]:
        box = label.get_window_extent()
        label.set_visible(not any(box.overlaps(each) for each in boxes))
        boxes += [box] if label.get_visible() else []


def nothing_to_show() -> Figure:
    """A placeholder for a figure without data."""
    drawn = plt.figure(figsize=(4, 1))
    drawn.text(0.5, 0.5, NO_DATA, ha="center", va="center")
    return drawn


def save_figure(drawn: Figure, frame: pd.DataFrame, figure: str, data: str) -> None:
    """Write a figure as SVG, and the data behind it as CSV."""
    with atomic(Path(figure)) as temporary:
        drawn.savefig(temporary, format="svg", metadata={"Date": None})
    plt.close(drawn)
    with atomic(Path(data)) as temporary:
        frame.to_csv(temporary, index=False)
