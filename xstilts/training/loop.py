"""The training loop over one or several tasks: packed batches, selection on dev data, resumption.

A batch holds the examples that the recipe names. If they hold more tokens than a forward pass may,
the batch is divided and the gradients are summed, which changes only the memory needed.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from xstilts.checkpoint.network import Network
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Precision, autocast, device
from xstilts.encoder.packed_batch import Batch, split_by_tokens
from xstilts.evaluation.predict import DevScore
from xstilts.kinds import trained_kind
from xstilts.tasks import Task
from xstilts.training.preemption import interruption
from xstilts.training.sampling import batch_of, stream_order
from xstilts.training.training_state import Tensors

logger = logging.getLogger(__name__)

MOST_NORM = 1e6  # largest norm of a gradient; a larger one, or NaN, ends the training


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A task's training rows in one language.

    Attributes:
        task: the task.
        rows: its rows.
        batch_size: examples per step.
        share: its share of the steps, relative to the other streams'.
    """

    task: Task
    rows: EncodedExamples
    batch_size: int
    share: float


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """How one fit optimises.

    Attributes:
        steps: optimizer steps, unless it stops before.
        learning_rate: peak of a linear warm-up and decay.
        warmup: steps that warm up.
        weight_decay: AdamW's.
        clip_norm: largest norm of a step's gradient.
        batch_tokens: tokens that a forward pass may hold.
        precision: of matrix products.
        evaluate_every: steps between evaluations on dev data.
        patience: evaluations without a better score after which training stops.
        keep_best: whether the weights of the best evaluation are kept, not the last.
        seed: decides the order of the examples.
    """

    steps: int
    learning_rate: float
    warmup: int
    weight_decay: float
    clip_norm: float
    batch_tokens: int
    precision: Precision
    evaluate_every: int
    patience: int
    keep_best: bool
    seed: int

    def rate(self, step: int) -> float:
        """Learning rate of step `step`, from 0: linear warm-up, then linear decay to zero."""
        up = (step + 1) / self.warmup if self.warmup else 1.0
        down = (self.steps - step) / max(1, self.steps - self.warmup)
        return self.learning_rate * min(up, down, 1.0)


NOT_VALIDATED: dict[str, Any] = {"step": 0, "score": None, "dev": {}, "constant": []}


@dataclass(kw_only=True)
class Progress:
    """How far a fit is: what a step checkpoint holds besides tensors.

    Attributes:
        curve: one row per step (`xstilts.checkpoint.curves`).
        best: the evaluation on dev data whose weights are kept: its step, score, each task's score
            (`dev`) and the tasks that got the same prediction everywhere (`constant`).
        bad_validations: evaluations since then.
        stopped: whether it ended before its last step.
        diverged: why it counts as diverged; empty if it does not.
    """

    curve: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=lambda: dict(NOT_VALIDATED))
    bad_validations: int = 0
    stopped: bool = False
    diverged: str = ""


