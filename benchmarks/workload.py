"""What is measured: a model of random weights, and examples whose lengths are those of real tasks.

Lengths are 200 quantiles of real data (lengths.json says which). A task's examples are whole
batches out of 50 that were sorted by length, which is how the Trainer's length grouping makes them;
so all sides get the same examples, and the Trainer its batches as it wants them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import XLMRobertaConfig, XLMRobertaModel

LENGTHS = json.loads(Path(__file__).with_name("lengths.json").read_text(encoding="utf-8"))
VOCABULARY = 250_002
IN_USE = 25_000  # pieces that the examples draw from: about what an English training set uses
GROUP = 50  # batches that the Trainer sorts together
SHAPES = {  # layers, width, heads, inner width
    "e5-small": (12, 384, 12, 1536),
    "xlm-r-large": (24, 1024, 16, 4096),
    "quick": (2, 384, 12, 1536),
}
CLASSES = {"classification": 3, "tagging": 17, "span_qa": 2}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One task's shape.

    Attributes:
        task: the task of xstilts whose kind, head and name it takes.
        kind: that task's.
        batch_size: examples per step, the study's.
        fixed: length that the fixed side pads to, XTREME's.
        rate: peak of the learning rate, which decays linearly.
    """

    task: str
    kind: str
    batch_size: int
    fixed: int
    rate: float = 1e-5


WORKLOADS = {
    "mnli": Workload(task="mnli", kind="classification", batch_size=32, fixed=128),
    "squad": Workload(task="squad1", kind="span_qa", batch_size=16, fixed=384),
    "udpos": Workload(task="udpos", kind="tagging", batch_size=32, fixed=128),
}


def write_model(shape: str, folder: Path) -> None:
    """A model of random weights, as a Hugging Face folder."""
    layers, width, heads, inner = SHAPES[shape]
    config = XLMRobertaConfig(
        vocab_size=VOCABULARY,
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def flops(shape: str, lengths: Sequence[int]) -> int:
    """Operations of a forward pass: 2 per token and matrix weight, and attention's two products."""
    layers, width, _, inner = SHAPES[shape]
    sizes = np.asarray(lengths, dtype=np.int64)
    matrices = 4 * width**2 + 2 * width * inner
    return int(2 * layers * (matrices * sizes.sum() + 2 * width * (sizes**2).sum()))


def records(name: str, batches: int, seed: int = 0) -> list[dict[str, Any]]:
    """Encoded examples, batch after batch, each batch of similar lengths."""
    work, random = WORKLOADS[name], np.random.default_rng(seed)
    many = GROUP * work.batch_size
    pool = np.sort(random.choice(LENGTHS[name]["quantiles"], many)).reshape(GROUP, -1)
    batch_numbers = np.linspace(0, GROUP - 1, 2 * batches + 1).round().astype(int)[1::2]
    ids = random.choice(np.arange(5, VOCABULARY), IN_USE, replace=False)
    lengths = pool[random.permutation(batch_numbers)].ravel()
    return [_record(work.kind, int(size), ids, random) for size in lengths]


def _record(kind: str, size: int, ids: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """Pieces as frequent as Zipf has them, and an answer that means nothing."""
    rank = np.floor(len(ids) ** random.random(size)).astype(int) - 1
    row: dict[str, Any] = {"example": 0, "sequences": [ids[rank].tolist()]}
    if kind == "classification":
        return {**row, "label": int(random.integers(3))}
    if kind == "tagging":
        return {**row, "tags": random.integers(0, 17, size).tolist(), "real": list(range(size))}
    first, last = sorted(random.integers(0, size, 2).tolist())
    places = list(range(size))
    return {**row, "starts": places, "ends": places, "first": first, "last": last}
