"""How the measures agree: with one another, and with themselves at other layers."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import leaves_list, linkage

from xstilts.report.heatmaps import heat
from xstilts.report.style import GAIN, ZERO, look_of, nothing_to_show, save_figure
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_similarity

NO_LAYER = -1  # stands for the missing layer of measures that read none
MIN_CELLS = 3  # cells of a correlation
SQUARE = 0.18  # inches
NAMES, LINES = 2.2, 2.8  # inches: names beside and below squares; height of the layer panel


def plot_measures(*, tables: list[str], figure: str, data: str) -> None:
    """Plot Spearman correlations at the model's default layer; below, of other layers with it.

    Args:
        tables: similarity tables.
        figure: the SVG to write.
        data: the CSV to write: `agreement`.
    """
    frame = agreement(read_similarity(tables))
    models = dict(list(frame[frame["is_default"]].groupby("model")))
    if not models:
        return save_figure(nothing_to_show(), frame, figure, data)
    names = clustered(_square(frame[frame["is_default"]]))
    layered = frame["layer"].nunique() > 1
    side = SQUARE * len(names)
    heights = [side + NAMES, LINES] if layered else [side + NAMES]
    size = (len(models) * (side + 2 * NAMES), sum(heights))
    drawn, axes = plt.subplots(
        len(heights),
        len(models),
        figsize=size,
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for (model, own), panels in zip(models.items(), axes.T, strict=True):
        _squares(panels[0], own, names)
        at = int(own["layer"].iloc[0])
        panels[0].set_title(f"{model!s}, layer {at}" if layered else str(model))
        if layered:
            _lines(panels[1], frame[(frame["model"] == model) & (frame["other_layer"] == at)], at)
    drawn.colorbar(axes[0, 0].images[0], ax=axes[0], label="Spearman correlation", shrink=0.6)
    save_figure(drawn, frame, figure, data)


def _squares(panel: Axes, frame: pd.DataFrame, names: list[str]) -> None:
    titles = [measures()[name].title for name in names]
    heat(panel, _square(frame).reindex(index=names, columns=names), GAIN, -1, 1)
    panel.set_xticks(range(len(names)), titles, rotation=90)
    panel.set_yticks(range(len(names)), titles)


def _lines(panel: Axes, frame: pd.DataFrame, own: int) -> None:
    """One line per measure that reads layers: its correlation with itself at the default layer."""
    itself = frame[frame["measure"] == frame["other"]]
    read = itself[itself["layer"] != own]["measure"]
    by_layer = itself[itself["measure"].isin(read)].sort_values("layer")
    for at, (name, rows) in enumerate(by_layer.groupby("measure")):
        colour, marker = look_of(at)
        title = measures()[str(name)].title
        panel.plot(
            rows["layer"], rows["spearman"], marker + "-", color=colour, markersize=4, label=title
        )
    panel.axvline(own, **ZERO)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("layer")
    panel.set_ylabel(f"correlation with layer {own}")
    if len(by_layer):
        panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def agreement(similarity: pd.DataFrame) -> pd.DataFrame:
    """Rows of two measures: model, layer, other_layer, is_default, measure, other, spearman, cells.

    Correlations are over the cells of one model, as differences in level between models could turn
    signs round. Both measures grow with similarity. Two measures are compared at one layer;
    measures without layers are compared at every layer. A measure that reads layers is also
    compared with itself at the model's default layer. Measures that have no value, or only one, are
    left out. `is_default` says that both layers are the default one.
    """
    similarity = similarity.assign(layer=similarity["layer"].fillna(NO_LAYER).astype(int))
    by_model = similarity.groupby("model")
    correlations = [rows.assign(model=model) for model, mine in by_model for rows in _of(mine)]
    columns = [
        "model",
        "layer",
        "other_layer",
        "is_default",
        "measure",
        "other",
        "spearman",
        "cells",
    ]
    whole = pd.concat(correlations) if correlations else pd.DataFrame(columns=columns)
    return whole[columns].astype({"is_default": bool})


def _of(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The correlations of one model, layer by layer."""
    layered = rows[rows["layer"] != NO_LAYER]
    owned = layered.groupby("layer")["is_default"].first()
    own = next(iter(owned[owned].index), NO_LAYER)
    layers = sorted({own, *owned.index})
    tables = {at: _table(rows[rows["layer"].isin([NO_LAYER, at])]) for at in layers}
    reading = list(layered["measure"].unique())
    for layer, table in tables.items():
        yield _within(table).assign(layer=layer, other_layer=layer, is_default=layer == own)
        if layer != own:
            itself = _with_itself(table, tables[own], reading)
            yield itself.assign(layer=layer, other_layer=own, is_default=False)


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """(cells, measures) values of the measures that are not the same everywhere."""
    keys = ["intermediate", "target", "language"]
    table = rows.pivot_table(index=keys, columns="measure", values="similarity")
    return table.loc[:, table.nunique() > 1]


def _within(table: pd.DataFrame) -> pd.DataFrame:
    """Correlations of every pair of columns."""
    present = table.notna().astype(int)
    tidy = _pairs(table.corr(method="spearman", min_periods=MIN_CELLS), "spearman")
    return tidy.merge(_pairs(present.T @ present, "cells"), on=["measure", "other"])


def _with_itself(table: pd.DataFrame, own: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Correlations of the same column of two tables."""
    shared = [name for name in names if name in table and name in own]
    here, there = table[shared], own[shared].reindex(table.index)
    tidy = pd.DataFrame({"cells": (here.notna() & there.notna()).sum()})
    tidy["spearman"] = here.corrwith(there, method="spearman")
    tidy = tidy[tidy["cells"] >= MIN_CELLS].rename_axis("measure").reset_index()
    return tidy.assign(other=tidy["measure"])


def _pairs(square: pd.DataFrame, value: str) -> pd.DataFrame:
    """Rows (measure, other, value) of a square table."""
    wide = square.rename_axis(index="measure", columns="other")
    return wide.melt(ignore_index=False, value_name=value).reset_index().dropna()


def _square(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.pivot_table(index="measure", columns="other", values="spearman")


def clustered(correlations: pd.DataFrame) -> list[str]:
    """Names in the order of an average-linkage tree, in which 1 - r is the distance."""
    names = list(correlations.index)
    if len(names) < 3:
        return names
    apart = 1 - correlations.fillna(0).to_numpy()
    condensed = apart[np.triu_indices(len(names), 1)].clip(0)
    tree = linkage(condensed, method="average", optimal_ordering=True)
    return [names[at] for at in leaves_list(tree)]
