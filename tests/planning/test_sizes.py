"""The table of sizes has every task and language; the command that refreshes it counts right."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.examples import fetch
from helpers.study import ROOT

from benchmarks.sizes import COLUMNS, measure
from xstilts.data.encode import encode_task
from xstilts.data.local_paths import PART_SPLITS, needed_splits
from xstilts.data.releases import POOL
from xstilts.encoder.encoded_rows import write_rows
from xstilts.encoder.model import load_tokenizer
from xstilts.io.tables import write_json
from xstilts.kinds import kind_of
from xstilts.languages import languages, languages_of
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano

TABLE = ROOT / "xstilts/planning/sizes.csv"
EVERY = "*"
WORLD = World(seed=1, train=20, dev=10, test=6)

# (task, part, split) -> examples, of each language that the set has as many of.
COUNTS = {
    ("anli", "train", "train"): 1_104_934,  # Phang et al. 2020, table 1; the sum of its sets' cards
    ("mnli", "train", "train"): 392_702,  # Williams et al. 2018
    ("mnli", "train", "dev"): 9_815,  # the matched half; GLUE's card
    ("qqp", "train", "train"): 363_846,  # GLUE's card
    ("squad1", "train", "train"): 87_599,  # Rajpurkar et al. 2016, as the hub counts it
    ("squad_retrieval", "train", "train"): 87_599,
    ("squad2", "train", "train"): 130_319,  # Rajpurkar et al. 2018, table 2
    ("hellaswag", "train", "train"): 39_905,  # Zellers et al. 2019
    ("cosmosqa", "train", "train"): 25_262,  # the hub's card; Huang et al. 2019 have 25,588
    ("commonsenseqa", "train", "train"): 9_741,  # Talmor et al. 2019, random split
    ("siqa", "train", "train"): 33_410,  # Sap et al. 2019
    ("copa", "train", "train"): 400,  # as in SuperGLUE
    ("pawsx", "train", "train"): 49_401,  # Yang et al. 2019, table 1
    ("udpos", "train", "train"): 21_253,  # Hu et al. 2020, table 1, as the next two
    ("wikiann", "train", "train"): 20_000,
    ("tydiqa", "train", "train"): 3_696,
    ("mewslix", "train", "train"): 167_719,  # the page of release 20220518
    ("xnli", "test", "test"): 5_010,  # Conneau et al. 2018
    ("pawsx", "test", "test"): 2_000,  # Yang et al. 2019
    ("xcopa", "test", "test"): 500,  # Ponti et al. 2020
    ("xquad", "test", "test"): 1_190,  # Artetxe et al. 2020
    ("flores", "test", "test"): 1_012,  # devtest; NLLB Team et al. 2022
}
SUMS = {  # task -> examples of the test split in all languages
    "tydiqa": 5_077,  # the hub's card: the official dev set
    "mlqa": 42_245,  # 11,590 + 5,335 + 4,517 + 5,253 + 4,918 + 5,495 + 5,137; Lewis et al. 2020
    "lareqa": 13_090 + 13_014,  # questions (1,190 in 11 languages) and sentences; Roy et al. 2020
    "mewslix": 14_624 + 1_003_893,  # mentions and candidates; the page of release 20220518
}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def splits_of(rows: list[Row], task: str, part: str, language: str) -> set[str]:
    """The splits that a language has, by its own row or by that of every language."""
    return {
        row["split"]
        for row in rows
        if (row["task"], row["part"]) == (task, part) and row["language"] in (language, EVERY)
    }


@pytest.mark.parametrize(
    "task", [task for task in tasks().values() if task.intermediate], ids=lambda task: task.name
)
def test_every_intermediate_has_train_and_dev(rows: list[Row], task: Any) -> None:
    assert splits_of(rows, task.name, "train", "en") == {"train", "dev"}


@pytest.mark.parametrize(
    "task",
    [task for task in tasks().values() if task.finetuning or task.kind == "masked_lm"],
    ids=lambda task: task.name,
)
def test_every_task_that_is_trained_on_has_the_splits_that_it_reads(
    rows: list[Row], task: Any
) -> None:
    held = set(task.hub[0].splits) if task.hub else set(PART_SPLITS["train"])
    expected = held & set(PART_SPLITS["train"])
    codes = list(languages()) if task.multilingual else ["en"]
    assert all(splits_of(rows, task.name, "train", code) == expected for code in codes)


@pytest.mark.parametrize(
    "task", [task for task in tasks().values() if task.target], ids=lambda task: task.name
)
def test_every_target_has_its_test_languages_and_what_it_trains_on(
    rows: list[Row], task: Any
) -> None:
    for code in languages_of(task.name):
        assert splits_of(rows, task.name, "test", code) == set(needed_splits(task, "test")), code
    for name in task.trains_on:
        assert "train" in splits_of(rows, name, "train", "en")


def test_the_parallel_text_has_every_language_that_it_names(rows: list[Row]) -> None:
    for code, language in languages().items():
        if language.flores and code != "en":
            assert splits_of(rows, "flores", "test", code) == {"test"}


def test_rows_are_whole_and_each_is_there_once(rows: list[Row]) -> None:
    assert all(tuple(row) == COLUMNS for row in rows)
    known = {EVERY, POOL, *languages()}
    for row in rows:
        assert row["task"] in tasks()
        assert row["language"] in known
        assert row["split"] in PART_SPLITS[row["part"]]
        assert int(row["examples"]) > 0
        assert row["tokens"] == f"{float(row['tokens']):.1f}"
        assert row["source"].startswith("count: ") and "tokens: " in row["source"]
    places = [tuple(row[name] for name in COLUMNS[:4]) for row in rows]
    assert len(set(places)) == len(places)
    for task, part, language, split in places:  # or a language would count twice
        assert language == EVERY or (task, part, EVERY, split) not in places


def test_means_are_within_what_the_task_can_encode(rows: list[Row]) -> None:
    """A token between two special ones, and at most the longest input, times its sequences."""
    sequences = {"multiple_choice": 2, "bitext": 2, "dual_encoder": 2, "span_qa": 2}  # or windows
    for row in rows:
        task = tasks()[row["task"]]
        most = task.max_length * sequences.get(task.kind, 1)
        assert 3 <= float(row["tokens"]) <= most, row


@pytest.mark.parametrize("place", COUNTS, ids="-".join)
def test_counts_are_the_published_ones(rows: list[Row], place: tuple[str, str, str]) -> None:
    found = {
        int(row["examples"])
        for row in rows
        if (row["task"], row["part"], row["split"]) == place and row["language"] != POOL
    }
    assert found == {COUNTS[place]}


@pytest.mark.parametrize("task", SUMS)
def test_test_sets_add_up_to_the_published_totals(rows: list[Row], task: str) -> None:
    sizes = [int(row["examples"]) for row in rows if (row["task"], row["part"]) == (task, "test")]
    assert sum(sizes) == SUMS[task]


def hand_made(results: Path) -> Path:
    """An encoded part: two examples in German, one of the pool."""
    manifest = results / "encoded/part=test/model=nano/task=mewslix/manifest.json"
    windows: list[Row] = [
        {"example": 0, "sequences": [[0, 7, 2], [0, 2]]},  # two sequences
        {"example": 1, "sequences": [[0, 7, 8, 9, 2]]},  # two rows
        {"example": 1, "sequences": [[0, 8, 9, 7, 2]]},
    ]
    for language, many in (("de", windows), (POOL, windows[:1])):
        file = manifest.parent / f"language={language}/rows.arrow"
        write_rows(file, {"test": [pa.Table.from_pylist(many)]})
    write_json(manifest, {"task": "mewslix", "languages": {"de": "", POOL: ""}, "labels": []})
    return manifest


def test_all_rows_and_sequences_of_an_example_count(tmp_path: Path) -> None:
    """By hand: (3 + 2) + (5 + 5) tokens of two examples."""
    hand_made(tmp_path)
    german, pool = measure(tmp_path)
    assert (german["task"], german["part"], german["split"]) == ("mewslix", "test", "test")
    assert (german["language"], german["examples"], german["tokens"]) == ("de", 2, "7.5")
    assert german["source"] == "measured on 2 examples in 3 rows (nano)"
    assert (pool["language"], pool["examples"], pool["tokens"]) == (POOL, 1, "5.0")
    assert pool["source"] == "measured on 1 examples (nano)"
    assert not list(measure(tmp_path, "another"))


@pytest.mark.slow
def test_the_command_prints_the_tables_columns(tmp_path: Path) -> None:
    hand_made(tmp_path)
    command = [sys.executable, "-m", "benchmarks.sizes", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    lines = result.stdout.splitlines()
    assert lines[0] == TABLE.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert lines[1].startswith("mewslix,test,de,test,2,7.5,")


def test_what_the_road_encodes_is_what_is_counted(tmp_path: Path) -> None:
    """The world's XQuAD in windows of 16 tokens, each counted, as its kind encodes them."""
    write_nano(WORLD, tmp_path / "nano")
    write_json(tmp_path / "checkpoint.json", {"pretrained": str(tmp_path / "nano")})
    data = tmp_path / "data/manifest.json"
    examples = fetch("xquad", "test", "en", data, world=WORLD)["test"]
    encode_task(
        task="xquad",
        data=str(data),
        pretrained=str(tmp_path / "checkpoint.json"),
        encoded=str(tmp_path / "encoded/part=test/model=nano/task=xquad/manifest.json"),
        max_length=16,
    )
    task = replace(tasks()["xquad"], max_length=16)
    windows = kind_of(task).encode(examples, load_tokenizer(tmp_path / "nano"), task, [])
    assert len(windows) > len(examples)
    (row,) = measure(tmp_path)
    lengths = [len(ids) for window in windows for ids in window["sequences"]]
    assert row["examples"] == len(examples)
    assert float(row["tokens"]) == pytest.approx(sum(lengths) / len(examples), abs=0.05)
