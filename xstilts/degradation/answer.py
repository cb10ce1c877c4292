"""The answer in words, written from the tables of effects and of missing cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xstilts.degradation.effects import EFFECTS, TRUTH
from xstilts.degradation.missing_cells import in_words, read_missing
from xstilts.degradation.outcomes import WORDS
from xstilts.degradation.parts import AXES, PARTS
from xstilts.degradation.verdict import ALPHA, verdict
from xstilts.io.tables import atomic, read_table
from xstilts.similarity.measures import measures

Row = dict[str, Any]

LEVEL_WORDS = {
    "by_language": "between languages",
    "by_target": "between targets",
    "by_target_language": "between pairs of target and language",
    "by_intermediate": "between intermediate tasks",
    "by_intermediate_target": "between pairs of intermediate and target",
    "by_intermediate_language": "between pairs of intermediate and language",
    "by_cell": "between single cells",
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
    """The effect of every part of the headline measure, one per line, and what else is known."""
    lines = [f"Does similarity predict what zero-shot transfer of {model} loses?"]
    lines[0] += f" Over {basis(effects, headline)}, {goes_with(effects, headline)}"
    lines += [f"- {text}" for text in clauses(effects, headline).values()]
    return "\n".join([*lines, " ".join([*agreement(effects), *limits(effects, headline)])]).strip()


def goes_with(effects: list[Row], headline: str) -> str:
    """The beginning of a sentence that `clauses` end."""
    (outcome, _) = WORDS[next(iter(slopes_of(effects, headline).values()))["outcome"]]
    return f"{STEP} ({measures()[headline].title}) goes with a {outcome}"


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
        level: f"{_clause(words, fitted[level], truth.get(level))}: {verdict(fitted[level])}"
        for level, words in LEVEL_WORDS.items()
        if level in fitted
    }


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


def agreement(effects: list[Row]) -> list[str]:
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


def _clause(words: str, row: Row, planted: float | None) -> str:
    """How much smaller or larger the outcome is at one level, and how much that explains."""
    _, unit = WORDS[row["outcome"]]
    size = f"{change_of(row['estimate'], unit)} {words}"
    if row["low"] is None:
        return f"{size} (too few of them for an interval)"
    known = [f"95% interval {_interval(row, unit)}"]
    if _interval(row, unit, "these_") != _interval(row, unit):
        known.append(f"for these {_held(row['level'])} alone {_interval(row, unit, 'these_')}")
    if planted is not None:
        known.append(f"planted: {change_of(planted, unit)}")
    if row["explained"] is not None:
        low, share, high = (
            f"{100 * row[name]:.0f}" for name in ("explained_low", "explained", "explained_high")
        )
        known.append(f"it explains {share}%, {low} to {high}, of how they differ")
    return f"{size} ({'; '.join(known)})"


def _held(level: str) -> str:
    """The axes by whose groups the slope of a part may differ, in words."""
    axes = [f"{axis}s" for axis in reversed(AXES) if PARTS[level] != (axis,)]
    return f"{', '.join(axes[:-1])} and {axes[-1]}"


def _interval(row: Row, unit: str, of: str = "") -> str:
    """Both ends of an interval, the direction of each said."""
    ends = row[f"{of}low"], row[f"{of}high"]
    (low, falls), (high, rises) = (_size_and_way(end, unit) for end in ends)
    if falls != rises:
        return f"from {low} {falls} to {high} {rises}"
    least, most = (low, high) if ends[0] >= 0 else (high, low)
    return f"{least} to {most} {falls}"


def change_of(slope: float, unit: str) -> str:
    """How much smaller or larger a slope makes the outcome."""
    size, way = _size_and_way(slope, unit)
    return f"{size} {unit} {way}"


def _size_and_way(slope: float, unit: str) -> tuple[str, str]:
    return f"{abs(slope):.{DECIMALS[unit]}f}", "smaller" if slope < 0 else "larger"
