"""The table of encoders, one row per model; a config adds or replaces rows in `model_table`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.errors import InputError, check_name

CC100 = "cc100"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One encoder.

    Attributes:
        path: hub id or folder.
        layer: hidden state that retrieval and similarity read; 0 is the embeddings.
        revision: the branch of the hub, or a commit, for a hub id (`xstilts.data.lock`).
        lora: rank of low-rank adapters (Hu et al. 2022) that are trained in place of all weights.
        pretraining: the text that it was pretrained on, where the table of languages has its sizes:
            cc100 (CC-100, that of XLM-R).
    """

    path: str
    layer: int
    revision: str = "main"
    lora: int | None = None
    pretraining: str | None = None


MODELS = {
    # Layer 14 of 24 is that of XTREME's and jiant's retrieval scripts.
    "xlm-r-large": Model(path="FacebookAI/xlm-roberta-large", layer=14, pretraining=CC100),
    "xlm-r-base": Model(path="FacebookAI/xlm-roberta-base", layer=7, pretraining=CC100),
    # Distilled from XLM-R, then trained for sentence similarity.
    "e5-small": Model(path="intfloat/multilingual-e5-small", layer=12, pretraining=CC100),
}


def model_row(name: str, added: Mapping[str, Mapping[str, Any]], place: str) -> Model:
    """The row of a model, with what the config adds to it.

    Raises:
        InputError: no such model, or its local folder holds none.
    """
    check_name("model", name, {*MODELS, *added}, place)
    shipped = MODELS.get(name)
    row = {**(vars(shipped) if shipped else {}), **added.get(name, {})}
    if "layer" not in row or "path" not in row:
        raise InputError(f"{place}: model '{name}' needs path and layer in model_table")
    model = Model(**row)
    if name in added:
        check_folder(f"model_table: {name}: path", model)
    return model


def model_state(model: Model) -> list[list[object]]:
    """Name, size and time of each file of a local model's folder; nothing for other models."""
    if is_hub_id(model.path):
        return []
    files = sorted(file for file in Path(model.path).iterdir() if file.is_file())
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def is_hub_id(path: str) -> bool:
    """Whether a path is an `organisation/name` of the hub rather than a folder here."""
    return re.fullmatch(r"[\w-]+/[\w.-]+", path) is not None and not Path(path).exists()


def check_folder(place: str, model: Model) -> None:
    """Raise unless the model is one of the hub, or its folder holds one."""
    if not is_hub_id(model.path) and not (Path(model.path) / "config.json").is_file():
        raise InputError(
            f"{place} '{model.path}' holds no model (no config.json); "
            "give a folder written by save_pretrained, or the id of a model of the hub"
        )
