"""Tables of text vectors: written once, read by every measure, one layer at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.io.tables import atomic, open_table

Key = dict[str, str | int | bool]
"""What a group of rows is known by: `language`, `layer`, and what else the table has."""


def write_vectors(path: Path, groups: Iterable[tuple[Key, np.ndarray]]) -> None:
    """Write (texts, width) vectors, each under its key, in a row group of its own.

    Columns: those of the key, then `vector`, fixed-size lists of float32. Numbers of a hidden state
    do not compress, so they are not compressed.
    """
    with atomic(path) as temporary:
        writer = None
        for key, vectors in groups:
            flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
            lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
            columns = {name: pa.repeat(value, len(vectors)) for name, value in key.items()}
            table = pa.table({**columns, "vector": lists})
            writer = writer or pq.ParquetWriter(temporary, table.schema, compression="none")
            writer.write_table(table, row_group_size=len(vectors))
        if not writer:  # no group: a table without rows, so that there is one to read
            nothing = pa.schema([("vector", pa.list_(pa.float32(), 1))])
            writer = pq.ParquetWriter(temporary, nothing)
        writer.close()


class VectorTable:
    """A table written by `write_vectors`; vectors are read when requested."""

    def __init__(self, path: Path) -> None:
        self.file = open_table(path)
        self.keys: list[Key] = [self._key(group) for group in range(self.file.num_row_groups)]

    def _key(self, group: int) -> Key:
        """The least value of each column of a row group: there is only one."""
        row_group = self.file.metadata.row_group(group)
        columns = (row_group.column(at) for at in range(row_group.num_columns))
        return {
            column.path_in_schema: column.statistics.min
            for column in columns
            if not column.path_in_schema.startswith("vector")
        }

    def layers(self) -> dict[int, bool]:
        """The layers in the table, and whether each is the model's default layer."""
        return {int(key["layer"]): bool(key["is_default"]) for key in self.keys}

    def read(self, **values: str | int) -> list[tuple[Key, np.ndarray]]:
        """(texts, width) vectors of every group whose key has these values."""
        matches = []
        for group, key in enumerate(self.keys):
            if all(key[name] == value for name, value in values.items()):
                table = self.file.read_row_group(group, columns=["vector"])
                column = table["vector"].combine_chunks()
                matches.append((key, column.flatten().to_numpy().reshape(len(column), -1)))
        return matches
