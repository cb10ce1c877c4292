"""The answer in words, written from the table of effects and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xstilts.degradation.effects import EFFECTS, TRUTH
from xstilts.similarity import measures
from xstilts.tables import atomic, read_table

Row = dict[str, Any]

LEVEL_WORDS = {
    "language": "between languages",
    "target_language": "between the targets of one language",
    "within": "between intermediate tasks, for one target and language",
}

NOTHING = (
    "No answer yet: it needs targets that were run in English and in several other languages, "
    "after several intermediates, and this grid has too few."
)


def write_answer(*, effects: str, headline: str, output: str) -> None:
    """Write one paragraph a model."""
    rows = read_table(Path(effects), EFFECTS).to_pylist()
    models = list(dict.fromkeys(row["model"] for row in rows if row["measure"] == headline))
    paragraphs = [
        answer(model, [row for row in rows if row["model"] == model], headline) for model in models
    ]
    with atomic(Path(output)) as temporary:
        temporary.write_text("\n\n".join(paragraphs or [NOTHING]) + "\n")


def answer(model: str, effects: list[Row], headline: str) -> str:
    """The effect of the headline measure on each level, its interval, and the truth if known."""
    fitted = {row["level"]: row for row in effects if row["measure"] == headline}
    truth = {row["level"]: row["estimate"] for row in effects if row["measure"] == TRUTH}
    size = next(iter(fitted.values()))
    opening = (
        f"Does similarity predict what zero-shot transfer of {model} loses? Over {size['rows']} "
        f"combinations of {size['intermediates']} intermediates, {size['targets']} targets and "
        f"{size['languages']} languages, one standard deviation more similarity "
        f"({measures()[headline].title}) goes with"
    )
    clauses = [
        _clause(words, fitted[level], truth.get(level))
        for level, words in LEVEL_WORDS.items()
        if level in fitted
    ]
    caution = ""
    if size["missing"]:
        caution += f" It leaves out {size['missing']} more, for which the measure has no value."
    if size["dropped"]:
        caution += f" These data are too few for the terms {size['dropped']}, which were dropped."
    return f"{opening} {'; '.join(clauses)}.{caution}"


def _clause(words: str, row: Row, planted: float | None) -> str:
    """One level: how much smaller or larger the gap is; the interval in the same direction."""
    sign = -1 if row["estimate"] < 0 else 1
    low, high = sorted((sign * row["low"], sign * row["high"]))
    unsure = ", which includes none" if low <= 0 <= high else ""
    known = ""
    if planted is not None:
        known = f"; the planted truth is {_points(planted) if abs(planted) >= 0.05 else 'zero'}"
    return (
        f"a transfer gap {_points(row['estimate'])} {words} "
        f"(95% interval {low:.1f} to {high:.1f}{unsure}{known})"
    )


def _points(slope: float) -> str:
    return f"{abs(slope):.1f} points {'smaller' if slope < 0 else 'larger'}"
