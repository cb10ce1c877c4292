"""Retrieval without training, at every layer: which hidden state should be pooled?

XTREME pools layer 14 of XLM-R Large; the best one differs by model and by what it was trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.checkpoint.network import load
from xstilts.data.encode import Encoded
from xstilts.evaluation.metrics import evaluate_metric
from xstilts.evaluation.predict import predict_layers, score
from xstilts.io.tables import rows_table, schema, write_table
from xstilts.kinds import Reference

LAYERS = schema(
    ("layer", pa.int32(), "Hidden state that was pooled; 0 is the embeddings."),
    ("language", pa.string(), "Language of the test set."),
    ("metric", pa.string(), "The target's reported metric."),
    ("value", pa.float64(), "Score in percent."),
    ("low", pa.float64(), "Lower end of the 95% bootstrap interval over test examples."),
    ("high", pa.float64(), "Upper end of that interval."),
    ("n", pa.int32(), "Test examples."),
)


def sweep_layers(
    *, checkpoint: str, encoded: str, languages: list[str], settings: dict[str, Any], layers: str
) -> None:
    """Score a checkpoint on a retrieval target at every layer, one pass over the texts.

    Args:
        checkpoint: manifest of the checkpoint.
        encoded: manifest of the target's encoded test part.
        languages: which languages to score.
        settings: `batch_tokens`, `precision` and bootstrap `resamples`.
        layers: the table to write.
    """
    network, part = load(Path(checkpoint)), Encoded(Path(encoded))
    metric, rows = part.task.metric, []
    for language in languages:
        by_layer = predict_layers(
            network, part, language, "test", settings["batch_tokens"], settings["precision"]
        )
        for layer, outputs in enumerate(by_layer):
            scored = score(network, part, language, "test", outputs, Reference())
            value, low, high = evaluate_metric(metric, scored.statistics, settings["resamples"])
            place = {"layer": layer, "language": language, "metric": metric}
            rows.append({**place, "value": value, "low": low, "high": high, "n": len(scored.ids)})
    write_table(Path(layers), rows_table(rows, LAYERS), LAYERS)
