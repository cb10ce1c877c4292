"""Every task keeps the contract: its facts, its examples in the hub's schema, or in a release's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import BIN, ROOT, fetch
from contract import check_examples, check_facts
from datasets import ClassLabel, Dataset, Features
from hub_data import write_mirror
from hub_mirror import commit, serve

from xstilts.data import examples_of
from xstilts.encoder import Encoder, load_tokenizer
from xstilts.errors import InputError
from xstilts.hub import named, published_rows
from xstilts.lock import read_lock
from xstilts.sources import needed_splits
from xstilts.tables import read_json
from xstilts.tasks import Files, Task, tasks
from xstilts.world import World
from xstilts.world.encoder import write_nano

pytestmark = pytest.mark.xdist_group("hub")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return Encoder(folder), load_tokenizer(folder)


@pytest.mark.parametrize("name", tasks())
def test_the_facts_of_a_task_are_complete(name: str) -> None:
    check_facts(tasks()[name])


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a mirror of every hub data set that a task names."""
    root = tmp_path_factory.mktemp("mirror")
    write_mirror(root)
    with serve(root) as address:
        yield address


def is_trained(task: Task) -> bool:
    return bool(task.training or task.intermediate or task.kind == "masked_lm")


def is_parallel(task: Task) -> bool:
    """Whether measures of alignment can read its texts."""
    return task.kind == "bitext" and not task.target


HUB_PARTS = [
    (task.name, part)
    for task in tasks().values()
    for part in ("train", "test")
    if task.hub and (task.target or is_parallel(task) if part == "test" else is_trained(task))
]
MIRRORED = {"xquad": "de", "mlqa": "de", "pawsx": "de"}  # the language other than English


def language(task: str, part: str) -> str:
    return "en" if part == "train" else MIRRORED.get(task, "sw")


FETCH = """
import json, sys
from xstilts.data import fetch_task
for arguments in json.load(sys.stdin):
    fetch_task(world=None, source=None, limits={}, **arguments)
"""


