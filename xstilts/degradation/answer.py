"""The answer in words, written from the tables of effects and of missing cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xstilts.degradation.effects import EFFECTS, TRUTH
from xstilts.degradation.missing_cells import in_words, read_missing
from xstilts.degradation.outcomes import WORDS
from xstilts.degradation.verdict import ALPHA
from xstilts.io.tables import atomic, read_table
from xstilts.similarity.measures import measures

Row = dict[str, Any]

LEVEL_WORDS = {
    "between_languages": "between languages",
    "between_targets": "between the targets of one language",
    "within": "between intermediate tasks, for one target and language",
}

DECIMALS = {"points": 1, "percent": 1, "logits": 2}  # of a slope, by its unit
STEP = "one standard deviation more similarity"
NO_ANSWER = (
    "No answer yet: it needs several targets, languages and intermediates that have the outcome "
    "(a gap needs English cells, a gain those of none), and this grid has too few."
)


def write_answer(
    *, effects: str, missing: str, axes: dict[str, Any], headline: str, answer: str
) -> None:
    """Write one paragraph per model, and one about cells that were not run.

    Args:
        effects: the table of effects.
        missing: the table of cells of the grid that were not run.
        axes: the axes of the whole grid (`xstilts.grid.Grid.axes`).
        headline: the measure that the answer is given for.
        answer: the text to write.
    """
    rows = read_table(Path(effects), EFFECTS).to_pylist()
    models = list(dict.fromkeys(row["model"] for row in rows if row["measure"] == headline))
    paragraphs = [
        answer_of(model, [row for row in rows if row["model"] == model], headline)
        for model in models
    ]
    not_run = in_words(axes, read_missing(Path(missing)))
    with atomic(Path(answer)) as temporary:
        whole = [*(paragraphs or [NO_ANSWER]), *([not_run] if not_run else [])]
        temporary.write_text("\n\n".join(whole) + "\n", encoding="utf-8")


def answer_of(model: str, effects: list[Row], headline: str) -> str:
    """The effect of the headline measure on each level, its interval, and the truth if known."""
    opening = f"Does similarity predict what zero-shot transfer of {model} loses? Over "
    opening += f"{basis(effects, headline)}, {STEP} ({measures()[headline].title}) goes with"
    sentences = [f"{opening} {'; '.join(clauses(effects, headline).values())}."]
    return " ".join([*sentences, *explained(effects, headline), *limits(effects, headline)])


def slopes_of(effects: list[Row], headline: str) -> dict[str, Row]:
    """The rows of the headline measure, by level."""
    return {row["level"]: row for row in effects if row["measure"] == headline}


def basis(effects: list[Row], headline: str) -> str:
    """How many rows and groups the fit has."""
    size = next(iter(slopes_of(effects, headline).values()))
    return (
        f"{size['rows']} combinations of {size['intermediates']} intermediates, "
        f"{size['targets']} targets and {size['languages']} languages"
    )


def clauses(effects: list[Row], headline: str) -> dict[str, str]:
    """How the outcome changes with one standard deviation of similarity, by level."""
    fitted = slopes_of(effects, headline)
    truth = {row["level"]: row["estimate"] for row in effects if row["measure"] == TRUTH}
    return {
        level: _clause(words, fitted[level], truth.get(level), WORDS[fitted[level]["outcome"]])
        for level, words in LEVEL_WORDS.items()
        if level in fitted
    }


def explained(effects: list[Row], headline: str) -> list[str]:
    """Sentences: what the largest part of similarity explains, and how many measures agree."""
    fitted = slopes_of(effects, headline)
    level, row = max(fitted.items(), key=lambda item: item[1]["part_r2"] or 0.0)
    share = 100 * max(row["part_r2"] or 0.0, 0.0)
    what = f"{share:.0f}% of the variance of the outcome"
    return [f"Similarity's part {LEVEL_WORDS[level]} explains {what}.", *_agreement(effects)]


def limits(effects: list[Row], headline: str) -> list[str]:
    """Sentences: what the fit leaves out."""
    size = next(iter(slopes_of(effects, headline).values()))
    sentences = []
    if size["missing"]:
        sentences.append(
            f"The fit leaves out {size['missing']} more, for which the measure has no value."
        )
    if size["absent"]:
        sentences.append(f"Nothing is known here of {size['absent']}.")
    if size["dropped"]:
        sentences.append(f"Terms that these data cannot hold were dropped: {size['dropped']}.")
    return sentences


def _agreement(effects: list[Row]) -> list[str]:
    """How many measures show an effect of either sign, after correction for all tests."""
    tested = [row for row in effects if row["p_holm"] is not None]
    counts = []
    for level, words in LEVEL_WORDS.items():
        rows = [row for row in tested if row["level"] == level]
        significant = sum(row["p_holm"] < ALPHA for row in rows)
        if rows:
            counts.append(f"{significant} of {len(rows)} {words}")
    if not counts:
        return []
    words = "; ".join(counts)
    return [f"Of all measures, after Holm's correction, an effect is found by {words}."]


def _clause(words: str, row: Row, planted: float | None, what: tuple[str, str]) -> str:
    """How much smaller or larger the outcome is at one level; the interval likewise."""
    name, unit = what
    if row["low"] is None:
        return f"a {name} {_size(row['estimate'], unit)} {words} (too few of them for an interval)"
    sign = -1 if row["estimate"] < 0 else 1
    decimals = DECIMALS[unit]
    low, high = sorted(round(sign * row[end], decimals) + 0.0 for end in ("low", "high"))  # no -0.0
    unsure = ", which includes zero" if row["low"] <= 0 <= row["high"] else ""
    truth = ""
    if planted is not None:
        size = _size(planted, unit) if round(abs(planted), decimals) else "zero"
        truth = f"; the planted truth is {size}"
    return (
        f"a {name} {_size(row['estimate'], unit)} {words} "
        f"(95% interval {low:.{decimals}f} to {high:.{decimals}f}{unsure}{truth})"
    )


def _size(slope: float, unit: str) -> str:
    return f"{abs(slope):.{DECIMALS[unit]}f} {unit} {'smaller' if slope < 0 else 'larger'}"
