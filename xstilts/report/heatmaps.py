"""Heat maps: intermediates down, languages across, one panel per target (or measure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xstilts.degradation.cell_status import (
    AT_CHANCE,
    BY,
    DIVERGED,
    NO_VALUE,
    NOT_LEARNT,
    NOT_RUN,
    with_states,
)
from xstilts.degradation.missing_cells import read_missing
from xstilts.degradation.outcomes import CELLS, GAPS, WORDS, analysed, seed_means
from xstilts.io.tables import read_table
from xstilts.languages import ENGLISH
from xstilts.recipes import NONE
from xstilts.report.style import (
    AMOUNT,
    GAIN,
    GREY,
    LOSS,
    WIDEST,
    in_lines,
    nothing_to_show,
    of_model,
    save_figure,
    task_titles,
    widest,
)
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

CELL = 0.19  # inches, the side of a square
LEFT, RIGHT, ABOVE, BELOW, BAR = 1.4, 0.15, 0.3, 0.95, 0.6  # inches around panels
MARKS = {DIVERGED: "x", NOT_LEARNT: "$/$", AT_CHANCE: ".", NO_VALUE: "_"}
PALETTES = {"gap": LOSS, "gain": GAIN}


class Colours(NamedTuple):
    """A palette, the values at its ends, and their label."""

    palette: str
    low: float
    high: float
    label: str


def plot_outcome(
    *,
    outcome: str,
    cells: str,
    missing: str,
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Plot an outcome of every cell, mean over seeds; cells without one, or at chance, are marked.

    Args:
        outcome: `gap` or `gain` (`xstilts.degradation.outcomes`).
        cells: the cell table.
        missing: the table of the grid's cells that were not run.
        intermediates: recipes in the order of the rows.
        languages: names of languages by code, in the order of the columns.
        figure: the SVG to write.
        data: the CSV to write: outcome, score and state of every cell.
    """
    frame = _outcome_states(cells, missing, outcome)
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    limit = widest(frame[outcome])
    name, unit = WORDS[outcome]
    colours = Colours(PALETTES[outcome], -limit, limit, f"{name} ({unit})")
    save_figure(_panels(frame, outcome, intermediates, languages, colours), frame, figure, data)


def _outcome_states(cells: str, missing: str, outcome: str) -> pd.DataFrame:
    """Outcome and status (`xstilts.degradation.cell_status`) of every cell that has the outcome."""
    table = read_table(Path(cells), CELLS).to_pandas()
    counted, learnt_or_not = (
        seed_means(analysed(table, outcome, keeping), outcome) for keeping in ([], ["not_learnt"])
    )
    # Where no run learnt its target the square shows what there is, and a sign.
    values = pd.concat([counted, learnt_or_not]).drop_duplicates(BY)
    frame = with_states(table, read_missing(Path(missing)), values, outcome)
    if outcome not in GAPS:
        return frame[frame["intermediate"] != NONE]
    in_english = frame[frame["language"] == ENGLISH]["target"]
    return frame[frame["target"].isin(in_english) & (frame["language"] != ENGLISH)]


