"""NN-Rank against loops over tokens, from the tables that it reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xstilts.languages import language_facts
from xstilts.similarity.embeddings import spread_tokens
from xstilts.similarity.table import measured
from xstilts.similarity.vector_table import write_vectors

SETS = {  # tokens of two intermediate tasks and of a target in two languages, by their centre
    ("train", "mnli", "en"): (0.0, 1.0),
    ("train", "qqp", "en"): (1.0, 0.0),
    ("test", "xnli", "en"): (0.2, 0.9),
    ("test", "xnli", "sw"): (0.9, 0.3),
}
Tables = tuple[dict[str, dict[str, str]], dict[tuple[str, str, str], np.ndarray]]


@pytest.fixture
def tables(
    tmp_path: Path,
) -> Tables:
    """The files by part and task, and the tokens in them: four of each of 12 texts."""
    random = np.random.default_rng(0)
    tokens = {key: random.normal([*at, 0], 0.5, (48, 3)) for key, at in SETS.items()}
    files: dict[str, dict[str, str]] = {"train": {}, "test": {}}
    for part, task in {key[:2] for key in tokens}:
        path = tmp_path / f"{part}-{task}.parquet"
        write_vectors(
            path,
            [
                ({"language": key[2], "layer": 1, "is_default": True}, own)
                for key, own in tokens.items()
                if key[:2] == (part, task)
            ],
        )
        files[part][task] = str(path)
    return files, tokens


def test_it_is_the_share_of_nearest_tokens_over_what_chance_would_give(
    tables: Tables,
) -> None:
    files, tokens = tables
    cells = [(name, "xnli", code) for name in ("mnli", "qqp") for code in ("en", "sw")]
    known = language_facts(["en", "sw"], None)
    rows = measured("nearest_tokens", "any", cells, known, resamples=5, files=files)
    centre = np.mean([own.mean(axis=0) for own in tokens.values()], axis=0)
    pool = [
        (name, each - centre) for name in ("mnli", "qqp") for each in tokens["train", name, "en"]
    ]
    for row, (name, _, code) in zip(rows, cells, strict=True):
        hits = 0
        for token in tokens["test", "xnli", code] - centre:
            norm = np.linalg.norm
            near = [token @ each / (norm(token) * norm(each)) for _, each in pool]
            hits += pool[int(np.argmax(near))][0] == name
        assert row["value"] == pytest.approx(2 * hits / 48)
        assert row["layer"] == 1 and row["is_default"] and row["se"] > 0
        assert len(row["resamples"]) == 5
    by_cell = {(name, code): row["value"] for (name, _, code), row in zip(cells, rows, strict=True)}
    assert by_cell["mnli", "en"] > 1 > by_cell["mnli", "sw"]
    assert by_cell["mnli", "sw"] + by_cell["qqp", "sw"] == pytest.approx(2)


def test_tokens_are_spread_over_a_text_without_its_ends() -> None:
    assert spread_tokens(12).tolist() == [1, 4, 7, 10]
    assert spread_tokens(5).tolist() == [1, 2, 2, 3]
    assert spread_tokens(2).tolist() == [0, 0, 1, 1]
