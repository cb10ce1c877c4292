"""What is fetched: divided, limited, pooled."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.local_data import fetch

from xstilts.data.fetch import examples_of
from xstilts.data.releases import POOL
from xstilts.errors import InputError


def test_rows_are_divided_by_number_in_the_order_of_the_shares(tmp_path: Path) -> None:
    file = tmp_path / "all.tsv"
    file.write_text("".join(f"{at}\tx\t0\n" for at in range(10)), encoding="utf-8")
    source = {"path": str(file), "format": "tsv", "splits": {"train": 0.7, "dev": 0.1, "test": 0.2}}
    found = fetch(tmp_path, "mnli", "train", source)
    assert [row["text_a"] for row in found["train"]] == [str(at) for at in range(7)]
    assert [row["text_a"] for row in found["dev"]] == ["7"]


def test_an_empty_share_of_a_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a\tb\tneutral\n", encoding="utf-8")
    source = {"path": str(file), "format": "tsv", "splits": {"train": 0.9, "dev": 0.1}}
    with pytest.raises(InputError, match=r"en.tsv: holds no row of split dev"):
        fetch(tmp_path, "mnli", "train", source)


def test_candidates_of_no_language_join_the_pool(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text(
        '{"id": "q", "query": "?", "candidate": "!", "keys": "Q1"}', encoding="utf-8"
    )
    (tmp_path / "all.jsonl").write_text(
        '{"id": "Q2", "query": null, "candidate": "other"}', encoding="utf-8"
    )
    paths = {"test": str(tmp_path / "{language}.jsonl"), "pool": str(tmp_path / "all.jsonl")}
    found = fetch(tmp_path, "mewslix", "test", {"path": paths, "format": "jsonl"})
    assert found["test"][0]["keys"] == ["Q1"]
    (row,) = examples_of(tmp_path / "out/manifest.json", POOL)["test"]
    assert (row["candidate"], row["keys"]) == ("other", ["Q2"])  # without keys: its own id