@dataclass(kw_only=True)
class Fit:
    """One fit in progress.

    Attributes:
        network: what is trained.
        streams: what it is trained on.
        plan: how.
        dev: what the network as it is scores on each task's dev data.
        keep: writes the fit's tensors and progress to disk.
        save_minutes: minutes between two calls of `keep`.
    """

    network: Network
    streams: list[Stream]
    plan: FitPlan
    dev: Callable[[], dict[str, DevScore]]
    keep: Callable[[Tensors, dict[str, Any]], None]
    save_minutes: float
    progress: Progress = field(default_factory=Progress)
    best_weights: Tensors = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weights = self.network.trainable()
        self.optimizer = torch.optim.AdamW(
            self.weights.values(),
            lr=self.plan.learning_rate,
            weight_decay=self.plan.weight_decay,
            fused=True,
        )
        shares = np.array([stream.share for stream in self.streams])
        self.order = stream_order(shares / shares.sum(), self.plan.steps, self.plan.seed)

    def run(self) -> Progress:
        """Train to the end; if SIGTERM comes, keep the state and exit.

        Raises:
            SystemExit: it was interrupted.
        """
        begun, saved = len(self.progress.curve), time.monotonic()
        names = dict.fromkeys(stream.task.name for stream in self.streams)
        with closing(Bar("+".join(names), self.plan.steps, begun)) as bar, interruption() as stop:
            for step in range(begun, self.plan.steps):
                if self.progress.stopped:
                    break
                self._step(step)
                bar.show(self.progress.curve)
                if stop.is_set() or time.monotonic() - saved > 60 * self.save_minutes:
                    self.keep(*self.state())
                    saved = time.monotonic()
                if stop.is_set():
                    sys.exit(f"interrupted after step {step + 1}; run it again and it goes on")
        self._finish()
        return self.progress

    def _step(self, step: int) -> None:
        """One batch: its gradients, one update, and an evaluation on dev data if it is due."""
        at = int(self.order[step])
        stream, number = self.streams[at], int((self.order[:step] == at).sum())
        rows = batch_of(len(stream.rows), stream.batch_size, number, self.plan.seed)
        rate = self.plan.rate(step)
        loss, norm = self._gradients(stream, rows)
        row = {"task": stream.task.name, "step": step + 1, "loss": loss, "norm": norm}
        row |= {"learning_rate": rate, "tokens": int(stream.rows.sizes[rows].sum()), "dev": None}
        self.progress.curve.append(row)
        if not (math.isfinite(loss) and norm <= MOST_NORM):  # also if the norm is NaN
            self.progress.diverged = f"loss {loss}, gradient norm {norm} at step {step + 1}"
            self.progress.stopped = True
            logger.warning("diverged: %s", self.progress.diverged)
            return
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if (step + 1) % self.plan.evaluate_every == 0 or step + 1 == self.plan.steps:
            self._validate(row)

    def _gradients(self, stream: Stream, rows: np.ndarray) -> tuple[float, float]:
        """Accumulate the mean loss's gradients, clipped; (mean loss, norm before clipping)."""
        kind, head = trained_kind(stream.task), self.network.heads[stream.task.name]
        self.network.encoder.train()
        head.train()
        total, units = torch.zeros((), device=device()), 0
        budget = self.plan.batch_tokens if kind.divisible else sys.maxsize
        part_rows = split_by_tokens(rows, stream.rows.sizes, budget)
        for indices in part_rows:
            part = Batch(stream.rows, indices, device())
            with autocast(self.plan.precision):
                losses = kind.loss(head, self.network.encoder, part)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            total += losses.detach().sum()
            units += len(losses)
        gradients = [each.grad for each in self.weights.values() if each.grad is not None]
        torch._foreach_mul_(gradients, 1 / max(1, units))
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), self.plan.clip_norm)
        return float(total) / max(1, units), float(norm)

    def _validate(self, row: dict[str, Any]) -> None:
        """Score the dev data; remember the weights if they are the best so far."""
        scores, progress = self.dev(), self.progress
        if not scores:
            return
        row["dev"] = float(np.mean([score.value for score in scores.values()]))
        best, progress.bad_validations = progress.best["score"], progress.bad_validations + 1
        if best is None or row["dev"] > best or not self.plan.keep_best:
            progress.bad_validations = 0
            progress.best = {
                "step": row["step"],
                "score": row["dev"],
                "dev": {name: score.value for name, score in scores.items()},
                "constant": [name for name, score in scores.items() if score.constant],
            }
            if self.plan.keep_best and row["step"] < self.plan.steps:
                self.best_weights = {
                    name: each.detach().clone() for name, each in self.weights.items()
                }
        if progress.bad_validations >= self.plan.patience:
            progress.stopped = True
            logger.info("no better dev score since step %d: stopped", progress.best["step"])

    def _finish(self) -> None:
        """Restore the best weights if they are not the last."""
        if self.best_weights and self.progress.best["step"] < len(self.progress.curve):
            logger.info("weights of step %d are kept", self.progress.best["step"])
            with torch.no_grad():
                for name, value in self.weights.items():
                    value.copy_(self.best_weights[name])

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """All that the rest of the fit depends on."""
        tensors: Tensors = {f"weights/{name}": value for name, value in self.weights.items()}
        tensors |= {f"best/{name}": value for name, value in self.best_weights.items()}
        tensors |= {f"random/{name}": value for name, value in random_states().items()}
        for at, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{at}/{name}": value for name, value in moments.items()}
        return tensors, vars(self.progress)

    def restore(self, tensors: Tensors, progress: dict[str, Any]) -> None:
        """Resume from what `state` gave."""
        self.progress = Progress(**progress)
        optimizer_state = self.optimizer.state_dict()
        for name, value in tensors.items():
            kind, _, rest = name.partition("/")
            if kind == "weights":
                self.weights[rest].data.copy_(value)
            elif kind == "best":
                self.best_weights[rest] = value.to(device())
            elif kind == "random":
                set_random_state(rest, value)
            else:
                at, _, moment = rest.partition("/")
                optimizer_state["state"].setdefault(int(at), {})[moment] = value
        self.optimizer.load_state_dict(optimizer_state)


def random_states() -> Tensors:
    """The states of PyTorch's generators, by device type."""
    states = {"cpu": torch.get_rng_state()}
    return {**states, "cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else states


def set_random_state(kind: str, state: Tensor) -> None:
    """Set the state of one generator."""
    (torch.cuda.set_rng_state if kind == "cuda" else torch.set_rng_state)(state)


class Bar:
    """Progress: a bar on a terminal, twenty plain lines in a log."""

    def __init__(self, name: str, steps: int, begun: int) -> None:
        self.name, self.steps, self.begun = name, steps, begun
        self.bar = tqdm(total=steps, initial=begun, desc=name, disable=None)
        self.start, self.tokens = time.monotonic(), 0

    def show(self, curve: list[dict[str, Any]]) -> None:
        """Show what the last step adds: loss, real tokens per second, time left."""
        step, every = len(curve), max(1, self.steps // 20)
        self.tokens += curve[-1]["tokens"]
        seconds = time.monotonic() - self.start
        loss = np.mean([row["loss"] for row in curve[-min(every, 100) :]])
        speed = self.tokens / seconds
        self.bar.set_postfix_str(f"loss {loss:.4f}, {speed:,.0f} tokens/s", refresh=False)
        self.bar.update()
        if step % every == 0:
            left = seconds / (step - self.begun) * (self.steps - step) / 60
            logger.info(
                "%s: step %d of %d, loss %.4f, %.0f tokens/s, %.1f min left",
                self.name,
                step,
                self.steps,
                loss,
                speed,
                left,
            )

    def close(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()
