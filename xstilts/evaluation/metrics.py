"""Scores: metrics as functions of per-example statistics, each with a bootstrap interval.

Every metric is a function of *means over examples* of additive statistics, so that an accuracy, a
corpus F1 and a mean reciprocal rank are resampled by the same few lines. Values are percentages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from xstilts.io.tables import schema

MOST_DRAWS = 2**25  # counts of a bootstrap held at once, 256 MiB

Means = Mapping[str, np.ndarray]

SCORES = schema(
    ("metric", pa.string(), "Name of the metric."),
    ("reported", pa.bool_(), "Whether this is the target's reported metric."),
    ("value", pa.float64(), "Score in percent."),
    ("low", pa.float64(), "Lower end of the 95% bootstrap interval over test examples."),
    ("high", pa.float64(), "Upper end of that interval."),
    ("n", pa.int32(), "Test examples."),
    ("chance", pa.float64(), "The reported metric's value for random answers, in percent."),
    (
        "floor",
        pa.float64(),
        "The reported metric in English, in percent, of answers that do not look at what is asked: "
        "those to other examples, or one to all, whichever is better. Empty in other languages.",
    ),
    (
        "diverged",
        pa.string(),
        "Why the training behind it counts as diverged; empty if it does not.",
    ),
    ("checkpoint", pa.string(), "SHA-256 of the checkpoint's weights."),
    ("data", pa.string(), "SHA-256 of the encoded test data."),
    ("source", pa.string(), "Where the test data came from: hub data set and commit, or files."),
    ("key", pa.string(), "Key of the cell in the cell store."),
    ("seconds", pa.float64(), "Seconds of prediction and scoring."),
    ("device", pa.string(), "Device it ran on."),
    ("versions", pa.string(), "xstilts, commit, torch and transformers versions."),
)
PREDICTIONS = schema(
    ("id", pa.string(), "Id of the example."),
    ("prediction", pa.string(), "What the model answered."),
    (
        "statistics",
        pa.map_(pa.string(), pa.float64()),
        "Per-example statistics that the metrics are made of: correct, exact_match, hits, ...",
    ),
)


def _ratio(hits: str, *sizes: str) -> Callable[[Means], np.ndarray]:
    def value(means: Means) -> np.ndarray:
        size = sum(means[name] for name in sizes) / len(sizes)
        return np.divide(means[hits], size, out=np.zeros_like(means[hits]), where=size > 0)

    return value


METRICS: dict[str, Callable[[Means], np.ndarray]] = {
    "accuracy": lambda means: means["correct"],
    "retrieval_accuracy": lambda means: means["correct"],
    "token_accuracy": _ratio("correct", "tokens"),
    "token_accuracy_real_piece": _ratio("real_piece_correct", "tokens"),
    "span_f1": _ratio("hits", "predicted", "gold"),
    "span_f1_real_piece": _ratio("real_piece_hits", "real_piece_predicted", "gold"),
    "mining_f1": _ratio("hits", "predicted", "gold"),
    "precision": _ratio("hits", "predicted"),
    "recall": _ratio("hits", "gold"),
    "exact_match": lambda means: means["exact_match"],
    "f1": lambda means: means["f1"],
    "qa": lambda means: (means["exact_match"] + means["f1"]) / 2,
    "mrr@20": lambda means: means["reciprocal_rank"],
    "map@20": lambda means: means["average_precision"],
}
ALSO = {  # further metrics that are written beside the reported one
    "span_f1": (
        "precision",
        "recall",
        "token_accuracy",
        "span_f1_real_piece",
        "token_accuracy_real_piece",
    ),
    "mining_f1": ("precision", "recall"),
    "qa": ("exact_match", "f1"),
    "map@20": ("mrr@20",),
    "mrr@20": ("map@20",),
}


def _resampled(matrix: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """(resamples, statistics) means of rows drawn with replacement, a few draws at a time."""
    random, n = np.random.default_rng(seed), len(matrix)
    at_once = max(1, MOST_DRAWS // n)
    sizes = [min(at_once, resamples - start) for start in range(0, resamples, at_once)]
    means = [random.multinomial(n, np.full(n, 1 / n), size=size) @ matrix / n for size in sizes]
    return np.concatenate([np.empty((0, matrix.shape[1])), *means])


def evaluate_metric(
    metric: str, statistics: Mapping[str, np.ndarray], resamples: int, seed: int = 0
) -> tuple[float, float, float]:
    """(value, low, high) in percent: the metric and its 95% percentile bootstrap interval."""
    names = list(statistics)
    matrix = np.stack([statistics[name] for name in names], axis=1)
    means = np.vstack([matrix.mean(axis=0, keepdims=True), _resampled(matrix, resamples, seed)])
    values = 100 * METRICS[metric]({name: means[:, at] for at, name in enumerate(names)})
    low, high = np.percentile(values[1:], [2.5, 97.5]) if resamples else (np.nan, np.nan)
    return float(values[0]), float(low), float(high)
