"""The root of the checkpoint tree: a pretrained encoder from the world, a folder, or the hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

from xstilts.digests import digest, file_digest
from xstilts.errors import InputError
from xstilts.tables import write_json

FILES = ("*.json", "*.safetensors", "*.model", "*.txt")  # never pickled weights


def fetch_model(
    *,
    path: str | None,
    revision: str,
    world: Mapping[str, Any] | None,
    output: str,
    lora: int | None = None,
) -> None:
    """Write the manifest of a pretrained model, with its folder and the digest of its files.

    Args:
        path: hub id or folder; None for the world's planted encoder.
        revision: the commit (or branch) of the hub.
        world: the world's settings, for the planted encoder.
        output: the manifest to write.
        lora: rank of the adapters that are trained in place of the model's own weights, if so.
    """
    folder = _folder(path, revision, world, Path(output).parent / "encoder")
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if not any(file.suffix == ".safetensors" for file in files):
        raise InputError(
            f"{folder}: no safetensors weights; convert the model with save_pretrained"
        )
    known = digest([[file.name, file_digest(file)] for file in files])
    write_json(
        Path(output),
        {
            "pretrained": str(folder),
            "weights": None,
            "base": known,
            "digest": known,
            "history": [],
            "heads": {},
            "lora": lora,
            "diverged": "",
        },
    )


def _folder(
    path: str | None, revision: str, world: Mapping[str, Any] | None, planted: Path
) -> Path:
    if path is None:
        if world is None:
            raise InputError(
                "the planted encoder exists in the embedded world only (config: world)"
            )
        from xstilts.world import World
        from xstilts.world.encoder import write_nano

        write_nano(World(**world), planted)
        return planted
    if Path(path).is_dir():
        return Path(path)
    return Path(snapshot_download(path, revision=revision, allow_patterns=list(FILES)))
