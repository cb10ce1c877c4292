"""Examples, fetched as a job fetches them, and as batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.invented import invented_source
from xstilts.data.fetch import examples_of, fetch_task
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.packed_batch import Batch
from xstilts.world import World


def fetch(
    task: str,
    part: str,
    language: str | list[str],
    output: Path,
    source: dict[str, Any] | None = None,
    limits: dict[str, int] | None = None,
    world: World | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Canonical examples by split, written by `fetch_task` to `output` and read again.

    Of several languages, those of the first.
    """
    languages = [language] if isinstance(language, str) else language
    fetch_task(
        task=task,
        part=part,
        languages=languages,
        manifest=str(output),
        source=invented_source(world, task) if world else source,
        commits={},
        limits=limits or {},
    )
    return examples_of(output, languages[0])


def batch_of_all(records: Iterable[Mapping[str, Any]]) -> Batch:
    """One batch of all the encoded records, in memory."""
    rows = EncodedExamples.of(records)
    return Batch(rows, np.arange(len(rows)), torch.device("cpu"))
