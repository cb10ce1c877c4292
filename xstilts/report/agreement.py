"""How the measures agree with one another: correlations over cells, like beside like."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage

from xstilts.measuring import read_similarity
from xstilts.report.heatmaps import heat
from xstilts.report.style import GAIN, nothing_to_show, save_figure
from xstilts.similarity import measures

NO_LAYER = -1  # stands for the missing layer of measures that read none
PANELS = 2  # a row


def plot_measures(*, tables: list[str], figure: str, data: str) -> None:
    """How measures agree: Spearman correlations over cells, like beside like, a panel a layer."""
    frame = agreement(read_similarity(tables))
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    groups = dict(list(frame.groupby(["model", "layer"])))
    names = _clustered(_square(frame[frame["own"]]))
    titles = [measures()[name].title for name in names]
    columns = min(PANELS, len(groups))
    rows = -(-len(groups) // columns)
    side = 0.18 * len(names)
    size = (2.9 + columns * (side + 0.4), 2.2 + rows * (side + 0.5))
    drawn, axes = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for panel, group in zip_longest(axes.flat, groups):
        if group is None:
            panel.set_visible(False)
            continue
        square = _square(groups[group]).reindex(index=names, columns=names)
        heat(panel, square, GAIN, -1, 1)
        panel.set_title(_layer_title(groups[group].iloc[0]))
        panel.set_xticks(range(len(names)), titles, rotation=90)
        panel.set_yticks(range(len(names)), titles)
        panel.tick_params(labelbottom=True)
    drawn.colorbar(axes[0, 0].images[0], ax=axes, label="Spearman correlation", shrink=0.6)
    save_figure(drawn, frame, figure, data)


def _layer_title(row: pd.Series) -> str:
    if row["layer"] == NO_LAYER:
        return str(row["model"])
    return f"{row['model']}, layer {row['layer']}{', its own' if row['own'] else ''}"


def agreement(similarity: pd.DataFrame) -> pd.DataFrame:
    """Rows (model, layer, own, measure, other, spearman, cells): correlations of two measures.

    Over the cells of one model, as models would differ in level and turn signs round. Both measures
    grow with similarity. A measure without layers stands beside those of every layer. Measures that
    have no value, or one only, are left out.
    """
    similarity = similarity.assign(layer=similarity["layer"].fillna(NO_LAYER).astype(int))
    found = []
    for model, rows in similarity.groupby("model"):
        for layer, own in _layers(rows):
            chosen = rows[rows["layer"].isin([NO_LAYER, layer])]
            keys = ["intermediate", "target", "language"]
            table = chosen.pivot_table(index=keys, columns="measure", values="similarity")
            table = table.loc[:, table.nunique() > 1]
            known = table.notna().astype(int)
            tidy = _pairs(table.corr(method="spearman", min_periods=3), "spearman")
            merged = tidy.merge(_pairs(known.T @ known, "cells"), on=["measure", "other"])
            found.append(merged.assign(model=model, layer=layer, own=own))
    columns = ["model", "layer", "own", "measure", "other", "spearman", "cells"]
    return pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)


def _layers(rows: pd.DataFrame) -> list[tuple[Any, Any]]:
    """(layer, whether it is the model's own); one stand-in where no measure has layers."""
    layered = rows[rows["layer"] != NO_LAYER]
    return list(layered.groupby("layer")["own"].first().items()) or [(NO_LAYER, True)]


def _pairs(square: pd.DataFrame, value: str) -> pd.DataFrame:
    """Rows (measure, other, value) of a square table."""
    named = square.rename_axis(index="measure", columns="other")
    return named.melt(ignore_index=False, value_name=value).reset_index().dropna()


def _square(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.pivot_table(index="measure", columns="other", values="spearman")


def _clustered(correlations: pd.DataFrame) -> list[str]:
    """Names in the order of an average-linkage tree, in which 1 - r is the distance."""
    names = list(correlations.index)
    if len(names) < 3:
        return names
    apart = 1 - correlations.fillna(0).to_numpy()
    condensed = apart[np.triu_indices(len(names), 1)].clip(0)
    tree = linkage(condensed, method="average", optimal_ordering=True)
    return [names[at] for at in leaves_list(tree)]
