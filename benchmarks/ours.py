"""This project's side."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.workload import CLASSES, Workload
from xstilts.checkpoint.network import Network
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Encoder, Precision, device, run
from xstilts.encoder.vocabulary import trim_vocabulary
from xstilts.evaluation.predict import read_by
from xstilts.kinds import kind_of
from xstilts.tasks import tasks
from xstilts.training.loop import Fit, FitPlan, Stream


class Ours:
    """Training and prediction of one workload.

    `all_words` also trains the embeddings of words missing from the data; `seed` is that of the
    head, the order and dropout.
    """

    def __init__(
        self,
        folder: Path,
        work: Workload,
        records: list[dict[str, Any]],
        precision: Precision,
        all_words: bool = False,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.work, self.rows, self.precision = work, EncodedExamples.of(records), precision
        self.all_words, self.seed = all_words, seed
        self.network = Network(encoder=Encoder(folder).to(device()))
        self.network.add_head(work.task, [str(at) for at in range(CLASSES[work.kind])])

    def train(self) -> tuple[float, list[float]]:
        """(seconds of one epoch, loss of each step)."""
        steps = len(self.rows) // self.work.batch_size
        start = time.perf_counter()
        used = np.unique([1, *self.rows.tokens.values])
        with nullcontext() if self.all_words else trim_vocabulary(self.network.encoder, used):
            fit = Fit(
                network=self.network,
                streams=[
                    Stream(
                        task=tasks()[self.work.task],
                        rows=self.rows,
                        batch_size=self.work.batch_size,
                        share=1.0,
                    )
                ],
                plan=self._plan(steps),
                dev=dict,
                keep=lambda tensors, progress: None,
                save_minutes=float("inf"),
            )
            progress = fit.run()
        return time.perf_counter() - start, [row["loss"] for row in progress.curve]

    def _plan(self, steps: int) -> FitPlan:
        return FitPlan(
            steps=steps,
            learning_rate=self.work.rate,
            warmup=0,
            weight_decay=0.0,
            clip_norm=1.0,
            batch_tokens=16384,
            precision=self.precision,
            evaluate_every=steps + 1,
            patience=1,
            keep_best=False,
            seed=self.seed,
        )

    def predict(self) -> float:
        """Seconds of predicting every example, in as many passes as there are batches."""
        kind = kind_of(tasks()[self.work.task])
        head = self.network.heads[self.work.task].eval()
        sizes = self.rows.sizes
        tokens = int(sizes.mean() * self.work.batch_size + sizes.max())
        start = time.perf_counter()
        run(
            self.network.encoder,
            self.rows,
            tokens,
            read_by(kind),
            lambda hidden, batch: kind.decode(head, hidden, batch),
            self.precision,
        )
        return time.perf_counter() - start
