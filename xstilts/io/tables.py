"""Parquet tables with one declared schema each: checked when read, written whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.errors import InputError, one_line

WARNINGS = "warnings"  # in a manifest: what a reader of the report should know

if TYPE_CHECKING:
    import pandas as pd


def schema(*columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    """A schema from (name, type, one sentence) triples; the sentence travels in the file."""
    return pa.schema(
        [pa.field(name, kind, metadata={"description": text}) for name, kind, text in columns]
    )


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it into place if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(path: Path, table: pa.Table, declared: pa.Schema | None = None) -> None:
    """Write `table` to `path` atomically, cast to the declared schema where one is given."""
    if declared is not None:
        table = table.select(declared.names).cast(declared)
    with atomic(path) as temporary:
        pq.write_table(table, temporary)


def rows_table(rows: list[dict[str, Any]], declared: pa.Schema) -> pa.Table:
    """A table of the declared schema from a list of records; what is not a number is empty."""
    table = pa.Table.from_pylist(rows, schema=declared)
    for at, field in enumerate(declared):
        if pa.types.is_floating(field.type):
            values = pc.if_else(pc.is_nan(table[at]), pa.scalar(None, field.type), table[at])
            table = table.set_column(at, field, values)
    return table


def read_table(path: Path, declared: pa.Schema | None = None) -> pa.Table:
    """Read one Parquet file; with a declared schema, its columns must be there.

    Raises:
        InputError: the file is no Parquet file, is damaged, or lacks a declared column.
    """
    try:
        table = open_table(path).read()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise InputError(f"{path}: not a readable Parquet file ({one_line(error)})") from error
    if declared is None:
        return table
    missing = [name for name in declared.names if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: lacks column(s) {', '.join(missing)}")
    return table.select(declared.names)


def open_table(path: Path) -> pq.ParquetFile:
    """A Parquet file, to be read in parts.

    Raises:
        InputError: it is none.
    """
    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise InputError(f"{path}: not a readable Parquet file ({one_line(error)})") from error


def write_csv(path: Path, table: pa.Table) -> None:
    """Write `table` as CSV atomically: what the report shows as a table."""
    with atomic(path) as temporary:
        table.to_pandas().to_csv(temporary, index=False, float_format="%.6g")


def aligned(frame: pd.DataFrame) -> str:
    """A table as text for a terminal."""
    return frame.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small manifest atomically, keys sorted so that equal content is equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a manifest written by `write_json`.

    Raises:
        InputError: the file is no JSON.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not a readable manifest ({error})") from error
    return content
