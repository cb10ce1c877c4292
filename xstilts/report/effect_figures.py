"""Figures of the fitted models: slopes with their intervals, and the effects of groups."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xstilts.degradation.answer import LEVEL_WORDS
from xstilts.degradation.effects import EFFECTS, RANDOM_EFFECTS, TRUTH
from xstilts.degradation.mixed_model import INTERCEPT
from xstilts.degradation.outcomes import CRITICAL, WORDS
from xstilts.degradation.parts import PARTS
from xstilts.degradation.sensitivity import CORRECTED, MAIN_FIT, MAIN_UNIT
from xstilts.io.tables import read_table
from xstilts.report.style import (
    ACROSS,
    BLUE,
    LEVEL_TITLES,
    ORANGE,
    WIDEST,
    ZERO,
    group_titles,
    nothing_to_show,
    of_model,
    save_figure,
    side_by_side,
    with_models,
)
from xstilts.similarity.measures import measures

ROW = 0.24  # inches
PLANTED = "planted truth"


def plot_effects(*, effects: str, figure: str, data: str) -> None:
    """Plot slopes of every measure with 95% intervals, one panel per level; a line is the truth."""
    frame = read_table(Path(effects), EFFECTS).to_pandas()
    titles = {TRUTH: TRUTH, **{name: measure.title for name, measure in measures().items()}}
    frame["row"] = with_models(frame["measure"].map(titles), frame["model"])
    _plot_slopes(frame, figure, data)


def plot_headline(*, effects: str, headline: str, figure: str, data: str) -> None:
    """Plot the headline measure's slopes on one scale, small enough for the first page."""
    frame = read_table(Path(effects), EFFECTS).to_pandas()
    frame = frame[frame["measure"].isin([headline, TRUTH])]
    models = list(dict.fromkeys(frame[frame["measure"] == headline]["model"]))
    if not models:
        return save_figure(nothing_to_show(), frame, figure, data)
    levels = _levels(frame)
    size = (min(WIDEST, 2.2 + 3.0 * len(models)), 1.3 + ROW * len(levels))
    drawn, panels = side_by_side(models, size)
    for model, panel in panels.items():
        mine = frame[frame["model"] == model]
        rows, planted = mine[mine["measure"] == headline], mine[mine["measure"] == TRUTH]
        _forest(panel, rows.assign(row=rows["level"]), levels)
        places = [levels.index(level) for level in planted["level"]]
        panel.plot(planted["estimate"], places, "D", color=ORANGE, markersize=4, label=PLANTED)
        panel.set_yticks(range(len(levels)), [LEVEL_WORDS[level] for level in levels])
        panel.axvline(0, **ZERO)
        panel.set_title(of_model(model, frame["model"]))
    _labelled(drawn, frame, panels[models[0]])
    save_figure(drawn, frame, figure, data)


def _labelled(drawn: Figure, frame: pd.DataFrame, panel: Axes) -> None:
    """The unit of the slopes, and a legend where the truth is known."""
    name, unit = WORDS[frame["outcome"].iloc[0]]
    drawn.supxlabel(f"{unit} of {name} per SD of similarity", fontsize=9)
    if (frame["measure"] == TRUTH).any():
        drawn.legend(*panel.get_legend_handles_labels(), loc="outside upper right")


def _plot_slopes(frame: pd.DataFrame, figure: str, data: str) -> None:
    fitted = frame[frame["measure"] != TRUTH]
    if fitted.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    names = list(dict.fromkeys(fitted["row"]))
    levels = _levels(frame)
    drawn, panels = side_by_side(levels, (WIDEST, 1.3 + ROW * len(names)))
    for level, panel in panels.items():
        _forest(panel, fitted[fitted["level"] == level], names)
        planted = frame[(frame["measure"] == TRUTH) & (frame["level"] == level)]
        for value in planted["estimate"]:
            panel.axvline(value, color=ORANGE, linestyle="--", label=PLANTED)
        panel.axvline(0, **ZERO)
        panel.set_title(LEVEL_TITLES[level])
    _labelled(drawn, frame, panels[levels[0]])
    save_figure(drawn, frame, figure, data)


