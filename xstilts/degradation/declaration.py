"""What is tested, written down before there is anything to test it on.

The headline measure, the outcome and the formula are chosen before cells exist, or the verdicts on
them are worth less. While there are no scores, every run writes down the config's; from then on it
stays, and what the config has in its place is a later change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xstilts.degradation.formulas import Specification
from xstilts.evaluation.cells import SCORES_FILE
from xstilts.io.tables import read_json, write_json

FILE = "declared.json"  # in the folder of results
TIME, SCORES_BEFORE = "time", "scores_before"


def chosen(headline: str, specification: Specification) -> dict[str, str]:
    """What a config chooses."""
    return {
        "headline": headline,
        "outcome": specification.outcome,
        "formula": str(specification.formula),
    }


def declare(results: Path, choice: Mapping[str, str]) -> None:
    """Write down a choice, unless scores were there when one was written down before."""
    scores = any((results / "scores").rglob(SCORES_FILE))
    if not (scores and (results / FILE).is_file()):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(results / FILE, {**choice, TIME: now, SCORES_BEFORE: scores})


def compared(path: Path, choice: Mapping[str, str]) -> Iterator[str]:
    """Sentences on what was written down, and on every later change."""
    if not path.is_file():
        yield "Nobody wrote down headline, outcome and formula before there were scores."
        return
    declared: dict[str, Any] = read_json(path)
    when = "when scores were there already" if declared[SCORES_BEFORE] else "before any score"
    yield f"Headline, outcome and formula were written down {when} ({declared[TIME]})."
    for name, value in choice.items():
        if value != declared[name]:
            yield f"**The {name} was changed later:** from {declared[name]} to {value}."
