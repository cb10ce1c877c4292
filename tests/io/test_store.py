"""The store: whole or not there, and safe to write twice; what is in no results folder goes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from xstilts.errors import InputError
from xstilts.evaluation.cells import PREDICTIONS_FILE, SCHEMAS, SCORES_FILE, cell_store
from xstilts.io import store as stores
from xstilts.io.store import Store, prune
from xstilts.io.tables import write_table
from xstilts.maintenance import forget

KEY = "ab" + "0" * 62


def write(folder: Path) -> None:
    for name, form in SCHEMAS.items():
        columns = {column.name: pa.array([None], column.type) for column in form}
        if name == SCORES_FILE:
            columns["key"] = pa.array([KEY])
        write_table(folder / name, pa.table(columns))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return cell_store(tmp_path / "store")


def test_a_cell_is_added_linked_and_forgotten(tmp_path: Path, store: Store) -> None:
    declared = tmp_path / "scores/language=sw/scores.parquet"
    store.add(KEY, write)
    store.link(KEY, declared)
    assert declared.stat().st_nlink == 2
    forget(declared, store.folder)
    assert not store.holds(KEY)
    assert not declared.exists()
    assert not declared.with_name(PREDICTIONS_FILE).exists()


def test_where_links_are_forbidden_the_declared_file_is_a_copy(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("another owner's file")

    store.add(KEY, write)
    monkeypatch.setattr(stores.os, "link", forbidden)
    declared = tmp_path / "scores/language=sw/scores.parquet"
    store.link(KEY, declared)
    assert declared.stat().st_nlink == 1
    assert declared.read_bytes() == (store.place(KEY) / SCORES_FILE).read_bytes()


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    def fail(folder: Path) -> None:
        (folder / "scores.parquet").write_text("half", encoding="utf-8")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        store.add(KEY, fail)
    assert not [path for path in store.folder.rglob("*") if path.is_file()]


def test_what_cannot_be_read_again_is_not_stored(store: Store) -> None:
    def cut(folder: Path) -> None:
        write(folder)
        file = folder / PREDICTIONS_FILE
        file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(OSError, match="cannot be read again"):
        store.add(KEY, cut)
    assert not store.holds(KEY)


def test_a_truncated_cell_does_not_count_and_is_replaced(store: Store) -> None:
    store.add(KEY, write)
    file = store.place(KEY) / SCORES_FILE
    file.write_bytes(file.read_bytes()[:-10])
    assert not store.holds(KEY)
    store.add(KEY, write)
    assert store.holds(KEY)


def test_a_truncated_cell_can_be_forgotten(tmp_path: Path, store: Store) -> None:
    """The declared file and the entry are one file, so both are cut."""
    declared = tmp_path / "scores/language=sw/scores.parquet"
    store.add(KEY, write)
    store.link(KEY, declared)
    with declared.open("r+b") as file:
        file.truncate(20)
    forget(declared, store.folder)
    assert not declared.exists()
    assert not store.holds(KEY)


def test_pruning_removes_what_no_results_folder_links_to(tmp_path: Path, store: Store) -> None:
    other = "cd" + "0" * 62
    store.add(KEY, write)
    store.add(other, write)
    store.link(other, tmp_path / "scores/language=sw/scores.parquet")
    assert [entry.name for entry in prune(store.folder)] == [KEY]
    assert store.holds(other)


@pytest.mark.parametrize(
    ("name", "message"),
    [("scores.parquet", "no such file"), ("curve.parquet", "neither a cell")],
)
def test_forgetting_what_is_no_cell_is_an_error(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "curve.parquet").write_text("a curve", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        forget(tmp_path / name, tmp_path)
