"""Figures, drawn from tidy tables only; the data behind each is written beside it as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from scipy.cluster.hierarchy import leaves_list, linkage

from xstilts.curves import read_curves
from xstilts.degradation.outcomes import gaps
from xstilts.measuring import read_own, read_similarity
from xstilts.similarity import measures
from xstilts.tables import atomic, read_table
from xstilts.tasks import tasks

PANELS = 3  # a row
NOT_RUN = "0.85"
NO_LAYER = -1  # stands for the missing layer of measures that read none


def plot_degradation(
    *,
    cells: str,
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Transfer gap: a panel a target, intermediates down, languages across; grey = not run."""
    frame = gaps(read_table(Path(cells)).to_pandas())
    limit = float(np.nanmax([1.0, frame["gap"].abs().max()]))
    drawn = _panels(
        frame, "gap", intermediates, languages, ("RdBu_r", -limit, limit), "gap (points)"
    )
    save_figure(drawn, frame, figure, data)


def plot_similarity(
    *,
    tables: list[str],
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """A measure: a panel a target, intermediates down, languages across; grey = no value."""
    frame = read_own(tables)
    if frame["value"].isna().all():
        return save_figure(nothing_to_show(), frame, figure, data)
    title = measures()[frame["measure"].iloc[0]].title
    low, high = frame["value"].min(), frame["value"].max()
    drawn = _panels(frame, "value", intermediates, languages, ("viridis", low, high), title)
    save_figure(drawn, frame, figure, data)


def plot_overview(
    *,
    tables: list[str],
    intermediates: list[str],
    languages: Mapping[str, str],
    figure: str,
    data: str,
) -> None:
    """Every measure: a panel each, intermediates down (by model), languages across by target."""
    frame = read_own(tables)
    codes = list(languages)
    pairs = sorted(
        set(zip(frame["target"], frame["language"], strict=True)),
        key=lambda pair: (pair[0], codes.index(pair[1])),
    )
    names = list(dict.fromkeys(frame.dropna(subset="value")["measure"]))
    if not names:
        return save_figure(nothing_to_show(), frame, figure, data)
    lines = pd.MultiIndex.from_product([frame["model"].unique(), intermediates])
    size = (3 + 0.06 * len(pairs), 0.6 + len(names) * (0.32 + 0.05 * len(lines)))
    drawn, axes = plt.subplots(
        len(names), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for panel, name in zip(axes[:, 0], names, strict=True):
        rows = frame[frame["measure"] == name]
        matrix = rows.pivot_table(
            index=["model", "intermediate"], columns=["target", "language"], values="similarity"
        ).reindex(index=lines, columns=pd.MultiIndex.from_tuples(pairs))
        _heat(panel, matrix, ("viridis", matrix.min(axis=None), matrix.max(axis=None)))
        panel.set_yticks([(len(lines) - 1) / 2], [measures()[name].title], fontsize=7)
        panel.tick_params(length=0)
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
    titles = [tasks()[target].title for target in targets]
    panels[-1].set_xticks(middles, titles, rotation=90, fontsize=7)


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
    side = 0.17 * len(names)
    size = (2.4 + columns * (side + 0.4), 1.8 + rows * (side + 0.5))
    drawn, axes = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for panel, group in zip_longest(axes.flat, groups):
        if group is None:
            panel.set_visible(False)
            continue
        square = _square(groups[group]).reindex(index=names, columns=names)
        _heat(panel, square, ("RdBu", -1, 1))
        panel.set_title(_layer_title(groups[group].iloc[0]), fontsize=9)
        panel.set_xticks(range(len(names)), titles, rotation=90, fontsize=6)
        panel.set_yticks(range(len(names)), titles, fontsize=6)
        panel.tick_params(length=0, labelbottom=True)
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


def _panels(
    frame: pd.DataFrame,
    value: str,
    intermediates: Sequence[str],
    languages: Mapping[str, str],
    colours: tuple[str, float, float],
    title: str,
) -> Figure:
    """Heat maps with one colour scale; means over encoders, if there are several."""
    if frame.empty:
        return nothing_to_show()
    targets = list(dict.fromkeys(frame["target"]))
    codes = _ordered_languages(frame, languages)
    columns = min(PANELS, len(targets))
    rows = -(-len(targets) // columns)
    size = (
        2 + columns * max(2.2, 0.27 * len(codes)),
        1.4 + rows * (0.9 + 0.24 * len(intermediates)),
    )
    drawn, axes = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for at, panel in enumerate(axes.flat):
        if at >= len(targets):
            panel.set_visible(False)
            continue
        chosen = frame[frame["target"] == targets[at]]
        matrix = chosen.pivot_table(index="intermediate", columns="language", values=value)
        _heat(panel, matrix.reindex(index=list(intermediates), columns=codes), colours)
        panel.set_title(tasks()[targets[at]].title)
        _tick_names(panel, intermediates, [languages[code] for code in codes])
    drawn.colorbar(axes[0, 0].images[0], ax=axes, label=title, shrink=0.6)
    return drawn


def nothing_to_show() -> Figure:
    """In the place of a figure whose data were not run."""
    drawn = plt.figure(figsize=(4, 1))
    drawn.text(0.5, 0.5, "nothing to show: not run", ha="center", va="center")
    return drawn


def _ordered_languages(frame: pd.DataFrame, languages: Mapping[str, str]) -> list[str]:
    present = set(frame["language"])
    return [code for code in languages if code in present]


def _heat(panel: Axes, matrix: pd.DataFrame, colours: tuple[str, float, float]) -> None:
    palette = matplotlib.colormaps[colours[0]].with_extremes(bad=NOT_RUN)
    values = np.ma.masked_invalid(matrix.to_numpy(dtype=float))
    panel.imshow(values, cmap=palette, vmin=colours[1], vmax=colours[2], aspect="auto")


def _tick_names(panel: Axes, intermediates: Sequence[str], names: Sequence[str]) -> None:
    panel.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    panel.set_yticks(range(len(intermediates)), _recipe_titles(intermediates), fontsize=7)
    panel.tick_params(length=0, labelbottom=True)


def plot_training(
    *, trainings: list[dict[str, Any]], intermediates: list[str], figure: str, data: str
) -> None:
    """Training loss: a panel a training set, a line an intermediate; dashed = diverged."""
    frame = read_curves(trainings)
    if frame.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    names = list(dict.fromkeys(frame["training"]))
    columns = min(PANELS, len(names))
    rows = -(-len(names) // columns)
    size = (2 + 2.8 * columns, 0.8 + 2.2 * rows)
    drawn, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    palette = matplotlib.colormaps["tab20"]
    colours = {name: palette(at % 20) for at, name in enumerate(intermediates)}
    for panel, name in zip_longest(axes.flat, names):
        if name is None:
            panel.set_visible(False)
            continue
        _losses(panel, frame[frame["training"] == name], colours)
        panel.set_title(_training_title(name), fontsize=9)
    lines = [Line2D([], [], color=colour) for colour in colours.values()]
    titles = _recipe_titles(intermediates)
    drawn.legend(lines, titles, loc="outside right center", fontsize=7, frameon=False)
    drawn.supxlabel("share of the steps", fontsize=8)
    drawn.supylabel("training loss", fontsize=8)
    save_figure(drawn, frame, figure, data)


def _losses(panel: Axes, frame: pd.DataFrame, colours: Mapping[str, Any]) -> None:
    """A line an intermediate: the mean over seeds, encoders and tasks."""
    for intermediate, rows in frame.groupby("intermediate"):
        line = rows.groupby("share")["loss"].mean()
        style = "--" if rows["diverged"].any() else "-"
        panel.plot(line.index, line, style, color=colours[str(intermediate)], linewidth=1)
    panel.set_yscale("log")
    panel.tick_params(labelsize=7, which="both")
    panel.xaxis.set_major_formatter(PercentFormatter(1))


def _training_title(name: str) -> str:
    parts = [tasks()[part].title for part in name.split("+") if part]
    return ", then ".join(parts) or "phase two"


def _recipe_titles(names: Sequence[str]) -> list[str]:
    known = tasks()
    return [known[name].title if name in known else name for name in names]


def save_figure(drawn: Figure, frame: pd.DataFrame, figure: str, data: str) -> None:
    """Write a figure as SVG, and the data behind it as CSV."""
    with atomic(Path(figure)) as temporary:
        drawn.savefig(temporary, format="svg")
    plt.close(drawn)
    with atomic(Path(data)) as temporary:
        frame.to_csv(temporary, index=False)
