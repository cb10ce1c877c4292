"""How well the outcome was predicted: the skill and calibration of each predictor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from xstilts.degradation.held_out import HELD_OUT, LEVELS, MIXED
from xstilts.io.tables import read_table
from xstilts.report.style import BLUE, ZERO, group_titles, nothing_to_show, save_figure, with_models


def plot_held_out(
    *, held_out: str, skill: str, languages: Mapping[str, str], figure: str, data: str
) -> None:
    """Plot the skill of each predictor, observed against predicted groups, and calibration.

    Args:
        held_out: the table of predictions.
        skill: the table of the predictors' skill.
        languages: names of languages by code.
        figure: the SVG to write: one column per scheme.
        data: the CSV to write.
    """
    frame = read_table(Path(held_out), HELD_OUT).to_pandas()
    skills = pd.read_csv(skill)
    if frame.empty:
        return save_figure(nothing_to_show(), skills, figure, data)
    schemes = list(dict.fromkeys(frame["scheme"]))
    skills["row"] = with_models(skills["predictor"], skills["model"])
    names = list(dict.fromkeys(skills["row"]))
    size = (2.2 + 2.9 * len(schemes), 8.6)
    drawn, axes = plt.subplots(3, len(schemes), figsize=size, squeeze=False, layout="constrained")
    for (above, middle, below), scheme in zip(axes.T, schemes, strict=True):
        of_scheme = skills[skills["scheme"] == scheme]
        _skill(above, of_scheme, names, labelled=scheme == schemes[0])
        above.set_title(f"one {scheme} left out")
        predicted = frame[(frame["scheme"] == scheme) & (frame["predictor"] == MIXED)]
        titles = pd.Series(group_titles(scheme, predicted["group"], languages), predicted.index)
        _observed(middle, predicted.assign(group=with_models(titles, predicted["model"])))
        _calibration(below, of_scheme[of_scheme["predictor"] == MIXED])
    axes[1][0].set_ylabel("observed, mean of the group")
    axes[2][0].set_ylabel("cells inside it")
    save_figure(drawn, skills, figure, data)


def _skill(panel: Axes, rows: pd.DataFrame, names: list[str], labelled: bool) -> None:
    """$R^2$ of the predictors, clipped at -1."""
    places = [names.index(name) for name in rows["row"]]
    panel.barh(places, rows["r2"].clip(lower=-1), color=BLUE, height=0.6)
    panel.axvline(0, **ZERO)
    panel.set_yticks(range(len(names)), names if labelled else [])
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_xlim(right=1)
    panel.set_xlabel("$R^2$ of what was left out")


def _observed(panel: Axes, rows: pd.DataFrame) -> None:
    """One dot per left-out group, on the line if its prediction is right."""
    means = rows.groupby("group")[["predicted", "observed"]].mean()
    if means.empty:  # no fold could be fitted
        return panel.set_visible(False)
    values = means.to_numpy()
    limits = (values.min() - 1, values.max() + 1)
    panel.plot(limits, limits, **ZERO)
    panel.plot(means["predicted"], means["observed"], "o", color=BLUE, markersize=4)
    for name, row in means.iterrows():
        panel.annotate(f" {name}", (row["predicted"], row["observed"]), fontsize=8, va="center")
    panel.set_xlabel(f"predicted by the {MIXED}, mean")


def _calibration(panel: Axes, rows: pd.DataFrame) -> None:
    """The share of cells inside intervals against the nominal share, one line per encoder."""
    levels = np.array(LEVELS) / 100
    shares = rows[[f"inside_{level}" for level in LEVELS]].dropna()
    if shares.empty:
        return panel.set_visible(False)
    panel.plot([0, 1], [0, 1], **ZERO)
    for _, row in shares.iterrows():
        panel.plot(levels, row, "o-", color=BLUE, markersize=4, linewidth=1)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    panel.set_xlim(0.4, 1)
    panel.set_ylim(0, 1.02)
    panel.set_xlabel(f"interval of the {MIXED}")
