"""The peers: `transformers.Trainer` with grouped lengths, and padding to a fixed length.

The second is what the XTREME scripts do. Both get fused AdamW and PyTorch's own attention.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from benchmarks.workload import CLASSES, Workload
from xstilts.encoder.model import Precision, device, half

MODELS: dict[str, Any] = {
    "classification": AutoModelForSequenceClassification,
    "tagging": AutoModelForTokenClassification,
    "span_qa": AutoModelForQuestionAnswering,
}
Padding = Literal["longest", "fixed"]


class Peer:
    """Training and prediction of one workload by the Trainer."""

    def __init__(
        self,
        folder: Path,
        work: Workload,
        records: list[dict[str, Any]],
        precision: Precision,
        padding: Padding,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.work, self.padding, self.seed = work, padding, seed
        self.examples = [_features(record) for record in records]
        sizes = {} if work.kind == "span_qa" else {"num_labels": CLASSES[work.kind]}
        self.model = MODELS[work.kind].from_pretrained(folder, dtype=torch.float32, **sizes)
        self.half = half(precision)

    def _trainer(self, folder: str) -> Trainer:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=self.work.batch_size,
            per_device_eval_batch_size=self.work.batch_size,
            num_train_epochs=1,
            learning_rate=self.work.rate,
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            train_sampling_strategy="sequential",  # a workload's batches are grouped by length
            seed=self.seed,
            bf16=self.half,
            logging_strategy="steps",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=device().type == "cuda",
        )
        trainer = Trainer(
            model=self.model,
            args=arguments,
            train_dataset=self.examples,
            data_collator=self._collate,
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def train(self) -> tuple[float, list[float]]:
        """(seconds of one epoch, loss of each step)."""
        with tempfile.TemporaryDirectory() as folder:
            trainer = self._trainer(folder)
            start = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - start
        return seconds, [row["loss"] for row in trainer.state.log_history if "loss" in row]

    def predict(self, by_length: bool = False) -> float:
        """Seconds of predicting every example; the best answers are taken on the device.

        The Trainer answers in the order that it reads in: `by_length` is the time of a user who
        sorts the data set by length before, and the answers back after.
        """
        sizes = [len(example["input_ids"]) for example in self.examples]
        order = np.random.default_rng(0).permutation(len(sizes))
        if by_length:
            order = np.argsort(sizes)
        with tempfile.TemporaryDirectory() as folder:
            trainer = self._trainer(folder)
            trainer.preprocess_logits_for_metrics = _best
            start = time.perf_counter()
            trainer.predict([self.examples[at] for at in order])
        return time.perf_counter() - start

    def _collate(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Padded to the longest of the batch, or to the fixed length."""
        longest = max(len(example["input_ids"]) for example in examples)
        size = self.work.fixed if self.padding == "fixed" else longest
        fills = {"input_ids": 1, "attention_mask": 0, "labels": -100}
        batch: dict[str, torch.Tensor] = {}
        for name in examples[0]:
            values = [example[name] for example in examples]
            if isinstance(values[0], list):
                values = [each + [fills[name]] * (size - len(each)) for each in values]
            batch[name] = torch.tensor(values)
        return batch


def _best(logits: Any, labels: Any) -> Any:
    """What is needed of the logits, so that they need not be gathered."""
    parts = logits if isinstance(logits, tuple) else (logits,)
    return tuple(each.argmax(-1) for each in parts)


def _features(record: dict[str, Any]) -> dict[str, Any]:
    """An encoded example under the names of transformers' models."""
    (ids,) = record["sequences"]
    row = {"input_ids": ids, "attention_mask": [1] * len(ids)}
    if "label" in record:
        return {**row, "labels": record["label"]}
    if "tags" in record:
        return {**row, "labels": record["tags"]}
    return {**row, "start_positions": record["first"], "end_positions": record["last"]}