def plot_similarity(
    *,
    tables: list[str],
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Plot a measure, one panel per target; grey = no value."""
    frame = read_default_layer(tables)
    if frame["value"].isna().all():
        return save_figure(nothing_to_show(), frame, figure, data)
    title = measures()[frame["measure"].iloc[0]].title
    frame["state"] = frame["value"].isna().map({True: NO_VALUE, False: ""})
    turned = "_r" if frame["direction"].iloc[0] == "distance" else ""  # bright = similar
    colours = Colours(AMOUNT + turned, frame["value"].min(), frame["value"].max(), title)
    save_figure(_panels(frame, "value", intermediates, languages, colours), frame, figure, data)


def plot_overview(
    *,
    tables: list[str],
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Plot one panel per measure: intermediates down (by model), languages across by target."""
    frame = read_default_layer(tables)
    codes = list(languages)
    pairs = sorted(
        set(zip(frame["target"], frame["language"], strict=True)),
        key=lambda pair: (pair[0], codes.index(pair[1])),
    )
    names = list(dict.fromkeys(frame.dropna(subset="value")["measure"]))
    if not names:
        return save_figure(nothing_to_show(), frame, figure, data)
    lines = pd.MultiIndex.from_product([frame["model"].unique(), intermediates])
    size = (min(3 + 0.06 * len(pairs), WIDEST), 0.9 + len(names) * (0.32 + 0.05 * len(lines)))
    drawn, axes = plt.subplots(
        len(names), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for panel, name in zip(axes[:, 0], names, strict=True):
        rows = frame[frame["measure"] == name]
        matrix = rows.pivot_table(
            index=["model", "intermediate"], columns=["target", "language"], values="similarity"
        ).reindex(index=lines, columns=pd.MultiIndex.from_tuples(pairs))
        heat(panel, matrix, AMOUNT, matrix.min(axis=None), matrix.max(axis=None))
        panel.set_yticks([(len(lines) - 1) / 2], [measures()[name].title])
    _mark_targets(list(axes[:, 0]), [target for target, _ in pairs])
    save_figure(drawn, frame, figure, data)


def _mark_targets(panels: Sequence[Axes], columns: list[str]) -> None:
    """A line between the columns of two targets, and the name of each below the last panel."""
    targets = list(dict.fromkeys(columns))
    starts = [columns.index(target) for target in targets]
    for panel in panels:
        for start in starts[1:]:
            panel.axvline(start - 0.5, color="white", linewidth=1.5)
    middles = [columns.index(target) + (columns.count(target) - 1) / 2 for target in targets]
    panels[-1].set_xticks(middles, task_titles(targets), rotation=90)


def _panels(
    frame: pd.DataFrame,
    value: str,
    intermediates: Sequence[str],
    languages: Mapping[str, str],
    colours: Colours,
) -> Figure:
    """Heat maps with one scale and squares of one size, one panel per target (and encoder)."""
    groups = dict(list(frame.groupby(["model", "target"], sort=False)))
    codes = {
        key: [code for code in languages if code in set(group["language"])]
        for key, group in groups.items()
    }
    places, size = flow([len(own) for own in codes.values()], len(intermediates))
    drawn = plt.figure(figsize=size)
    for (key, group), place in zip(groups.items(), places, strict=True):
        panel = drawn.add_axes(place)
        matrix = group.pivot(index="intermediate", columns="language", values=value)
        matrix = matrix.reindex(index=list(intermediates), columns=codes[key])
        image = heat(panel, matrix, *colours[:3])
        _mark(panel, group, list(intermediates), codes[key])
        model, target = key
        panel.set_title(task_titles([str(target)])[0] + of_model(str(model), frame["model"]))
        panel.set_xticks(range(len(codes[key])), [languages[code] for code in codes[key]])
        panel.tick_params(axis="x", rotation=90)
        panel.set_yticks(range(len(intermediates)), task_titles(intermediates))
    _explain(drawn, image, colours.label, set(frame["state"]))
    return drawn


def flow(
    columns: Sequence[int], rows: int
) -> tuple[list[tuple[float, float, float, float]], tuple[float, float]]:
    """Places of panels, side by side while they fit and then below, and the size of the figure.

    Args:
        columns: squares across each panel.
        rows: squares down each panel.

    Returns:
        (left, bottom, width, height) of each panel as shares of the figure; inches of the figure.
    """
    line = ABOVE + rows * CELL + BELOW
    widths = [LEFT + count * CELL + RIGHT for count in columns]
    corners, across, top = [], 0.0, 0.0
    for panels in in_lines(widths, WIDEST):
        at = 0.0
        for panel in panels:
            corners.append((at + LEFT, top + ABOVE + rows * CELL))
            at += widths[panel]
        top += line
        across = max(across, at)
    height = top + BAR
    places = [
        (left / across, 1 - below / height, count * CELL / across, rows * CELL / height)
        for count, (left, below) in zip(columns, corners, strict=True)
    ]
    return places, (across, height)


def heat(panel: Axes, matrix: pd.DataFrame, palette: str, low: float, high: float) -> AxesImage:
    """A matrix as coloured squares, grey where it has no value."""
    colours = matplotlib.colormaps[palette].with_extremes(bad=GREY)
    values = np.ma.masked_invalid(matrix.to_numpy(dtype=float))
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return panel.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")


def _mark(panel: Axes, group: pd.DataFrame, rows: list[str], columns: list[str]) -> None:
    """Draw a sign on the squares of every state that has a sign."""
    for state, marker in MARKS.items():
        squares = group[(group["state"] == state) & group["intermediate"].isin(rows)]
        across = [columns.index(code) for code in squares["language"]]
        down = [rows.index(name) for name in squares["intermediate"]]
        panel.plot(
            across,
            down,
            linestyle="",
            marker=marker,
            color="black",
            markersize=4,
            markeredgewidth=0.8,
        )


def _explain(drawn: Figure, image: AxesImage, label: str, states: set[str]) -> None:
    """Draw the colour bar and the legend of grey squares and signs, below all panels."""
    width, height = drawn.get_size_inches()
    bar = drawn.add_axes(
        (LEFT / width, 0.42 / height, min(2.4, width - LEFT) / width, 0.12 / height)
    )
    drawn.colorbar(image, cax=bar, orientation="horizontal", label=label)
    signs: list[Patch | Line2D] = [
        Line2D([], [], color="black", linestyle="", marker=marker, markersize=4, label=state)
        for state, marker in MARKS.items()
        if state in states
    ]
    if NOT_RUN in states:
        signs.append(Patch(color=GREY, label=NOT_RUN))
    if signs:
        place = ((LEFT + 2.7) / width, 0.3 / height)
        drawn.legend(handles=signs, loc="lower left", bbox_to_anchor=place, ncols=len(signs))
