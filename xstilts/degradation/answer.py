"""The answer in words, written from the table of effects and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xstilts.degradation.effects import TRUTH
from xstilts.similarity import measures
from xstilts.tables import atomic, read_table

LEVEL_WORDS = {
    "language": "between languages",
    "target_language": "between the targets of one language",
    "within": "between intermediate tasks, for one target and language",
}

NOTHING = (
    "No answer yet: the transfer gap needs targets that were run in English and in other "
    "languages, and this grid has none."
)


def write_answer(*, effects: str, headline: str, output: str) -> None:
    """Write one paragraph a model."""
    table = read_table(Path(effects)).to_pandas()
    paragraphs = [
        answer(model, rows, headline) for model, rows in table.groupby("model", sort=False)
    ] or [NOTHING]
    with atomic(Path(output)) as temporary:
        temporary.write_text("\n\n".join(paragraphs) + "\n")


def answer(model: str, effects: pd.DataFrame, headline: str) -> str:
    """The effect of the headline measure on each level, its interval, and the truth if known."""
    fitted = effects[effects["measure"] == headline].set_index("level")
    truth = effects[effects["measure"] == TRUTH].set_index("level")
    size = fitted.iloc[0]
    opening = (
        f"Does similarity predict what zero-shot transfer of {model} loses? Over {size['rows']} "
        f"combinations of {size['intermediates']} intermediates, {size['targets']} targets and "
        f"{size['languages']} languages, one standard deviation more similarity "
        f"({measures()[headline].title}) goes with"
    )
    clauses = [
        _clause(level, fitted.loc[level], truth) for level in LEVEL_WORDS if level in fitted.index
    ]
    caution = ""
    if size["dropped"]:
        caution = f" These data are too few for the terms {size['dropped']}, which were dropped."
    return f"{opening} {'; '.join(clauses)}.{caution}"


def _clause(level: str, row: pd.Series, truth: pd.DataFrame) -> str:
    direction = "smaller" if row["estimate"] < 0 else "larger"
    low, high = sorted(
        (row["low"], row["high"]) if row["estimate"] >= 0 else (-row["high"], -row["low"])
    )
    sure = "" if row["low"] * row["high"] > 0 else ", which includes none"
    known = ""
    if level in truth.index:
        planted = truth.loc[level, "estimate"]
        known = (
            f"; the planted truth is {abs(planted):.1f} {'smaller' if planted < 0 else 'larger'}"
        )
    return (
        f"a transfer gap {abs(row['estimate']):.1f} points {direction} {LEVEL_WORDS[level]} "
        f"(95% interval {low:.1f} to {high:.1f}{sure}{known})"
    )
