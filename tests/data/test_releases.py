"""Data sets in the layout of their original release, on small files written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import examples
from helpers.contract import check_examples
from helpers.study import ROOT

from xstilts.data.fetch import examples_of
from xstilts.data.releases import POOL
from xstilts.encoder.model import Encoder, load_tokenizer
from xstilts.errors import InputError
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano

OFFICIAL = json.loads((ROOT / "tests/reference/scorers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return Encoder(folder), load_tokenizer(folder)


def fetch(task: str, part: str, language: str, folder: Path, output: Path) -> dict[str, list[Any]]:
    source = {"path": str(folder), "format": task if task != "ccg" else "ccgbank"}
    return examples.fetch(task, part, language, output, source)


# A derivation as the CCGbank manual shows it; invented words.
DERIVATION = (
    "(<T S[dcl] 0 2> (<T S[dcl] 1 2> (<T NP 0 1> (<L N NNP NNP {word} N>) ) "
    "(<L S[dcl]\\NP VBD VBD slept S[dcl]\\NP_1>) ) (<L . . . . .>) ) \n"
)


def sections(folder: Path, words: dict[int, list[str]]) -> None:
    """Sections 00 to 21, each with one sentence but for those given."""
    for number in range(22):
        section(folder, number, *words.get(number, [f"x{number}"]))


def section(folder: Path, number: int, *words: str) -> None:
    lines = [
        f"ID=wsj_{number:02}01.{at} PARSER=GOLD NUMPARSE=1\n{DERIVATION.format(word=word)}"
        for at, word in enumerate(words, start=1)
    ]
    file = folder / f"{number:02}" / f"wsj_{number:02}01.auto"
    file.parent.mkdir(parents=True)
    file.write_text("".join(lines), encoding="utf-8")


def test_ccgbank_is_trained_on_sections_2_to_21_and_developed_on_0(tmp_path: Path) -> None:
    for number in range(25):
        section(tmp_path / "AUTO", number, f"word{number}")
    found = fetch("ccg", "train", "en", tmp_path / "AUTO", tmp_path / "out.json")
    assert [row["words"][0] for row in found["train"]] == [f"word{at}" for at in range(2, 22)]
    assert [row["words"][0] for row in found["dev"]] == ["word0"]
    assert found["dev"][0]["tags"] == ["N", "S[dcl]\\NP", "."]
    tags = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["labels"]
    assert tags == [".", "N", "S[dcl]\\NP"]


def test_releases_keep_the_contract(tmp_path: Path, model: tuple[Any, Any]) -> None:
    sections(tmp_path / "AUTO", {})
    (tmp_path / "bucc").mkdir()
    bucc(tmp_path / "bucc", "de-1\ten-2\nde-2\ten-1\n")
    (tmp_path / "mewslix").mkdir()
    official = OFFICIAL["mewslix_text"]
    records = [each["record"] for each in official["entities"]]
    mewslix(tmp_path / "mewslix", official["mentions"], records)
    for task, part, language, folder in (
        ("ccg", "train", "en", "AUTO"),
        ("bucc", "test", "de", "bucc"),
        ("mewslix", "test", "en", "mewslix"),
    ):
        output = tmp_path / f"{task}.json"
        found = fetch(task, part, language, tmp_path / folder, output)
        if task == "mewslix":
            found["test"] += examples_of(output, POOL)["test"]
        labels = json.loads(output.read_text(encoding="utf-8"))["labels"]
        check_examples(tasks()[task], found, labels, model)


def test_ccgbank_writes_brackets_as_brackets(tmp_path: Path) -> None:
    sections(tmp_path, {2: ["-LRB-", "1\\/2"]})
    found = fetch("ccg", "train", "en", tmp_path, tmp_path / "out.json")
    assert [row["words"][0] for row in found["train"]][:2] == ["(", "1/2"]


def test_a_section_that_is_not_there_is_missed(tmp_path: Path) -> None:
    section(tmp_path, 2, "a")
    with pytest.raises(InputError, match=r"03/\*.auto: cannot be read \(.*No such file"):
        fetch("ccg", "train", "en", tmp_path, tmp_path / "out.json")


def test_a_line_that_is_no_derivation_names_file_and_line(tmp_path: Path) -> None:
    sections(tmp_path, {})
    file = tmp_path / "02/wsj_0201.auto"
    whole = file.read_text(encoding="utf-8")
    for broken in ("oops\n", "(<L NP NNP NNP a NP>) (<L S\\NP VBD slept S\\NP>)\n"):
        file.write_text(whole + broken, encoding="utf-8")
        with pytest.raises(InputError, match=r"wsj_0201.auto, line 3: neither an ID nor a whole"):
            fetch("ccg", "train", "en", tmp_path, tmp_path / "out.json")


def bucc(folder: Path, gold: str, german: str = "de-1\teins\nde-2\tzwei\nde-3\tdrei\n") -> None:
    (folder / "de-en").mkdir()
    for name in ("sample", "training"):
        stem = f"{folder}/de-en/de-en.{name}"
        own = (
            german.replace("\tzwei", "\tzwo").replace("\teins", "\tein")
            if name == "sample"
            else german
        )
        Path(f"{stem}.de").write_text(own.replace("drei", name), encoding="utf-8")
        Path(f"{stem}.en").write_text("en-1\ttwo\nen-2\tone\n", encoding="utf-8")
        Path(f"{stem}.gold").write_text(gold, encoding="utf-8")


def test_bucc_pools_are_whole_and_gold_pairs_share_a_key(tmp_path: Path) -> None:
    bucc(tmp_path, "de-1\ten-2\nde-2\ten-1\n")
    found = fetch("bucc", "test", "de", tmp_path, tmp_path / "out.json")
    assert set(found) == {"dev", "test"}
    assert [(row["id"], row["source"], row["target"], row["keys"]) for row in found["test"]] == [
        ("de-1", "eins", None, ["1"]),
        ("de-2", "zwei", None, ["2"]),
        ("de-3", "training", None, []),
        ("en-1", None, "two", ["2"]),
        ("en-2", None, "one", ["1"]),
    ]


def test_a_gold_pair_of_an_unknown_sentence_names_file_and_line(tmp_path: Path) -> None:
    bucc(tmp_path, "de-1\ten-2\nde-9\ten-1\n")
    with pytest.raises(InputError, match=r"sample.gold, line 2: no sentence 'de-9' in .*sample.de"):
        fetch("bucc", "test", "de", tmp_path, tmp_path / "out.json")


def test_a_repeated_sentence_id_names_file_and_line(tmp_path: Path) -> None:
    bucc(tmp_path, "de-1\ten-2\n", german="de-1\teins\nde-1\tzwei\n")
    with pytest.raises(InputError, match=r"sample.de, line 2: id 'de-1' was there before"):
        fetch("bucc", "test", "de", tmp_path, tmp_path / "out.json")


def mewslix(folder: Path, mentions: Any, entities: list[Any]) -> None:
    (folder / "wikinews_mentions-test.jsonl").write_text(
        json.dumps(mentions) + "\n", encoding="utf-8"
    )
    lines = "".join(json.dumps(entity) + "\n" for entity in entities)
    (folder / "candidate_set_entities.jsonl").write_text(lines, encoding="utf-8")


def test_mentions_and_entities_of_mewslix_read_as_the_official_script_writes_them(
    tmp_path: Path,
) -> None:
    official = OFFICIAL["mewslix_text"]
    mewslix(tmp_path, official["mentions"], [each["record"] for each in official["entities"]])
    found = fetch("mewslix", "test", "en", tmp_path, tmp_path / "out.json")
    assert {row["id"]: row["query"] for row in found["test"]} == official["queries"]
    pool = examples_of(tmp_path / "out.json", POOL)["test"]
    expected = {each["record"]["entity_id"]: each["text"] for each in official["entities"]}
    assert {row["id"]: row["candidate"] for row in pool} == expected
    assert all(row["keys"] == [row["id"]] for row in pool)


def test_mewslix_is_trained_on_pairs_of_a_mention_and_its_entity(tmp_path: Path) -> None:
    official = OFFICIAL["mewslix_text"]
    context, mention = official["mentions"]["context"], official["mentions"]["mentions"][0]
    entity = official["entities"][0]["record"]
    pair = {"contextual_mention": {"context": context, "mention": mention}, "entity": entity}
    another = {"context": context, "mention": official["mentions"]["mentions"][1]}
    other = {**pair, "contextual_mention": another}
    for split, record in (("train", pair), ("dev", other)):
        (tmp_path / f"wikipedia_pairs-{split}.jsonl").write_text(
            json.dumps(record) + "\n", encoding="utf-8"
        )
    (row,) = fetch("mewslix", "train", "en", tmp_path, tmp_path / "out.json")["train"]
    assert row["query"] == official["queries"][mention["example_id"]]
    assert row["candidate"] == official["entities"][0]["text"]


def test_mentions_without_their_text_say_what_to_run(tmp_path: Path) -> None:
    official = OFFICIAL["mewslix_text"]
    textless = {**official["mentions"]["context"], "text": ""}
    mewslix(tmp_path, {**official["mentions"], "context": textless}, official["entities"])
    with pytest.raises(InputError, match=r"line 1: the text is missing; run .*get-mewsli-x.sh"):
        fetch("mewslix", "test", "en", tmp_path, tmp_path / "out.json")
