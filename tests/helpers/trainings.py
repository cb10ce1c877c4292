"""Trainings of the embedded world's encoder on a few small sets, for the tests of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.examples import fetch
from helpers.invented import fetch_nano
from xstilts.data.encode import encode_task
from xstilts.io.tables import read_json
from xstilts.training import phases as training
from xstilts.world import World

WORLD = World(train=400, dev=60, test=20)
SETTINGS = {
    "preset": "study",
    "learning_rate": 3.0e-3,
    "warmup_fraction": 0.1,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "batch_size": 16,
    "max_steps": 60,
    "examples_cap": 131072,
    "temperature": 1.0,
    "freeze_embeddings": True,
    "batch_tokens": 4096,
    "precision": "fp32",
    "evaluate_every": 1000,
    "dev_examples": 500,
    "patience": 30,
}


def encoded_parts(folder: Path) -> dict[str, str]:
    """Manifests of `nano` and of a few encoded training sets."""
    found = {"nano": fetch_nano(WORLD, folder / "nano/checkpoint.json")}
    for task in ("siqa", "copa", "udpos", "mnli", "ccg", "wikipedia", "wikipedia_en"):
        data = str(folder / task / "data/manifest.json")
        found[task] = str(folder / task / "encoded/manifest.json")
        languages = ["en", "qa", "qe"] if task == "wikipedia" else ["en"]
        fetch(task, "train", languages, Path(data), world=WORLD)
        encode_task(
            task=task, data=data, pretrained=found["nano"], encoded=found[task], max_length=None
        )
    return found


def finetune(
    parts: dict[str, str], tasks: list[str], output: Path, **changes: Any
) -> dict[str, Any]:
    training.train(
        parent=parts["nano"],
        phase="finetuning",
        fits=[{"parts": [parts[task]], "dev": [parts[task]], "corpus": []} for task in tasks],
        seed=1,
        settings={**SETTINGS, **changes},
        save_minutes=10,
        store=None,
        code="",
        checkpoint=str(output),
    )
    return read_json(output)
