"""Data of one's own, fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers import examples


def fetch(
    tmp_path: Path,
    task: str,
    part: str,
    source: dict[str, Any],
    language: str = "en",
    limits: dict[str, int] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    return examples.fetch(task, part, language, tmp_path / "out/manifest.json", source, limits)


NLI = '{"premise": "a", "hypothesis": "b", "label": %s}\n'
