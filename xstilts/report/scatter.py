"""Similarity against the outcome: every cell, and each level of the model.

The outcome is split as similarity is (`xstilts.degradation.parts`), so that a panel shows the
data of one slope.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from xstilts.degradation.effects import EFFECTS, model_frames
from xstilts.degradation.formulas import Specification
from xstilts.degradation.outcomes import CELLS, WORDS
from xstilts.degradation.parts import PARTS, TRAINED, parts_of
from xstilts.io.tables import read_table
from xstilts.report.style import (
    ACROSS,
    LEVEL_TITLES,
    ZERO,
    hide_covered,
    look_of,
    nothing_to_show,
    save_figure,
    task_titles,
)
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

SIDE = 3.1  # inches, the side of a panel


def plot_scatter(
    *,
    cells: str,
    similarity: list[str],
    effects: str,
    headline: str,
    degradation: Mapping[str, Any],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Plot cells as dots and the model's slopes as lines; then the same level by level.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        effects: the table of effects, whose slopes are drawn.
        headline: the headline measure.
        degradation: section of the config: outcome, steps, groups.
        languages: names of languages by code.
        figure: the SVG to write.
        data: the CSV to write: similarity, outcome and their parts of every cell.
    """
    specification = Specification(**degradation)
    frame = _split_cells(cells, similarity, headline, specification)
    fitted = read_table(Path(effects), EFFECTS).to_pandas()
    slopes = fitted[fitted["measure"] == headline].set_index(["model", "level"])["estimate"]
    fitted_models = set(slopes.index.get_level_values("model"))
    models = [str(name) for name in dict.fromkeys(frame["model"]) if name in fitted_models]
    if not models:
        return save_figure(nothing_to_show(), frame, figure, data)
    down = (1 + len(PARTS)) // ACROSS * len(models)
    size = (ACROSS * SIDE, SIDE * down + 0.6)
    drawn, axes = plt.subplots(down, ACROSS, figsize=size, layout="constrained")
    looks = {target: look_of(at) for at, target in enumerate(dict.fromkeys(frame["target"]))}
    for model, panels in zip(models, axes.reshape(-1, 1 + len(PARTS)), strict=True):
        mine = frame[frame["model"] == model]
        _one_model(panels, mine, slopes[model], looks, languages, specification.outcome)
        panels[0].set_title(f"{model}: every cell" if len(models) > 1 else "every cell")
        panels[0].set_xlabel(f"similarity ({measures()[headline].title})")
    _legend(drawn, looks)
    hide_covered(drawn)
    save_figure(drawn, frame, figure, data)


def _one_model(
    panels: np.ndarray,
    frame: pd.DataFrame,
    slopes: pd.Series,
    looks: Mapping[str, Any],
    languages: Mapping[str, str],
    outcome: str,
) -> None:
    """(8,) panels: every cell, then one panel per level, hidden if the level has no slope."""
    _all_cells(panels[0], frame, looks, outcome)
    for panel, level in zip(panels[1:], PARTS, strict=True):
        panel.set_title(LEVEL_TITLES[level])
        if level in slopes:
            _level(panel, frame, level, slopes[level], looks, languages)
            panel.set_ylabel(f"its part of the {WORDS[outcome][0]}")
        else:
            panel.set_visible(False)


def _split_cells(
    cells: str, similarity: list[str], headline: str, specification: Specification
) -> pd.DataFrame:
    """Cells of trained intermediates, with similarity, outcome and their parts; means over seeds.

    Columns `similarity_LEVEL` are in standard deviations, `outcome_LEVEL` in the outcome's unit.
    """
    table = read_table(Path(cells), CELLS).to_pandas()
    parts = []
    for model, rows in model_frames(table, read_default_layer(similarity), headline, specification):
        trained = rows[rows[TRAINED] == 1].rename(columns={specification.outcome: "outcome"})
        split = parts_of(trained, "outcome")
        there = [level for level in PARTS if level in trained]
        axes = trained[["intermediate", "target", "language", "similarity", "outcome"]]
        parts.append(
            axes.assign(
                model=model,
                **{f"similarity_{level}": trained[level] for level in there},
                **{f"outcome_{level}": split[level] for level in there},
            )
        )
    columns = ["model", "intermediate", "target", "language", "similarity", "outcome"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _all_cells(panel: Axes, frame: pd.DataFrame, looks: Mapping[str, Any], outcome: str) -> None:
    """One dot per cell."""
    for target, rows in frame.groupby("target"):
        colour, marker = looks[str(target)]
        panel.plot(
            rows["similarity"], rows["outcome"], marker, color=colour, markersize=3, alpha=0.5
        )
    panel.set_ylabel(" in ".join(WORDS[outcome]))


def _level(
    panel: Axes,
    frame: pd.DataFrame,
    level: str,
    slope: float,
    looks: Mapping[str, Any],
    languages: Mapping[str, str],
) -> None:
    """One dot per group of the level, beside the model's slope; languages have their names."""
    keys = [*PARTS[level]]
    dots = frame.groupby(keys, as_index=False)[[f"similarity_{level}", f"outcome_{level}"]].first()
    dots.columns = [*keys, "x", "y"]
    if "target" in keys:
        for target, rows in dots.groupby("target"):
            colour, marker = looks[str(target)]
            panel.plot(rows["x"], rows["y"], marker, color=colour, markersize=3, alpha=0.6)
    else:
        panel.plot(dots["x"], dots["y"], "o", color="black", markersize=4)
    if keys == ["language"]:
        farthest = (dots["y"] - slope * dots["x"]).abs().sort_values(ascending=False).index
        for row in dots.loc[farthest].to_dict("records"):
            name = f" {languages[row['language']]}"
            panel.annotate(name, (row["x"], row["y"]), fontsize=8, va="center")
    ends = np.array([dots["x"].min(), dots["x"].max()])
    panel.plot(ends, slope * ends, color="black", linewidth=1.5)
    panel.axhline(0, **ZERO)
    panel.set_xlabel("similarity, SD")


def _legend(drawn: Figure, looks: Mapping[str, Any]) -> None:
    titles = dict(zip(looks, task_titles(looks), strict=True))
    signs = [
        Line2D([], [], linestyle="", color=colour, marker=marker, markersize=4, label=titles[name])
        for name, (colour, marker) in looks.items()
    ]
    drawn.legend(handles=signs, loc="outside lower center", ncols=5)
