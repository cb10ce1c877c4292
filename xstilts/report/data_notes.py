"""What the data manifests say of the data, in sentences for a reader of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xstilts.io.tables import WARNINGS

MOST = 12  # warnings that are written out

Manifest = Mapping[str, Any]


def told_of_data(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Warnings, then how many rows were left out or altered, and of which tasks."""
    warnings = list(dict.fromkeys(each for one in manifests for each in one.get(WARNINGS, ())))
    for warning in warnings[:MOST]:
        yield f"{warning}."
    if more := len(warnings[MOST:]):
        yield f"{more} other warnings stand in the data manifests."
    yield from _counted("of which the label or answer is hidden, left out", _hidden(manifests))
    for deed, by_task in sorted(_deeds(manifests).items()):
        yield from _counted(deed, by_task)


def _hidden(manifests: Sequence[Manifest]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in manifests:
        found[each["task"]] += sum(each.get("dropped", {}).values())
    return found


def _deeds(manifests: Sequence[Manifest]) -> dict[str, Counter[str]]:
    """What was done to rows, and to how many of each task: of all parts, languages and splits."""
    found: dict[str, Counter[str]] = {}
    for each in manifests:
        for counts in each.get("aside", {}).values():
            for deed, rows in counts.items():
                found.setdefault(deed, Counter())[each["task"]] += rows
    return found


def _counted(what: str, by_task: Mapping[str, int]) -> Iterator[str]:
    known = {task: count for task, count in by_task.items() if count}
    if known:
        parts = ", ".join(f"{task} {count:,}" for task, count in sorted(known.items()))
        yield f"{sum(known.values()):,} rows, {what}: {parts}."
