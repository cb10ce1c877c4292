"""Checkpoints: a tree pretrained -> intermediate -> tuned, each node a small manifest.

`checkpoint.json` is what the workflow tracks. It is written last, and holds nothing that differs
between two identical trainings, so that retraining to the same weights reruns nothing. The weights
beside it are those that training could change (with low-rank adapters, these and the heads), in
bf16: half the disk, and the precision in which GPUs use them. The rest is the pretrained folder's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from xstilts.checkpoint.curves import CURVE_FILE
from xstilts.encoder.model import Encoder, device
from xstilts.errors import InputError
from xstilts.io.hashing import digest, file_digest
from xstilts.io.store import Store
from xstilts.io.tables import atomic, read_json, read_table, write_json
from xstilts.kinds import kind_of
from xstilts.tasks import tasks

MANIFEST, WEIGHTS = "checkpoint.json", "weights.safetensors"


@dataclass(kw_only=True)
class Network:
    """An encoder and the heads it has learned, by task."""

    encoder: Encoder
    heads: dict[str, nn.Module] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    def add_head(self, task: str, labels: list[str]) -> None:
        """A fresh head for a task, on the encoder's device."""
        head = kind_of(tasks()[task]).head(self.encoder, len(labels))
        self.heads[task] = head.to(next(self.encoder.parameters()).device)
        self.labels[task] = labels

    def trainable(self) -> dict[str, nn.Parameter]:
        """Every parameter that training may change, by a name unique in the network."""
        weights = [(f"encoder.{name}", value) for name, value in self.encoder.named_parameters()]
        for task, head in sorted(self.heads.items()):
            weights += [(f"head.{task}.{name}", value) for name, value in head.named_parameters()]
        return {name: value for name, value in weights if value.requires_grad}


def save(path: Path, network: Network, facts: dict[str, Any]) -> None:
    """Write the weights, then the manifest at `path`.

    `facts` names the pretrained folder (`pretrained`) and the digest of its files (`base`), on
    which the checkpoint's own digest depends as it does on the weights.
    """
    tensors = {
        name: value.detach().to("cpu", torch.bfloat16)
        for name, value in network.trainable().items()
    }
    weights = path.with_name(WEIGHTS)
    with atomic(weights) as temporary:
        save_file(tensors, temporary)
    write_json(
        path,
        {
            **facts,
            "weights": WEIGHTS,
            "digest": _digest(facts["base"], weights),
            "heads": network.labels,
        },
    )


def _digest(base: str, weights: Path) -> str:
    return digest([base, file_digest(weights)])


def damage(path: Path) -> str:
    """What is wrong with a checkpoint's weights; empty if nothing is."""
    manifest = read_json(path)
    if not manifest["weights"]:
        return ""
    weights = path.with_name(manifest["weights"])
    if not weights.is_file():
        return f"{weights}: is not there"
    if _digest(manifest["base"], weights) != manifest["digest"]:
        return f"{weights}: damaged, or not the weights that {path.name} describes"
    return ""


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a trained checkpoint whose weights are those of its manifest."""
    try:
        read_table(folder / CURVE_FILE)
        return not damage(folder / MANIFEST)
    except (FileNotFoundError, InputError):
        return False


def training_store(folder: Path) -> Store:
    """The store of finished trainings."""
    return Store(folder, (WEIGHTS, CURVE_FILE, MANIFEST), is_whole)


def load(path: Path) -> Network:
    """The network of a checkpoint manifest, on the GPU if there is one.

    Raises:
        InputError: the weights are not those that the manifest describes.
    """
    if wrong := damage(path):
        raise InputError(f"{wrong}; `xstilts forget {path}`, and it is trained again")
    manifest = read_json(path)
    network = Network(encoder=Encoder(manifest["pretrained"], manifest["lora"]))
    for task, labels in manifest.get("heads", {}).items():
        network.add_head(task, labels)
    if manifest["weights"]:
        _restore(network, load_file(path.with_name(manifest["weights"])))
    network.encoder.to(device())
    for head in network.heads.values():
        head.to(device())
    return network


def _restore(network: Network, tensors: dict[str, Tensor]) -> None:
    """Copy saved tensors into the network; those of every head must be there."""
    parameters = network.trainable()
    missing = [name for name in parameters if name.startswith("head.") and name not in tensors]
    if missing:
        raise InputError(f"checkpoint lacks {', '.join(missing)}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            parameters[name].copy_(tensor)
