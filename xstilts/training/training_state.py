"""A training in progress, on disk: tensors and facts in one file, written whole or not at all."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from xstilts.io.tables import atomic

logger = logging.getLogger(__name__)

Tensors = dict[str, Tensor]
LEFT = 3600  # seconds without a write after which a temporary file counts as abandoned


def write_state(path: Path, key: str, tensors: Tensors, facts: dict[str, Any]) -> None:
    """Write a state; `key` is the digest of all that the training depends on."""
    with atomic(path) as temporary:
        contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
        save_file(contiguous, temporary, metadata={"key": key, "facts": json.dumps(facts)})


def read_state(path: Path, key: str) -> tuple[Tensors, dict[str, Any]] | None:
    """The state, unless there is none, it is damaged, or it is another training's."""
    _remove_leftovers(path.parent)
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            if metadata["key"] != key:
                logger.info("%s: of another training, so not resumed", path)
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        logger.warning("%s: not readable, so not resumed (%s)", path, error)
        return None
    logger.info("going on from %s", path)
    return tensors, json.loads(metadata["facts"])


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half written; a living process writes faster."""
    for left in folder.glob(".*.tmp"):
        if time.time() - left.stat().st_mtime > LEFT:
            left.unlink(missing_ok=True)
