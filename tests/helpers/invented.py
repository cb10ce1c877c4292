"""Files of invented worlds, which are written once per process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from xstilts.data.pretrained import fetch_model
from xstilts.world import World
from xstilts.world.files import write_world


@cache
def invented(world: World) -> Path:
    """The folder of a world's files; do not change them."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    write_world(world, folder)
    return folder


def invented_source(world: World, task: str) -> dict[str, Any]:
    """The `data` entry of a task of a world."""
    path = invented(world) / task / "{split}.{language}.jsonl"
    return {"path": str(path), "format": "jsonl"}


def fetch_nano(world: World, checkpoint: Path, lora: int | None = None) -> str:
    """Write the manifest of a world's encoder; its path."""
    folder = str(invented(world) / "nano")
    fetch_model(path=folder, revision="main", lora=lora, checkpoint=str(checkpoint))
    return str(checkpoint)
