"""The similarity table: one measure between every intermediate and every (target, language)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.recipes import recipes
from xstilts.similarity import measures
from xstilts.tables import rows_table, schema, write_table
from xstilts.vectors import read_vectors

SIMILARITY = schema(
    ("measure", pa.string(), "Name of the measure."),
    ("direction", pa.string(), "Whether a larger value means more similar, or less (distance)."),
    ("model", pa.string(), "Encoder whose vectors were compared."),
    ("layer", pa.int32(), "Hidden state that was pooled."),
    ("intermediate", pa.string(), "Recipe whose English texts were compared."),
    ("target", pa.string(), "Target whose test texts were compared."),
    ("language", pa.string(), "Language of the target's texts."),
    ("value", pa.float64(), "The measure's value."),
)


def measure_similarity(
    *,
    measure: str,
    model: str,
    layer: int,
    intermediates: list[str],
    sources: Mapping[str, str],
    targets: Mapping[str, str],
    languages: Mapping[str, list[str]],
    output: str,
) -> None:
    """Write a measure's table; `none` has no texts, so no rows.

    Args:
        measure: name of the measure.
        model: name of the encoder.
        layer: the layer that was pooled.
        intermediates: recipes, without `none`.
        sources: embedding table of each intermediate task.
        targets: embedding table of each target.
        languages: languages of each target.
        output: the table to write.
    """
    chosen = measures()[measure]
    english = {task: read_vectors(Path(path))["en"] for task, path in sources.items()}
    tested = {target: read_vectors(Path(path)) for target, path in targets.items()}
    recipe_texts = {
        name: _mixed([english[task] for task in recipes()[name].tasks]) for name in intermediates
    }
    sets = [*recipe_texts.values(), *(y for by in tested.values() for y in by.values())]
    centre = np.mean([vectors.mean(axis=0) for vectors in sets], axis=0)
    rows = [
        {
            "measure": measure,
            "direction": chosen.direction,
            "model": model,
            "layer": layer,
            "intermediate": intermediate,
            "target": target,
            "language": language,
            "value": chosen.compute(x - centre, tested[target][language] - centre),
        }
        for intermediate, x in recipe_texts.items()
        for target in targets
        for language in languages[target]
    ]
    write_table(Path(output), rows_table(rows, SIMILARITY), SIMILARITY)


def _mixed(parts: list[np.ndarray]) -> np.ndarray:
    """Equal shares of each part's texts, as many in all as the largest part has."""
    share = max(1, max(len(part) for part in parts) // len(parts))
    picked = [
        part[np.linspace(0, len(part) - 1, min(share, len(part))).round().astype(int)]
        for part in parts
    ]
    return np.concatenate(picked) if len(parts) > 1 else parts[0]
