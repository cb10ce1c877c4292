"""Encoded rows: one array per column over all rows, memory-mapped from an Arrow file.

A row holds one or several token sequences and what its kind needs to learn from them. A column of
lists is *ragged*: the values of all rows in one array, and where each row's values begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.errors import InputError
from xstilts.io.tables import atomic

SEQUENCES, SPLIT = "sequences", "split"


@dataclass(frozen=True)
class RaggedArray:
    """Lists of numbers: list `i` is `values[bounds[i] : bounds[i + 1]]`."""

    values: np.ndarray
    bounds: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, at: int) -> np.ndarray:
        return self.values[self.bounds[at] : self.bounds[at + 1]]

    def sizes_of(self, lists: np.ndarray) -> np.ndarray:
        """How many values some lists have."""
        return self.bounds[lists + 1] - self.bounds[lists]

    def take(self, lists: np.ndarray) -> np.ndarray:
        """The values of some lists, one after the other."""
        return self.values[ranges(self.bounds[lists], self.bounds[lists + 1])]


def ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The whole numbers from each start up to its end, one range after the other."""
    sizes = ends - starts
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(sizes.sum())


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` things, evenly spaced."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int)


Column = np.ndarray | RaggedArray


@dataclass(frozen=True, kw_only=True)
class EncodedExamples:
    """Rows of one split of a task in one language.

    Attributes:
        columns: arrays by name, of all rows.
        tokens: the token ids of every sequence.
        bounds: (rows + 1,); row `i` has the sequences from `bounds[i]` up to `bounds[i + 1]`.
    """

    columns: Mapping[str, Column]
    tokens: RaggedArray
    bounds: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    @cached_property
    def sizes(self) -> np.ndarray:
        """(rows,) tokens of each row, over all its sequences."""
        ends: np.ndarray = self.tokens.bounds[self.bounds]
        return np.diff(ends)

    def lists(self) -> list[list[int]]:
        """The token ids of every sequence."""
        return [self.tokens[at].tolist() for at in range(len(self.tokens))]

    def sequences(self, rows: np.ndarray) -> np.ndarray:
        """Numbers of the sequences of some rows, in their order."""
        return ranges(self.bounds[rows], self.bounds[rows + 1])

    def of_examples(self, examples: np.ndarray) -> EncodedExamples:
        """The rows of some examples, which are numbered anew in their order."""
        rows = np.flatnonzero(np.isin(self["example"], examples))
        sequences = self.sequences(rows)
        columns = {name: _taken(column, rows) for name, column in self.columns.items()}
        columns["example"] = np.searchsorted(examples, columns["example"])
        return EncodedExamples(
            columns=columns,
            tokens=_taken(self.tokens, sequences),
            bounds=np.concatenate([[0], np.cumsum(np.diff(self.bounds)[rows])]),
        )

    @staticmethod
    def joined(parts: Sequence[EncodedExamples]) -> EncodedExamples:
        """The rows of several parts with the same columns, one part after the other, in memory."""
        names = parts[0].columns
        return EncodedExamples(
            columns={name: _joined([part[name] for part in parts]) for name in names},
            tokens=_joined([part.tokens for part in parts]),
            bounds=_joined_bounds([part.bounds for part in parts]),
        )

    @staticmethod
    def of(records: Iterable[Mapping[str, Any]]) -> EncodedExamples:
        """Rows from records with a field `sequences`, lists of token ids."""
        return _of_batch(_narrowed(pa.Table.from_pylist([*records])).to_batches()[0])


def _taken(column: Any, lists: np.ndarray) -> Any:
    if isinstance(column, RaggedArray):
        bounds = np.concatenate([[0], np.cumsum(column.sizes_of(lists))])
        return RaggedArray(column.take(lists), bounds)
    return column[lists]


def _joined(columns: Sequence[Any]) -> Any:
    if not isinstance(columns[0], RaggedArray):
        return np.concatenate(columns)
    values = [column.values[column.bounds[0] : column.bounds[-1]] for column in columns]
    return RaggedArray(
        np.concatenate(values), _joined_bounds([column.bounds for column in columns])
    )


def _joined_bounds(parts: Sequence[np.ndarray]) -> np.ndarray:
    sizes = np.concatenate([np.diff(bounds) for bounds in parts])
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def write_rows(path: Path, splits: Mapping[str, Iterable[pa.Table]]) -> None:
    """Write the rows of a language; each split, given as tables, becomes one record batch."""
    tables = {
        split: _narrowed(pa.concat_tables(chunks, promote_options="permissive"))
        for split, given in splits.items()
        if (chunks := list(given))
    }
    kinds = pa.unify_schemas([table.schema for table in tables.values()])
    with (
        atomic(path) as temporary,
        pa.OSFile(str(temporary), "wb") as file,
        pa.ipc.new_file(file, kinds.insert(0, pa.field(SPLIT, pa.string()))) as writer,
    ):
        for split, table in tables.items():
            table = table.select(kinds.names).cast(kinds).combine_chunks()
            writer.write_table(table.add_column(0, SPLIT, pa.array([split] * len(table))))


def read_rows(path: Path, split: str) -> EncodedExamples:
    """The rows of a split, memory-mapped; none if the file has no such split."""
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: not readable encoded rows ({error})") from error
    batches = [file.get_batch(at) for at in range(file.num_record_batches)]
    matches = [batch for batch in batches if batch.column(SPLIT)[0].as_py() == split]
    return _of_batch((matches or [batches[0].slice(0, 0)])[0].drop_columns([SPLIT]))


def _of_batch(batch: pa.RecordBatch) -> EncodedExamples:
    outer = batch.column(SEQUENCES)
    inner = outer.values
    names = [name for name in batch.schema.names if name != SEQUENCES]
    return EncodedExamples(
        columns={name: _column(batch.column(name)) for name in names},
        tokens=RaggedArray(_numbers(inner.values), _numbers(inner.offsets)),
        bounds=_numbers(outer.offsets),
    )


def _column(values: pa.Array) -> Column:
    if pa.types.is_list(values.type):
        return RaggedArray(_numbers(values.values), _numbers(values.offsets))
    return _numbers(values)


def _numbers(values: pa.Array) -> np.ndarray:
    """The buffer itself, not a copy."""
    return values.to_numpy(zero_copy_only=True)


def _narrowed(table: pa.Table) -> pa.Table:
    """Every whole number in 32 bits; one chunk."""
    kinds = [pa.field(each.name, _narrow(each.type)) for each in table.schema]
    return table.cast(pa.schema(kinds)).combine_chunks()


def _narrow(kind: pa.DataType) -> pa.DataType:
    return pa.list_(_narrow(kind.value_type)) if pa.types.is_list(kind) else pa.int32()
