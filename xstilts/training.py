"""The training loop: phase two (one or several English tasks) and phase three (a chain of them)."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from xstilts.batches import pad
from xstilts.checkpoints import Network, load, save
from xstilts.encoder import device
from xstilts.encoding import Encoded, Rows
from xstilts.kinds import kind_of
from xstilts.prediction import headline_score
from xstilts.sampling import shuffled_batches, task_order
from xstilts.tables import read_json, rows_table, schema, write_table
from xstilts.tasks import Schedule, Task

logger = logging.getLogger(__name__)

CURVE = schema(
    ("task", pa.string(), "Task of the step."),
    ("step", pa.int32(), "Optimizer step, from 1, within one fit."),
    ("loss", pa.float32(), "Mean training loss of the step's batch."),
    ("learning_rate", pa.float64(), "Learning rate of the step."),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to optimise: the config's section `training`.

    Attributes:
        learning_rate: peak of a linear warm-up and decay.
        warmup_fraction: share of the steps that warm up.
        weight_decay: AdamW's.
        clip_norm: largest norm of a step's gradient.
        batch_size, max_steps: override the task's schedule where given.
        examples_cap: sizes above this count as this when several tasks are sampled.
        freeze_embeddings: leave the word embeddings as they were pretrained.
        batch_tokens: padded tokens a forward pass of evaluation may hold.
    """

    learning_rate: float
    warmup_fraction: float
    weight_decay: float
    clip_norm: float
    batch_size: int | None
    max_steps: int | None
    examples_cap: int
    freeze_embeddings: bool
    batch_tokens: int


def train_intermediate(
    *, parent: str, parts: list[str], seed: int, settings: dict[str, Any], output: str
) -> None:
    """Phase two: train one network on all the parts' tasks at once, one head a task."""
    _phase(parent, [parts], seed, settings, output, "intermediate")


def finetune_target(
    *, parent: str, parts: list[str], seed: int, settings: dict[str, Any], output: str
) -> None:
    """Phase three: train on each part's task in turn; a head goes on where its shape fits."""
    _phase(parent, [[part] for part in parts], seed, settings, output, "training")


def _phase(
    parent: str,
    fits: list[list[str]],
    seed: int,
    settings: dict[str, Any],
    output: str,
    schedule: str,
) -> None:
    """Run the fits one after the other from the parent checkpoint, and write the checkpoint."""
    chosen, path, manifest = Settings(**settings), Path(output), read_json(Path(parent))
    torch.manual_seed(seed)
    network = load(Path(parent))
    network.heads, network.labels = {}, {}
    if chosen.freeze_embeddings:
        network.encoder.freeze_embeddings()
    curve: list[dict[str, Any]] = []
    for parts in fits:
        _add_heads(network, [Encoded(Path(part)) for part in parts])
        curve += _fit(network, [Encoded(Path(part)) for part in parts], schedule, seed, chosen)
    write_table(path.with_name("curve.parquet"), rows_table(curve, CURVE))
    trained = [Encoded(Path(part)).task.name for parts in fits for part in parts]
    facts = {
        "pretrained": manifest["pretrained"],
        "base": manifest["base"],
        "history": [*manifest["history"], trained],
        "seed": seed,
        "steps": len(curve),
        "diverged": manifest["diverged"] or not all(math.isfinite(row["loss"]) for row in curve),
        "dev": _dev_scores(network, [part for parts in fits for part in parts], chosen),
    }
    save(path, network, facts)


def _add_heads(network: Network, parts: list[Encoded]) -> None:
    """A head for each task; the previous one is kept where its tensors have the same shapes."""
    previous = list(network.heads.values())
    network.heads, network.labels = {}, {}
    for part in parts:
        network.add_head(part.task.name, part.labels)
        fresh = network.heads[part.task.name]
        for head in previous:
            if _shapes(head) == _shapes(fresh):
                fresh.load_state_dict(head.state_dict())


def _shapes(head: torch.nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, value.shape) for name, value in head.state_dict().items()]


@dataclass(kw_only=True)
class _Stream:
    """A task's rows and the endless batches over them."""

    task: Task
    rows: Rows
    batches: Iterator[np.ndarray]
    steps: int


def _fit(
    network: Network, parts: list[Encoded], schedule: str, seed: int, settings: Settings
) -> list[dict[str, Any]]:
    """Optimise over the parts' tasks; stops at the first loss that is not finite."""
    streams = [_stream(part, schedule, seed, settings) for part in parts]
    steps = settings.max_steps or sum(stream.steps for stream in streams)
    parameters = list(network.trainable().values())
    optimizer = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    rate = LambdaLR(optimizer, lambda step: _triangle(step, steps, settings.warmup_fraction))
    order = task_order([len(stream.rows) for stream in streams], settings.examples_cap, steps, seed)
    curve = []
    network.encoder.train()
    names = "+".join(stream.task.name for stream in streams)
    for step, chosen in enumerate(tqdm(order, desc=names, disable=None), start=1):
        stream = streams[chosen]
        loss = _loss(network, stream)
        curve.append(
            {
                "task": stream.task.name,
                "step": step,
                "loss": float(loss.detach()),
                "learning_rate": rate.get_last_lr()[0],
            }
        )
        if not torch.isfinite(loss):
            logger.warning("%s: the loss is %s at step %d", names, curve[-1]["loss"], step)
            break
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        optimizer.step()
        rate.step()
        if step % max(1, steps // 20) == 0:
            recent = [row["loss"] for row in curve[-max(1, steps // 20) :]]
            logger.info("%s: step %d of %d, loss %.4f", names, step, steps, np.mean(recent))
    return curve


def _stream(part: Encoded, schedule: str, seed: int, settings: Settings) -> _Stream:
    rows = part.rows("en", "train")
    planned: Schedule = getattr(part.task, schedule)
    batch_size = settings.batch_size or planned.batch_size
    size = min(len(rows), settings.examples_cap)
    return _Stream(
        task=part.task,
        rows=rows,
        batches=shuffled_batches(len(rows), batch_size, seed),
        steps=planned.epochs * math.ceil(size / batch_size),
    )


def _triangle(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over a share of the steps, then linear decay to zero."""
    top = max(1, round(warmup * steps))
    return min((step + 1) / top, (steps - step) / max(1, steps - top))


def _loss(network: Network, stream: _Stream) -> torch.Tensor:
    rows = [stream.rows[at] for at in next(stream.batches)]
    batch = pad(rows, network.encoder.pad_id).to(device())
    head = network.heads[stream.task.name]
    head.train()
    return kind_of(stream.task).loss(head, network.encoder(batch), batch)


def _dev_scores(network: Network, parts: list[str], settings: Settings) -> dict[str, float | None]:
    """The reported metric of each part's task on its English dev examples, where it has any."""
    scores = {}
    for part in (Encoded(Path(part)) for part in parts):
        if part.task.name in network.heads:
            scores[part.task.name] = headline_score(network, part, "dev", -1, settings.batch_tokens)
    return scores
