"""The power of a design, before any training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from xstilts.degradation.parts import PARTS
from xstilts.report.style import CATEGORIES, LEVEL_TITLES, save_figure, side_by_side


def plot_power(*, power: pd.DataFrame, effect: float, figure: str, data: str) -> None:
    """Plot the chance to find the effect: one panel per varied axis, one line per level."""
    axes_varied = list(dict.fromkeys(power["axis"]))
    drawn, panels = side_by_side(axes_varied, (1 + 2.3 * len(axes_varied), 2.8))
    colours = dict(zip(PARTS, CATEGORIES, strict=False))
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
        panel.set_xlabel(axis)
        panel.set_ylim(0, 1.02)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    first = panels[axes_varied[0]]
    first.set_ylabel(f"power to find {effect:g} points per SD")
    lines, titles = first.get_legend_handles_labels()
    drawn.legend(lines, titles, loc="outside lower center", ncols=4)
    save_figure(drawn, power, figure, data)
