"""The heat map and the scatter to point at: Vega-Lite pages that hold all their JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
from matplotlib.colors import to_hex

from xstilts.degradation.formulas import Specification
from xstilts.degradation.outcomes import WORDS
from xstilts.degradation.states import AT_CHANCE, DIVERGED, NO_VALUE
from xstilts.report.heatmaps import outcome_states
from xstilts.report.scatter import split_cells
from xstilts.report.style import GREY, NOTHING, look_of, task_titles, widest
from xstilts.similarity import measures
from xstilts.tables import atomic

EMPTY = alt.Chart(pd.DataFrame(), title=NOTHING).mark_point()
SQUARE = 18  # pixels
SIGNS = {DIVERGED: "×", AT_CHANCE: "•", NO_VALUE: "–"}  # as those of figures, in letters
SHAPES = {  # of figures' signs, as Vega calls them
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
    cells: str,
    missing: str,
    intermediates: list[str],
    languages: Mapping[str, str],
    page: str,
) -> None:
    """Gap and gain of every cell, a panel a target, each cell explained when pointed at.

    Args:
        cells: the cell table.
        missing: the table of the grid's cells that were not run.
        intermediates: recipes in the order of the rows.
        languages: names of languages by code, in the order of the columns.
        page: the HTML to write.
    """
    charts = []
    for outcome in ("gap", "gain"):
        frame = outcome_states(cells, missing, outcome).rename(columns={outcome: "value"})
        if len(frame):
            named = _named(frame, languages)
            charts.append(_heat_map(named, outcome, intermediates, list(languages.values())))
    whole = alt.vconcat(*charts).resolve_scale(color="independent") if charts else EMPTY
    _write(whole, page)


def _heat_map(frame: pd.DataFrame, outcome: str, intermediates: list[str], names: list[str]) -> Any:
    """Squares, grey below where there is no value, signs above where a cell has a state."""
    name, unit = WORDS[outcome]
    limit = widest(frame["value"])
    ends = [limit, -limit] if outcome == "gap" else [-limit, limit]  # red is loss
    base = alt.Chart(frame).encode(
        x=alt.X("Language:N", sort=names, title=None),
        y=alt.Y("Intermediate:N", sort=task_titles(intermediates), title=None),
        tooltip=_tooltips(name, unit),
    )
    colour = alt.Color(
        "value:Q",
        scale=alt.Scale(scheme="redblue", domain=ends),
        legend=alt.Legend(title=f"{name} ({unit})", titleLimit=200),
    )
    grey = base.mark_rect(color=to_hex(GREY))
    squares = base.transform_filter("isValid(datum.value)").mark_rect().encode(color=colour)
    signs = base.mark_text(fontSize=14).encode(text="sign:N")
    panels = (grey + squares + signs).properties(width={"step": SQUARE}, height={"step": SQUARE})
    targets = alt.Facet("panel:N", sort=list(dict.fromkeys(frame["panel"])), title=None)
    return panels.facet(targets, columns=3, title=name).resolve_scale(x="independent")


def _named(frame: pd.DataFrame, languages: Mapping[str, str]) -> pd.DataFrame:
    """What tooltips say, under the names that a reader sees."""
    panel = pd.Series(task_titles(frame["target"]), index=frame.index)
    if frame["model"].nunique() > 1:
        panel = panel + " (" + frame["model"] + ")"
    named = {
        "panel": panel,
        "value": frame["value"].round(3),
        "Model": frame["model"],
        "Intermediate": task_titles(frame["intermediate"]),
        "Target": task_titles(frame["target"]),
        "Language": frame["language"].map(languages),
        "Score": frame["score"].round(2),
        "English": frame["english"].round(2),
        "Chance": frame["chance"],
        "Seeds": frame["seeds"],
        "State": frame["state"],
        "sign": frame["state"].map(SIGNS).fillna(""),
    }
    return pd.DataFrame(named)


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
    *,
    cells: str,
    similarity: list[str],
    headline: str,
    degradation: Mapping[str, Any],
    languages: Mapping[str, str],
    page: str,
) -> None:
    """Similarity against the outcome, a dot a cell: targets can be picked, dots pointed at.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        headline: the measure.
        degradation: section of the config: outcome, steps, groups.
        languages: names of languages by code.
        page: the HTML to write.
    """
    wanted = Specification(**degradation)
    frame = split_cells(cells, similarity, headline, wanted)
    name, unit = WORDS[wanted.outcome]
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
    if shown.empty:
        return _write(EMPTY, page)
    targets = list(dict.fromkeys(shown["Target"]))
    looks = [look_of(at) for at in range(len(targets))]
    picked = alt.selection_point(fields=["Target"], bind="legend")
    dots = alt.Chart(shown).mark_point(filled=True, size=40)
    encoded = dots.encode(
        x=alt.X("similarity:Q", title=f"similarity ({measures()[headline].title})"),
        y=alt.Y("outcome:Q", title=f"{name} ({unit})"),
        color=alt.Color("Target:N", scale=_scale(targets, [colour for colour, _ in looks])),
        shape=alt.Shape("Target:N", scale=_scale(targets, [SHAPES[sign] for _, sign in looks])),
        opacity=alt.condition(picked, alt.value(0.8), alt.value(0.05)),
        tooltip=[
            *("Model", "Intermediate", "Target", "Language", "similarity"),
            alt.Tooltip("outcome:Q", title=name),
        ],
    )
    chart = encoded.properties(width=760, height=520).add_params(picked).interactive()
    several = shown["Model"].nunique() > 1
    _write(
        chart.facet("Model:N", columns=1).resolve_scale(x="independent") if several else chart, page
    )


def _scale(names: list[str], values: list[str]) -> alt.Scale:
    return alt.Scale(domain=names, range=values)


def _write(chart: alt.TopLevelMixin, page: str) -> None:
    alt.data_transformers.disable_max_rows()  # the grid is known to fit: some MB at most
    with atomic(Path(page)) as temporary:
        text = chart.to_html(inline=True, embed_options={"actions": False})
        temporary.write_text(text)
