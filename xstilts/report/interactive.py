"""Interactive heat maps and scatter: Vega-Lite pages that hold all their JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
from matplotlib.colors import to_hex

from xstilts.degradation.cell_status import AT_CHANCE, DIVERGED, NO_VALUE, NOT_LEARNT
from xstilts.degradation.outcomes import WORDS
from xstilts.io.tables import atomic
from xstilts.report.heatmaps import PALETTES
from xstilts.report.style import (
    GREY,
    LOSS,
    NO_DATA,
    WIDEST,
    in_lines,
    look_of,
    task_titles,
    widest,
    with_models,
)
from xstilts.similarity.measures import measures

EMPTY = alt.Chart(pd.DataFrame(), title=NO_DATA).mark_point()
SQUARE, BESIDE, GAP = 18, 130, 20  # pixels: side of a square, width of names, space between panels
PIXELS = 96  # per inch
# The figures' marks as characters.
SIGNS = {DIVERGED: "×", NOT_LEARNT: "/", AT_CHANCE: "•", NO_VALUE: "–"}
SHAPES = {  # Vega's names of the figures' markers
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "triangle-right",
    "*": "triangle-left",
}


def show_outcomes(
    *,
    outcomes: Mapping[str, str],
    intermediates: list[str],
    languages: Mapping[str, str],
    page: str,
) -> None:
    """Write gap and gain of every cell, one panel per target, with a tooltip on each cell.

    Args:
        outcomes: the data behind the heat map of each (`xstilts.report.heatmaps.plot_outcome`).
        intermediates: recipes in the order of the rows.
        languages: names of languages by code, in the order of the columns.
        page: the HTML to write.
    """
    charts = []
    for outcome, data in outcomes.items():
        frame = pd.read_csv(data).rename(columns={outcome: "value"})
        if len(frame):
            rows = _named(frame, languages)
            charts.append(_heat_map(rows, outcome, intermediates, list(languages.values())))
    whole = alt.vconcat(*charts).resolve_scale(color="independent") if charts else EMPTY
    _write(whole, page)


def _heat_map(frame: pd.DataFrame, outcome: str, intermediates: list[str], names: list[str]) -> Any:
    """Panels, side by side while they fit, with one colour scale."""
    name, unit = WORDS[outcome]
    limit = widest(frame["value"])
    ends = [limit, -limit] if PALETTES[outcome] == LOSS else [-limit, limit]
    colour = alt.Color(
        "value:Q",
        scale=alt.Scale(scheme="redblue", domain=ends),
        legend=alt.Legend(title=f"{name} ({unit})", titleLimit=200, orient="bottom"),
    )
    groups = dict(list(frame.groupby("panel", sort=False)))
    panels = [
        _panel(rows, _tooltips(name, unit), colour, intermediates, names).properties(title=title)
        for title, rows in groups.items()
    ]
    widths = [rows["Language"].nunique() * SQUARE + BESIDE for rows in groups.values()]
    lines = [
        alt.hconcat(*(panels[at] for at in line), spacing=GAP)
        for line in in_lines(widths, WIDEST * PIXELS)
    ]
    return alt.vconcat(*lines, title=name)


def _panel(
    frame: pd.DataFrame, tooltip: list[Any], colour: Any, intermediates: list[str], names: list[str]
) -> Any:
    """Squares, grey where there is no value, with signs where a cell has a state."""
    base = alt.Chart(frame).encode(
        x=alt.X("Language:N", sort=names, title=None),
        y=alt.Y("Intermediate:N", sort=task_titles(intermediates), title=None),
        tooltip=tooltip,
    )
    grey = base.mark_rect(color=to_hex(GREY))
    squares = base.transform_filter("isValid(datum.value)").mark_rect().encode(color=colour)
    signs = base.mark_text(fontSize=14).encode(text="sign:N")
    return (grey + squares + signs).properties(width={"step": SQUARE}, height={"step": SQUARE})


def _named(frame: pd.DataFrame, languages: Mapping[str, str]) -> pd.DataFrame:
    """The columns of tooltips, under the names that a reader sees."""
    targets = pd.Series(task_titles(frame["target"]), index=frame.index)
    columns = {
        "panel": with_models(targets, frame["model"]),
        "value": frame["value"].round(3),
        "Model": frame["model"],
        "Intermediate": task_titles(frame["intermediate"]),
        "Target": targets,
        "Language": frame["language"].map(languages),
        "Score": frame["score"].round(2),
        "English": frame["english"].round(2),
        "Chance": frame["chance"],
        "Seeds": frame["seeds"],
        "State": frame["state"].fillna(""),
        "sign": frame["state"].map(SIGNS).fillna(""),
    }
    return pd.DataFrame(columns)


def _tooltips(name: str, unit: str) -> list[Any]:
    return [
        *("Model", "Intermediate", "Target", "Language"),
        alt.Tooltip("value:Q", title=f"{name}, {unit}"),
        alt.Tooltip("Score:Q"),
        alt.Tooltip("English:Q", title="Score in English"),
        alt.Tooltip("Chance:Q"),
        alt.Tooltip("Seeds:Q"),
        "State",
    ]


def show_scatter(
    *, data: str, headline: str, outcome: str, languages: Mapping[str, str], page: str
) -> None:
    """Write similarity against the outcome, one dot per cell, with tooltips and a target filter.

    Args:
        data: the data behind the static scatter (`xstilts.report.scatter.plot_scatter`).
        headline: the headline measure.
        outcome: the outcome of the main fit.
        languages: names of languages by code.
        page: the HTML to write.
    """
    frame = pd.read_csv(data)
    shown = pd.DataFrame(
        {
            "similarity": frame["similarity"].astype(float),
            "outcome": frame["outcome"].astype(float).round(3),
            "Model": frame["model"],
            "Intermediate": task_titles(frame["intermediate"]),
            "Target": task_titles(frame["target"]),
            "Language": frame["language"].map(languages),
        }
    )
    chart = EMPTY if shown.empty else _dots(shown, measures()[headline].title, *WORDS[outcome])
    if shown["Model"].nunique() > 1:
        chart = chart.facet("Model:N", columns=1).resolve_scale(x="independent")
    _write(chart, page)


def _dots(shown: pd.DataFrame, measure: str, outcome: str, unit: str) -> Any:
    """One colour and shape per target; a click on the legend picks a target."""
    targets = list(dict.fromkeys(shown["Target"]))
    looks = [look_of(at) for at in range(len(targets))]
    picked = alt.selection_point(fields=["Target"], bind="legend")
    near = alt.Scale(zero=False)
    dots = alt.Chart(shown).mark_point(filled=True, size=40)
    encoded = dots.encode(
        x=alt.X("similarity:Q", title=f"similarity ({measure})", scale=near),
        y=alt.Y("outcome:Q", title=f"{outcome} ({unit})"),
        color=alt.Color("Target:N", scale=_scale(targets, [colour for colour, _ in looks])),
        shape=alt.Shape("Target:N", scale=_scale(targets, [SHAPES[sign] for _, sign in looks])),
        opacity=alt.condition(picked, alt.value(0.8), alt.value(0.05)),
        tooltip=[
            *("Model", "Intermediate", "Target", "Language", "similarity"),
            alt.Tooltip("outcome:Q", title=outcome),
        ],
    )
    return encoded.properties(width=760, height=520).add_params(picked).interactive()


def _scale(names: list[str], values: list[str]) -> alt.Scale:
    return alt.Scale(domain=names, range=values)


def _write(chart: alt.TopLevelMixin, page: str) -> None:
    alt.data_transformers.disable_max_rows()  # the grid is known to fit: some MB at most
    with atomic(Path(page)) as temporary:
        text = chart.to_html(inline=True, embed_options={"actions": False})
        temporary.write_text(text, encoding="utf-8")
