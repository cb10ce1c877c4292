"""The cell store: whole or not there, and safe to write twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from xstilts import store
from xstilts.errors import InputError
from xstilts.tables import write_table

KEY = "ab" + "0" * 62


def write(folder: Path) -> None:
    for name in store.FILES:
        write_table(folder / name, pa.table({"key": [KEY]}))


def test_a_cell_is_added_linked_and_forgotten(tmp_path: Path) -> None:
    declared = tmp_path / "scores/language=sw/scores.parquet"
    store.add(tmp_path / "store", KEY, write)
    store.link(tmp_path / "store", KEY, declared)
    assert declared.stat().st_nlink == 2
    assert store.forget(tmp_path / "store", declared) == KEY
    assert not store.is_stored(tmp_path / "store", KEY)
    assert not declared.exists()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "scores.parquet").write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        store.add(tmp_path, KEY, fail)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_truncated_cell_does_not_count_and_is_replaced(tmp_path: Path) -> None:
    store.add(tmp_path, KEY, write)
    file = store.place(tmp_path, KEY) / "scores.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    assert not store.is_stored(tmp_path, KEY)
    store.add(tmp_path, KEY, write)
    assert store.is_stored(tmp_path, KEY)


def test_forgetting_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such score file"):
        store.forget(tmp_path, tmp_path / "scores.parquet")