def _levels(frame: pd.DataFrame) -> list[str]:
    """The levels in the frame, the broadest first."""
    return [level for level in PARTS if level in set(frame["level"])]


def _forest(panel: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    _dots(panel, [names.index(name) for name in rows["row"]], rows)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)


def _dots(panel: Axes, places: list[int], rows: pd.DataFrame) -> None:
    """Estimates and intervals at their places."""
    panel.hlines(places, rows["low"], rows["high"], color=BLUE, linewidth=1.5)
    panel.plot(rows["estimate"], places, "o", color=BLUE, markersize=4)


def plot_sensitivity(*, sensitivity: str, figure: str, data: str) -> None:
    """Plot the headline's slopes under variants in the main fit's unit, one panel per level."""
    frame = pd.read_csv(sensitivity)
    frame = frame[frame["unit"].isin([MAIN_UNIT, CORRECTED])].dropna(subset="level")
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    frame["row"] = with_models(frame["variant"], frame["model"])
    names = list(dict.fromkeys(frame["row"]))
    levels = _levels(frame)
    drawn, panels = side_by_side(levels, (WIDEST, 1.2 + ROW * len(names)))
    for level, panel in panels.items():
        rows = frame[frame["level"] == level]
        _forest(panel, rows, names)
        for value in rows[rows["variant"] == MAIN_FIT]["estimate"]:
            panel.axvline(value, color=BLUE, linewidth=0.8, linestyle=":")
        panel.axvline(0, **ZERO)
        panel.set_title(LEVEL_TITLES[level])
    drawn.supxlabel("per SD of similarity", fontsize=9)
    save_figure(drawn, frame, figure, data)


def plot_random_effects(
    *, random_effects: str, outcome: str, languages: dict[str, str], figure: str, data: str
) -> None:
    """Plot sorted predicted effects of groups with 95% intervals, one panel per factor.

    Factors without variance are left out.

    Args:
        random_effects: the table of predicted random effects.
        outcome: the outcome that they are effects on.
        languages: names of languages by code.
        figure: the SVG to write.
        data: the CSV to write.
    """
    frame = read_table(Path(random_effects), RANDOM_EFFECTS).to_pandas()
    half = CRITICAL * frame["se"]
    frame = frame.assign(low=frame["estimate"] - half, high=frame["estimate"] + half)
    factors = ["model", "group", "term"]
    varies = frame.groupby(factors)["se"].transform("max") > 0
    single = frame[varies & ~frame["group"].str.contains(":")]
    if single.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    panels = dict(list(single.groupby(factors, sort=False)))
    down = -(-len(panels) // ACROSS)
    size = (WIDEST, down * (1.2 + 0.17 * max(map(len, panels.values()))))
    drawn, axes = plt.subplots(down, ACROSS, figsize=size, squeeze=False, layout="constrained")
    for panel in axes.flat[len(panels) :]:
        panel.set_visible(False)
    for panel, ((model, group, term), rows) in zip(axes.flat, panels.items(), strict=False):
        _caterpillar(panel, rows, group_titles(group, rows["level"], languages))
        slope = term != INTERCEPT
        level = LEVEL_TITLES.get(term, term).replace("\n", " ")
        name = f"{group}: slope of similarity,\n{level}" if slope else str(group)
        panel.set_title(name + of_model(str(model), frame["model"]))
        panel.set_xlabel(WORDS[outcome][1] + (" per SD" if slope else ""))
    save_figure(drawn, frame, figure, data)


def _caterpillar(panel: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    ordered = rows.assign(name=names).sort_values("estimate").reset_index(drop=True)
    _dots(panel, list(ordered.index), ordered)
    panel.set_yticks(range(len(ordered)), ordered["name"])
    panel.axvline(0, **ZERO)
