"""Every task: its facts, and the contract on rows in the hub's columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.contract import check_examples, check_facts
from helpers.examples import fetch
from helpers.hub_data import XQUAD_R
from helpers.hub_mirror import commit, serve
from helpers.mirrored import HUB_PARTS, language, read
from helpers.study import ROOT

from xstilts.data.fetch import examples_of
from xstilts.data.hub import published_rows
from xstilts.data.local_paths import needed_splits
from xstilts.errors import InputError
from xstilts.io.tables import read_json
from xstilts.tasks import Files, tasks

pytestmark = pytest.mark.xdist_group("hub")


@pytest.mark.parametrize("name", tasks())
def test_the_facts_of_a_task_are_complete(name: str) -> None:
    check_facts(tasks()[name])


def test_the_sample_of_bucc_comes_from_files_and_its_pools_from_the_hub(
    mirror: str, tmp_path: Path
) -> None:
    sample = tmp_path / "de-en"
    sample.mkdir()
    (sample / "de-en.sample.de").write_text("de-1\tacht\n", encoding="utf-8")
    (sample / "de-en.sample.en").write_text("en-1\teight\n", encoding="utf-8")
    (sample / "de-en.sample.gold").write_text("de-1\ten-1\n", encoding="utf-8")
    program = (
        "import json, sys; from pathlib import Path; from helpers.examples import fetch\n"
        f"source = {{'path': {{'dev': {str(tmp_path)!r}}}, 'format': 'bucc'}}\n"
        f"output = Path({str(tmp_path / 'out.json')!r})\n"
        "found = fetch('bucc', 'test', 'de', output, source)\n"
        "json.dump({split: [row['source'] or row['target'] for row in rows]"
        " for split, rows in found.items()}, sys.stdout)"
    )
    environment = {**os.environ, "HF_ENDPOINT": mirror, "HF_HOME": str(tmp_path / "hub")}
    environment["PYTHONPATH"] = str(ROOT / "tests")
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = {"dev": ["acht", "eight"], "test": ["eins de", "zwei de", "drei de", "two", "one"]}
    assert json.loads(result.stdout) == texts
    source = read_json(tmp_path / "out.json")["source"]
    assert source == "local files, mteb/BUCC@main"


@pytest.mark.parametrize(("name", "part"), HUB_PARTS)
def test_a_task_keeps_the_contract_on_rows_in_the_hubs_schema(
    mirrored: Path, nano: tuple[Any, Any], name: str, part: str
) -> None:
    manifest = mirrored / name / part / "manifest.json"
    found = examples_of(manifest, language(name, part))
    wanted = set(needed_splits(tasks()[name], part))
    without_dev = name in ("tydiqa", "wikipedia", "wikipedia_en", "bucc")
    assert set(found) == wanted - ({"dev"} if without_dev else set())
    check_examples(tasks()[name], found, read_json(manifest)["labels"], nano)


def test_hidden_labels_are_dropped_and_counted(mirrored: Path) -> None:
    assert read_json(mirrored / "xnli/test/manifest.json")["dropped"] == {"sw, test": 1}


def test_articles_without_text_are_left_out(mirrored: Path) -> None:
    assert read_json(mirrored / "wikipedia/train/manifest.json")["dropped"] == {"en, train": 1}
    assert (
        read(mirrored, "wikipedia")["train"][0]["text"] == "The sea of en is wide.\n\nIt is deep."
    )


def test_anli_is_its_three_rounds_and_snli_and_mnli(mirrored: Path) -> None:
    labels = [row["label"] for row in read(mirrored, "anli")["train"]]
    assert labels == [0, 0, 0, 1, 2, 1]  # three rounds of a row, SNLI less its hidden one, MNLI


def test_languages_in_one_table_are_told_apart_by_their_ids(mirrored: Path) -> None:
    ids = [row["id"] for row in read(mirrored, "tydiqa")["train"]]
    assert ids == ["english-train-1", "english-train-2"]
    ids = [row["id"] for row in read(mirrored, "tydiqa", "test")["test"]]
    assert ids == ["swahili-validation-1", "swahili-validation-2"]


def test_the_pools_of_bucc_are_a_row_a_sentence(mirrored: Path) -> None:
    rows = read(mirrored, "bucc", "test")["test"]
    assert [(row["id"], row["source"], row["target"], row["keys"]) for row in rows] == [
        ("de-000000001", "eins de", None, ["1"]),
        ("de-000000002", "zwei de", None, ["2"]),
        ("de-000000003", "drei de", None, []),
        ("en-000000001", None, "two", ["2"]),
        ("en-000000002", None, "one", ["1"]),
    ]


def test_class_numbers_mean_what_the_data_set_says(mirrored: Path) -> None:
    """The mirrored UD-POS numbers its tags backwards."""
    assert read(mirrored, "udpos")["train"][0]["tags"] == ["DET", "NOUN", "NOUN", "NOUN"]


def test_the_prompt_of_xcopa_asks_in_english(mirrored: Path) -> None:
    (row,) = read(mirrored, "xcopa", "test")["test"]
    assert row["prompt"].endswith("What was the cause?")


def test_an_ending_of_hellaswag_follows_the_second_half_of_the_context(mirrored: Path) -> None:
    (row,) = read(mirrored, "hellaswag")["train"]
    assert row["prompt"] == "He ran of train."
    assert row["choices"][2] == "then he sank."


def test_translations_lose_their_line_ends(mirrored: Path) -> None:
    row = read(mirrored, "tatoeba", "test")["test"][0]
    assert (row["source"], row["target"]) == ("Habari sw", "Hello")


def test_a_language_of_flores_is_a_column(mirrored: Path) -> None:
    row = read(mirrored, "flores", "test")["test"][0]
    texts = [f"The sea of {code} devtest" for code in ("sw", "en")]
    assert [row["source"], row["target"]] == texts


def test_a_manifest_names_the_commit_that_was_read(mirrored: Path) -> None:
    source = read_json(mirrored / "xnli/test/manifest.json")["source"]
    assert source == f"facebook/xnli@{commit('facebook/xnli', 'main')}"


def test_only_english_is_trained_on(mirrored: Path) -> None:
    for name, part in HUB_PARTS:
        if part == "train":
            assert list(read_json(mirrored / name / part / "manifest.json")["languages"]) == ["en"]


def test_a_published_file_is_downloaded_and_keeps_the_contract(
    tmp_path: Path, nano: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAReQA's road, from a server here instead of its own."""
    file = tmp_path / "datasets" / "xquad-r" / commit("datasets/xquad-r", "main") / "en.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"data": [{"paragraphs": [XQUAD_R]}]}), encoding="utf-8")
    with serve(tmp_path) as address:
        url = f"{address}/datasets/datasets/xquad-r/resolve/main/{{language}}.json"
        files = Files(url=url, format="xquad_r", splits={"test": "test"})
        task = replace(tasks()["lareqa"], hub=(files,))
        monkeypatch.setitem(tasks(), "lareqa", task)
        output = tmp_path / "out/manifest.json"
        found = fetch("lareqa", "test", "en", output)
        assert read_json(output)["source"] == url
        with pytest.raises(InputError, match=r"de.json: cannot be downloaded \(HTTP Error 404"):
            list(published_rows(files, "de", "test"))
    assert [row["candidate"] for row in found["test"]] == [
        None,
        "The cat sat.The cat sat.It slept.",
        "It slept.The cat sat.It slept.",
    ]
    check_examples(task, found, [], nano)
