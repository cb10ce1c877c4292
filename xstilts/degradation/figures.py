"""Figures of effects, of their robustness, of held-out prediction and of power."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xstilts.degradation.effects import EFFECTS, TRUTH
from xstilts.degradation.formulas import PARTS
from xstilts.degradation.held_out import HELD_OUT
from xstilts.degradation.outcomes import WORDS
from xstilts.degradation.sensitivity import CORRECTED, MAIN_UNIT
from xstilts.figures import nothing_to_show, save_figure
from xstilts.similarity import measures
from xstilts.tables import read_table

LEVEL_TITLES = {
    "between_languages": "between languages",
    "between_targets": "between targets\nof a language",
    "within": "between intermediates,\nsame target and language",
}
MIXED = "mixed model"
BLUE, ORANGE = "#0072B2", "#D55E00"  # of Okabe and Ito's palette


def plot_effects(*, effects: str, figure: str, data: str) -> None:
    """Slopes of every measure with 95% intervals, a panel a level; the planted truth as a line."""
    frame = read_table(Path(effects), EFFECTS).to_pandas()
    frame["row"] = _named(frame["measure"].map(_title), frame["model"])
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    levels = _levels(frame)
    fitted = frame[frame["measure"] != TRUTH]
    names = list(dict.fromkeys(fitted["row"]))
    drawn, panels = _side_by_side(levels, (1.5 + 3.2 * len(levels), 1.6 + 0.5 * len(names)))
    for level, panel in panels.items():
        _forest(panel, fitted[fitted["level"] == level], names)
        planted = frame[(frame["measure"] == TRUTH) & (frame["level"] == level)]
        for value in planted["estimate"]:
            panel.axvline(value, color=ORANGE, linestyle="--", label="planted truth")
        panel.axvline(0, color="0.6", linewidth=0.8)
        panel.set_title(LEVEL_TITLES[level], fontsize=9)
        panel.set_xlabel(_slope_of(frame["outcome"].iloc[0]), fontsize=8)
    if (frame["measure"] == TRUTH).any():
        panels[levels[0]].legend(fontsize=7, frameon=False)
    save_figure(drawn, frame, figure, data)


def _levels(frame: pd.DataFrame) -> list[str]:
    """The levels that are there, the broadest first."""
    return [level for level in reversed(PARTS) if level in set(frame["level"])]


def _side_by_side(names: list[str], size: tuple[float, float]) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a panel a name, which share their vertical axis."""
    drawn, axes = plt.subplots(
        1, len(names), figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    return drawn, dict(zip(names, axes[0], strict=True))


def _forest(panel: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    _dots(panel, [names.index(name) for name in rows["row"]], rows)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)


def _slope_of(outcome: str) -> str:
    name, unit = WORDS[outcome]
    return f"{unit} of {name} per SD of similarity"


def _title(measure: str) -> str:
    return measure if measure == TRUTH else measures()[measure].title


def plot_sensitivity(*, sensitivity: str, figure: str, data: str) -> None:
    """The headline's slopes under every variant in the main fit's unit, a panel a level."""
    frame = pd.read_csv(sensitivity)
    frame = frame[frame["unit"].isin([MAIN_UNIT, CORRECTED])].dropna(subset="level")
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    frame["row"] = _named(frame["variant"], frame["model"])
    names = list(dict.fromkeys(frame["row"]))
    levels = _levels(frame)
    drawn, panels = _side_by_side(levels, (2.5 + 2.8 * len(levels), 1.2 + 0.26 * len(names)))
    for level, panel in panels.items():
        rows = frame[frame["level"] == level]
        _dots(panel, [names.index(name) for name in rows["row"]], rows)
        for value in rows[rows["variant"] == "main fit"]["estimate"]:
            panel.axvline(value, color=BLUE, linewidth=0.8, linestyle=":")
        panel.axvline(0, color="0.6", linewidth=0.8)
        panel.set_yticks(range(len(names)), names, fontsize=7)
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set_title(LEVEL_TITLES[level], fontsize=9)
        panel.tick_params(axis="x", labelsize=7)
        panel.set_xlabel("per SD of similarity", fontsize=7)
    save_figure(drawn, frame, figure, data)


def plot_held_out(*, held_out: str, skill: str, figure: str, data: str) -> None:
    """Above, what each predictor explains of what was left out; below, group means of one."""
    frame = read_table(Path(held_out), HELD_OUT).to_pandas()
    skills = pd.read_csv(skill)
    if frame.empty:
        return save_figure(nothing_to_show(), skills, figure, data)
    schemes = list(dict.fromkeys(frame["scheme"]))
    skills["row"] = _named(skills["predictor"], skills["model"])
    frame["group"] = _named(frame["group"], frame["model"])
    names = list(dict.fromkeys(skills["row"]))
    drawn, axes = plt.subplots(
        2,
        len(schemes),
        figsize=(1.8 + 2.6 * len(schemes), 5.2),
        squeeze=False,
        layout="constrained",
    )
    for (above, below), scheme in zip(axes.T, schemes, strict=True):
        _skill(above, skills[skills["scheme"] == scheme], names, labelled=scheme == schemes[0])
        above.set_title(f"one {scheme} left out", fontsize=9)
        _observed(below, frame[(frame["scheme"] == scheme) & (frame["predictor"] == MIXED)])
    axes[1][0].set_ylabel("observed, mean", fontsize=8)
    save_figure(drawn, skills, figure, data)


def _skill(panel: Axes, rows: pd.DataFrame, names: list[str], labelled: bool) -> None:
    """$R^2$ of the predictors; of what is worse than -1, -1."""
    places = [names.index(name) for name in rows["row"]]
    panel.barh(places, rows["r2"].clip(lower=-1), color=BLUE, height=0.6)
    panel.axvline(0, color="0.6", linewidth=0.8)
    panel.set_yticks(range(len(names)), names if labelled else [], fontsize=7)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_xlim(right=1)
    panel.tick_params(axis="x", labelsize=7)
    panel.set_xlabel("$R^2$ of what was left out", fontsize=8)


def _observed(panel: Axes, rows: pd.DataFrame) -> None:
    """A dot a group that was left out, on the line if it was foreseen."""
    means = rows.groupby("group")[["predicted", "observed"]].mean()
    if means.empty:  # no fold of it could be fitted
        return
    values = means.to_numpy()
    limits = (values.min() - 1, values.max() + 1)
    panel.plot(limits, limits, color="0.6", linewidth=0.8)
    panel.plot(means["predicted"], means["observed"], "o", color=BLUE, markersize=3)
    for name, row in means.iterrows():
        panel.annotate(str(name), (row["predicted"], row["observed"]), fontsize=6)
    panel.tick_params(labelsize=7)
    panel.set_xlabel(f"predicted by the {MIXED}, mean", fontsize=8)


def plot_power(*, power: pd.DataFrame, effect: float, figure: str, data: str) -> None:
    """The chance to find the effect, a panel an axis that is varied, a line a level."""
    axes_varied = list(dict.fromkeys(power["axis"]))
    drawn, panels = _side_by_side(axes_varied, (1 + 2.3 * len(axes_varied), 2.8))
    colours = dict(zip(PARTS, (BLUE, ORANGE, "#009E73"), strict=True))
    for axis, panel in panels.items():
        for level, rows in power[power["axis"] == axis].groupby("level"):
            spread = np.abs(rows[["low", "high"]].to_numpy().T - rows["power"].to_numpy())
            title = LEVEL_TITLES[str(level)].replace("\n", " ")
            panel.errorbar(
                rows["size"],
                rows["power"],
                spread,
                color=colours[str(level)],
                label=title,
                marker="o",
                markersize=3,
                linewidth=1,
            )
        panel.axhline(0.8, color="0.6", linewidth=0.8, linestyle="--")
        panel.axhline(0.05, color="0.6", linewidth=0.8, linestyle=":")
        panel.set_xlabel(axis, fontsize=8)
        panel.set_ylim(0, 1.02)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        panel.tick_params(labelsize=7)
    first = panels[axes_varied[0]]
    first.set_ylabel(f"power to find {effect:g} points per SD", fontsize=8)
    lines, titles = first.get_legend_handles_labels()
    drawn.legend(lines, titles, loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    save_figure(drawn, power, figure, data)


def _dots(panel: Axes, places: list[int], rows: pd.DataFrame) -> None:
    """Estimates and intervals, each at its place; a bootstrap's need not hold its estimate."""
    panel.hlines(places, rows["low"], rows["high"], color=BLUE, linewidth=1.5)
    panel.plot(rows["estimate"], places, "o", color=BLUE, markersize=4)


def _named(names: pd.Series, models: pd.Series) -> pd.Series:
    """What rows are called: with their encoder, where there are several."""
    if models.nunique() < 2:
        return names
    return names + " (" + models + ")"
