"""Texts as subwords: the job that writes their tables (`xstilts.similarity.subword_counts`)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from xstilts.data.encode import Encoded
from xstilts.encoder.model import load_tokenizer
from xstilts.io.tables import read_json, rows_table, write_table
from xstilts.similarity.subword_counts import SUBWORDS


def count_subwords(*, pretrained: str, encoded: str, texts: int, subwords: str) -> None:
    """Write the subwords of the same texts that `embed_texts` embeds.

    Args:
        pretrained: manifest of the model, whose tokenizer is used.
        encoded: manifest of the task's encoded part.
        texts: most texts per language.
        subwords: the table to write.
    """
    part = Encoded(Path(encoded))
    tokenizer = load_tokenizer(read_json(Path(pretrained))["pretrained"])
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    tables = []
    for language in part.languages:
        rows = part.sample(language, texts)
        token_ids = [[each for each in text if each not in special] for text in rows.lists()]
        decoded = tokenizer.batch_decode(token_ids)
        tables.append(
            rows_table(
                [
                    {"language": language, "subwords": ids, "words": len(text.split())}
                    for ids, text in zip(token_ids, decoded, strict=True)
                ],
                SUBWORDS,
            )
        )
    write_table(Path(subwords), pa.concat_tables(tables), SUBWORDS)
