"""Sentences on the data, from the data manifests, for a reader of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xstilts.io.tables import WARNINGS

MOST = 12  # warnings written out

Manifest = Mapping[str, Any]


def told_of_data(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Warnings, then the numbers of rows left out or altered, by task."""
    warnings = list(
        dict.fromkeys(text for manifest in manifests for text in manifest.get(WARNINGS, ()))
    )
    for warning in warnings[:MOST]:
        yield f"{warning}."
    if more := len(warnings[MOST:]):
        yield f"{more} other warnings stand in the data manifests."
    hidden: Counter[str] = Counter()
    for manifest in manifests:
        hidden[manifest["task"]] += sum(manifest.get("dropped", {}).values())
    yield from _counted("of which the label or answer is hidden, left out", hidden)
    for deed, by_task in sorted(_deeds(manifests).items()):
        yield from _counted(deed, by_task)


def _deeds(manifests: Sequence[Manifest]) -> dict[str, Counter[str]]:
    """The number of rows by what was done to them and task: all parts, languages and splits."""
    by_deed: dict[str, Counter[str]] = {}
    for manifest in manifests:
        for counts in manifest.get("aside", {}).values():
            for deed, rows in counts.items():
                by_deed.setdefault(deed, Counter())[manifest["task"]] += rows
    return by_deed


def _counted(what: str, by_task: Mapping[str, int]) -> Iterator[str]:
    counts = {task: count for task, count in by_task.items() if count}
    if counts:
        parts = ", ".join(f"{task} {count:,}" for task, count in sorted(counts.items()))
        yield f"{sum(counts.values()):,} rows, {what}: {parts}."
