"""Texts as vectors: what similarity is measured on, through one fixed pretrained encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.checkpoints import load
from xstilts.encoder import Precision, run
from xstilts.encoding import Encoded
from xstilts.rows import Rows
from xstilts.tables import write_table
from xstilts.vectors import vector_table


def embed_texts(
    *,
    pretrained: str,
    encoded: str,
    layer: int,
    texts: int,
    batch_tokens: int,
    precision: Precision,
    output: str,
) -> None:
    """Mean-pooled vectors of a part's inputs (never labels), evenly spaced rows of each language.

    Writes columns `language`, `layer` and `vector` (fixed-size list of float32).

    Args:
        pretrained: manifest of the pretrained model.
        encoded: manifest of the task's encoded part.
        layer: hidden state to pool; 0 is the embeddings.
        texts: most texts a language.
        batch_tokens: tokens a forward pass may hold.
        precision: of matrix products.
        output: the table to write.
    """
    part, encoder = Encoded(Path(encoded)), load(Path(pretrained)).encoder
    tables = []
    for language in part.languages:
        rows = _sample(part, language, texts)
        vectors = np.stack(
            run(
                encoder,
                rows,
                batch_tokens,
                layer,
                lambda hidden, batch: list(batch.mean(hidden).cpu().numpy()),
                precision,
            )
        ).astype(np.float32)
        tables.append(vector_table(language, layer, vectors))
    write_table(Path(output), pa.concat_tables(tables))


def _sample(part: Encoded, language: str, texts: int) -> Rows:
    """One sequence a row (the first: of pairs with English, the language's own side)."""
    rows = part.rows(language, "train") or part.rows(language, "test")
    chosen = np.linspace(0, len(rows) - 1, min(texts, len(rows))).round().astype(int)
    return Rows.of({"sequences": [rows.tokens[at]]} for at in rows.bounds[chosen])
