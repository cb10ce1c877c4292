"""Which languages, and which intermediates, fail on the same examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from xstilts.degradation.by_example import AGREEMENT, pair_means
from xstilts.io.tables import read_table
from xstilts.report.heatmaps import heat
from xstilts.report.measure_agreement import clustered
from xstilts.report.style import (
    GAIN,
    group_titles,
    nothing_to_show,
    save_figure,
    with_models,
)

SQUARE, NAMES = 0.16, 1.2  # inches: a square; names beside and below


def plot_agreement(*, agreement: str, languages: Mapping[str, str], figure: str, data: str) -> None:
    """Plot kappa of every pair, mean over targets: a panel per axis and encoder.

    Args:
        agreement: the table of agreement by example.
        languages: names of languages by code.
        figure: the SVG to write.
        data: the CSV to write: the table itself.
    """
    frame = read_table(Path(agreement), AGREEMENT).to_pandas()
    known = frame.dropna(subset="kappa")
    if known.empty:
        return save_figure(nothing_to_show(), frame, figure, data)
    titles = with_models("by " + known["axis"], known["model"])
    panels = dict(list(known.groupby(titles, sort=False)))
    most = max(len({*own["one"], *own["other"]}) for own in panels.values())
    side = SQUARE * most + NAMES
    size = (len(panels) * (side + NAMES), side)
    drawn, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, layout="constrained")
    for panel, (title, own) in zip(axes[0], panels.items(), strict=True):
        _squares(panel, own, languages)
        panel.set_title(title)
    drawn.colorbar(axes[0, 0].images[0], ax=axes[0], label="kappa", shrink=0.6)
    save_figure(drawn, frame, figure, data)


def _squares(panel: Axes, rows: pd.DataFrame, languages: Mapping[str, str]) -> None:
    """Kappa of every pair, those that fail alike beside one another; grey on the diagonal."""
    means = pair_means(rows)
    turned = means.rename(columns={"one": "other", "other": "one"})
    square = pd.concat([means, turned]).pivot(index="one", columns="other", values="kappa")
    names = clustered(square)
    heat(panel, square.reindex(index=names, columns=names), GAIN, -1, 1)
    titles = group_titles(str(rows["axis"].iloc[0]), names, languages)
    panel.set_xticks(np.arange(len(names)), titles, rotation=90)
    panel.set_yticks(np.arange(len(names)), titles)