@pytest.fixture(scope="module")
def fetched(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every task's parts, read by `load_dataset` itself from the mirror, in a process of its own.

    Its address must be known before the library is imported.
    """
    folder = tmp_path_factory.mktemp("fetched")
    jobs = [
        {
            "task": task,
            "part": part,
            "languages": [language(task, part)],
            "output": str(folder / task / part / "manifest.json"),
            "commits": {"facebook/xnli@main": commit("facebook/xnli", "main")},
        }
        for task, part in HUB_PARTS
    ]
    environment = {**os.environ, "HF_ENDPOINT": mirror, "HF_HOME": str(folder / "hub")}
    subprocess.run(
        [sys.executable, "-c", FETCH],
        input=json.dumps(jobs),
        env=environment,
        cwd=ROOT,
        check=True,
        text=True,
    )
    return folder


@pytest.mark.parametrize(("name", "part"), HUB_PARTS)
def test_a_task_keeps_the_contract_on_rows_in_the_hubs_schema(
    fetched: Path, model: tuple[Any, Any], name: str, part: str
) -> None:
    manifest = fetched / name / part / "manifest.json"
    found = examples_of(manifest, language(name, part))
    wanted = set(needed_splits(tasks()[name], part))
    without_dev = name in ("tydiqa", "wikipedia", "wikipedia_en")
    assert set(found) == wanted - ({"dev"} if without_dev else set())
    check_examples(tasks()[name], found, read_json(manifest)["labels"], model)


def read(fetched: Path, name: str, part: str = "train") -> dict[str, list[dict[str, Any]]]:
    return examples_of(fetched / name / part / "manifest.json", language(name, part))


def test_hidden_labels_are_dropped_and_counted(fetched: Path) -> None:
    assert read_json(fetched / "xnli/test/manifest.json")["dropped"] == {"sw, test": 1}


def test_articles_without_text_are_left_out(fetched: Path) -> None:
    assert read_json(fetched / "wikipedia/train/manifest.json")["dropped"] == {"en, train": 1}
    assert read(fetched, "wikipedia")["train"][0]["text"] == "The sea is wide.\n\nIt is deep."


def test_anli_is_its_three_rounds_and_snli_and_mnli(fetched: Path) -> None:
    labels = [row["label"] for row in read(fetched, "anli")["train"]]
    assert labels == [
        0,
        0,
        0,
        1,
        2,
        1,
    ]  # three rounds of one row, SNLI without its hidden one, MNLI


def test_languages_in_one_table_are_told_apart_by_their_ids(fetched: Path) -> None:
    assert [row["id"] for row in read(fetched, "tydiqa")["train"]] == ["english-1-0"]
    assert [row["id"] for row in read(fetched, "tydiqa", "test")["test"]] == ["swahili-2-0"]


def test_class_numbers_mean_what_the_data_set_says(fetched: Path) -> None:
    """The mirrored UD-POS numbers its tags backwards."""
    assert read(fetched, "udpos")["train"][0]["tags"] == ["DET", "NOUN"]


def test_the_prompt_of_xcopa_asks_in_english(fetched: Path) -> None:
    (row,) = read(fetched, "xcopa", "test")["test"]
    assert row["prompt"].endswith("What was the cause?")


def test_an_ending_of_hellaswag_follows_the_second_half_of_the_context(fetched: Path) -> None:
    (row,) = read(fetched, "hellaswag")["train"]
    assert row["prompt"] == "He ran."
    assert row["choices"][2] == "then he sank."


def test_translations_lose_their_line_ends(fetched: Path) -> None:
    (row,) = read(fetched, "tatoeba", "test")["test"]
    assert (row["source"], row["target"]) == ("Habari", "Hello")


def test_a_language_of_flores_is_a_column(fetched: Path) -> None:
    (row,) = read(fetched, "flores", "test")["test"]
    assert (row["source"], row["target"]) == ("Habari.", "Hello.")


def test_a_manifest_names_the_commit_that_was_read(fetched: Path) -> None:
    source = read_json(fetched / "xnli/test/manifest.json")["source"]
    assert source == f"facebook/xnli@{commit('facebook/xnli', 'main')}"


def test_only_english_is_trained_on(fetched: Path) -> None:
    for name, part in HUB_PARTS:
        if part == "train":
            assert list(read_json(fetched / name / part / "manifest.json")["languages"]) == ["en"]


XQUAD_R = {
    "context": "The cat sat.\nIt slept.",
    "sentences": ["The cat sat.", "It slept."],
    "sentence_breaks": [[0, 12], [13, 22]],
    "qas": [
        {"id": "q", "question": "Slept?", "answers": [{"text": "slept", "answer_start": 16}]},
    ],
}


def test_a_published_file_is_downloaded_and_keeps_the_contract(
    tmp_path: Path, model: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAReQA's road, from a server here instead of its own."""
    file = tmp_path / "datasets" / "xquad-r" / commit("datasets/xquad-r", "main") / "en.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"data": [{"paragraphs": [XQUAD_R]}]}), encoding="utf-8")
    with serve(tmp_path) as address:
        url = f"{address}/datasets/datasets/xquad-r/resolve/main/{{language}}.json"
        task = replace(tasks()["lareqa"], files=Files(url=url, format="xquad_r"))
        monkeypatch.setitem(tasks(), "lareqa", task)
        output = tmp_path / "out/manifest.json"
        found = fetch("lareqa", "test", "en", output)
        assert read_json(output)["source"] == url
        with pytest.raises(InputError, match=r"de.json: cannot be downloaded"):
            published_rows(task.files, "de")
    assert [row["candidate"] for row in found["test"]] == [
        None,
        "The cat sat.The cat sat.It slept.",
        "It slept.The cat sat.It slept.",
    ]
    check_examples(task, found, [], model)


def lock(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "xstilts"), "lock-data"],
        cwd=folder,
        env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(folder / "hub")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_lock_data_writes_the_commit_of_every_hub_data_set_and_model(
    tmp_path: Path, mirror: str
) -> None:
    before = {"facebook/xnli@main": "0" * 40}
    (tmp_path / "data.lock.yaml").write_text(yaml.safe_dump(before), encoding="utf-8")
    result = lock(tmp_path, mirror)
    assert result.returncode == 0, result.stderr
    written = yaml.safe_load((tmp_path / "data.lock.yaml").read_text(encoding="utf-8"))
    assert {hub.source for task in tasks().values() for hub in task.hub} <= set(written)
    converted = "allenai/cosmos_qa", "refs/convert/parquet"
    assert written["@".join(converted)] == commit(*converted)
    assert written["facebook/xnli@main"] == "0" * 40  # what is locked stays
    model = "FacebookAI/xlm-roberta-large"
    assert written[f"{model}@main"] == commit(model, "main")


def test_lock_data_keeps_what_it_found_and_names_what_it_did_not(
    tmp_path: Path, mirror: str
) -> None:
    file = tmp_path / "data.lock.yaml"
    file.write_text(f"facebook/xnli@main: '{'0' * 40}'\n", encoding="utf-8")
    result = lock(tmp_path, "http://127.0.0.1:9")  # nobody answers there
    assert result.returncode == 1
    (said,) = result.stderr.splitlines()
    assert said.startswith("xstilts: no commit for FacebookAI/xlm-roberta-base@main, ")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == {"facebook/xnli@main": "0" * 40}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a", "not a mapping"),
        ("a: [", "not YAML"),
        ("facebook/xnli@main: newest", "'newest' is not a commit"),
    ],
)
def test_a_broken_lock_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.lock.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"data.lock.yaml: .*{message}"):
        read_lock()


def test_other_classes_than_the_tasks_are_an_error() -> None:
    """Numbers of classes that mean something else must not be taken for ours."""
    label = ClassLabel(names=["contradiction", "neutral", "entail"])
    rows = Dataset.from_list([{"label": 0}], features=Features({"label": label}))
    with pytest.raises(InputError, match="xnli: the hub's classes of column label are contrad"):
        list(named(rows, tasks()["xnli"]))
