"""What produced a score: versions, commit, device."""

from __future__ import annotations

import subprocess
from functools import cache

import torch
import transformers

from xstilts import __version__
from xstilts.encoder.model import device
from xstilts.io.code import ROOT


def versions() -> str:
    """What produced a score, in one line."""
    return (
        f"xstilts {__version__} ({commit()}), torch {torch.__version__}, "
        f"transformers {transformers.__version__}"
    )


@cache
def commit() -> str:
    """The repository's commit, or `unknown` outside a checkout."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return result.stdout.strip() or "unknown"


def device_name() -> str:
    """The GPU's name, or `cpu`."""
    return torch.cuda.get_device_name() if device().type == "cuda" else "cpu"
