"""The table of text vectors: written once, read by every measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.tables import read_table


def vector_table(language: str, layer: int, vectors: np.ndarray) -> pa.Table:
    """Rows of one language: `language`, `layer`, `vector` (fixed-size list of float32)."""
    flat = pa.array(vectors.ravel())
    return pa.table(
        {
            "language": pa.array([language] * len(vectors)),
            "layer": pa.array([layer] * len(vectors), pa.int32()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }
    )


def read_vectors(path: Path) -> dict[str, np.ndarray]:
    """(texts, width) vectors of each language in an embedding table."""
    table = read_table(path)
    languages = np.array(table["language"].to_pylist())
    vectors = table["vector"].combine_chunks()
    matrix = vectors.flatten().to_numpy().reshape(len(vectors), -1)
    return {code: matrix[languages == code] for code in dict.fromkeys(languages.tolist())}
