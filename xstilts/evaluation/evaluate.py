"""Evaluation: one job per (checkpoint, target) predicts and scores every language of the target.

Cells that the store holds are linked, only the others are computed; an error in one language does
not stop the others.
"""

from __future__ import annotations

import logging
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.checkpoint.network import Network, load
from xstilts.data.encode import Encoded
from xstilts.evaluation.batching import Outputs
from xstilts.evaluation.cells import PREDICTIONS_FILE, SCORES_FILE, cell_store
from xstilts.evaluation.metrics import ALSO, PREDICTIONS, SCORES, evaluate_metric
from xstilts.evaluation.predict import reference_of, score
from xstilts.evaluation.provenance import device_name, versions
from xstilts.io.hashing import digest
from xstilts.io.tables import read_json, rows_table, write_table
from xstilts.kinds import Reference, Scored

logger = logging.getLogger(__name__)


def evaluate_target(
    *,
    checkpoint: str,
    encoded: str,
    store: str,
    scores: list[str],
    layer: int,
    settings: dict[str, Any],
    code: str,
) -> None:
    """Score a checkpoint on a target.

    Args:
        checkpoint: manifest of the checkpoint.
        encoded: manifest of the target's encoded test part.
        store: folder of the cell store.
        scores: score files to write, one per language.
        layer: the model's retrieval layer.
        settings: `batch_tokens`, `precision` and bootstrap `resamples`.
        code: digest of the evaluation code.

    Raises:
        RuntimeError: some languages failed; the others are in the store.
    """
    part, cells = Encoded(Path(encoded)), cell_store(Path(store))
    manifest = read_json(Path(checkpoint))
    evaluator = _TargetEvaluator(Path(checkpoint), part, layer, settings)
    failed: dict[str, str] = {}
    for output in map(Path, scores):
        language = language_of(output)
        try:
            key = _key(manifest, part, language, layer, settings, code)
            if not cells.holds(key):
                cells.add(key, partial(evaluator.write, language=language, key=key))
            cells.link(key, output)
        except Exception as error:
            logger.exception("%s in %s failed", part.task.name, language)
            failed[language] = (str(error).splitlines() or [repr(error)])[0]
    if failed:
        raise RuntimeError(
            f"{part.task.name}: failed in {', '.join(failed)} (see the log); "
            f"the other {len(scores) - len(failed)} languages are kept in {store}; "
            f"the first error: {next(iter(failed.values()))}"
        )


def language_of(scores: Path) -> str:
    """The language of a declared score file, which its folder names: `language=sw`."""
    return scores.parent.name.removeprefix("language=")


def _key(
    manifest: dict[str, Any],
    part: Encoded,
    language: str,
    layer: int,
    settings: dict[str, Any],
    code: str,
) -> str:
    """Digest of all that a cell's score depends on."""
    data = part.manifest["languages"]
    pooled = part.task.needs == "pool"
    return digest(
        {
            "checkpoint": manifest["digest"],
            "task": part.task.name,
            "data": data if pooled else data[language],
            "language": language,
            "layer": layer,
            "settings": settings,
            "code": code,
        }
    )


class _TargetEvaluator:
    """Predicts and scores languages of one part; loads the checkpoint when first needed."""

    def __init__(
        self, checkpoint: Path, part: Encoded, layer: int, settings: dict[str, Any]
    ) -> None:
        self.path, self.part, self.settings = checkpoint, part, settings
        tokens, precision = settings["batch_tokens"], settings["precision"]
        self.outputs = Outputs(self.network, part, layer, tokens, precision)

    @cache  # noqa: B019 - one evaluator lives for one job
    def network(self) -> Network:
        """The checkpoint's network."""
        return load(self.path)

    @cache  # noqa: B019
    def reference(self, language: str) -> Reference:
        """What the kind's scoring needs besides a language's outputs."""
        places = {
            "none": [],
            "dev": [(language, "dev")],
            "pool": [(code, "test") for code in self.part.manifest["languages"]],
        }[self.part.task.needs]
        return reference_of(self.part, places, self.outputs.of)

    def write(self, folder: Path, language: str, key: str) -> None:
        """Predict, score, and write the cell's two tables into a folder."""
        by_language = self.part.task.needs == "dev"
        reference = self.reference(language if by_language else "")
        outputs = self.outputs.of(language, "test")
        start = time.perf_counter()
        scored = score(self.network(), self.part, language, "test", outputs, reference)
        manifest = read_json(self.path)
        chance = self.part.task.chance if scored.chance is None else scored.chance
        common = {
            "n": len(scored.predictions),
            "chance": 100 * chance,
            "floor": max(
                (evaluate_metric(self.part.task.metric, each, 0)[0] for each in scored.blind),
                default=None,
            ),
            "diverged": manifest["diverged"],
            "checkpoint": manifest["digest"],
            "data": self.part.manifest["languages"][language],
            "source": self.part.manifest["source"],
            "key": key,
            "device": device_name(),
            "versions": versions(),
        }
        values = _metric_rows(self.part, scored, self.settings["resamples"])
        common["seconds"] = self.outputs.seconds[language] + time.perf_counter() - start
        table = rows_table([{**row, **common} for row in values], SCORES)
        write_table(folder / SCORES_FILE, table, SCORES)
        write_table(folder / PREDICTIONS_FILE, self._predictions(language, scored), PREDICTIONS)

    def _predictions(self, language: str, scored: Scored) -> Any:
        names = list(scored.statistics)
        matrix = np.stack(list(scored.statistics.values()), axis=1).tolist()
        rows = [
            {"id": name, "prediction": text, "statistics": list(zip(names, values, strict=True))}
            for name, text, values in zip(scored.ids, scored.predictions, matrix, strict=True)
        ]
        return rows_table(rows, PREDICTIONS)


def _metric_rows(part: Encoded, scored: Scored, resamples: int) -> list[dict[str, Any]]:
    reported = part.task.metric
    rows = []
    for metric in (reported, *ALSO.get(reported, ())):
        value, low, high = evaluate_metric(metric, scored.statistics, resamples)
        rows.append(
            {
                "metric": metric,
                "reported": metric == reported,
                "value": value,
                "low": low,
                "high": high,
            }
        )
    return rows
