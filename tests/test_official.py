"""`xstilts score`: a file in the official format in, the official scorer's metrics out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xstilts.cli import main

OFFICIAL = json.loads(
    (Path(__file__).parent / "reference/scorers.json").read_text(encoding="utf-8")
)


def score(capsys: pytest.CaptureFixture[str], *words: Any) -> dict[str, float]:
    assert main(["score", *map(str, words)]) == 0, capsys.readouterr().err
    found: dict[str, float] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: Any) -> str:
    assert main(["score", *map(str, words)]) == 1
    return capsys.readouterr().err


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def options(target: str, language: str, predictions: Path, gold: Path | None = None) -> list[Any]:
    words = ["--target", target, "--language", language, "--predictions", predictions]
    return [*words, *(["--gold", gold] if gold else [])]


@pytest.mark.parametrize("case", OFFICIAL["mlqa"][::6], ids=lambda case: case["language"])
def test_answers_by_question_id_against_squads_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Any
) -> None:
    predictions = write(tmp_path / "p.json", json.dumps(case["predictions"]))
    gold = write(tmp_path / "g.json", json.dumps(case["gold"]))
    found = score(capsys, *options("mlqa", case["language"], predictions, gold))
    assert found["exact_match"] == pytest.approx(case["exact_match"], abs=1e-9)
    assert found["f1"] == pytest.approx(case["f1"], abs=1e-9)


@pytest.mark.parametrize("case", OFFICIAL["seqeval"][::9], ids=str)
def test_token_and_tag_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Any) -> None:
    def lines(sentences: list[list[str]]) -> str:
        blocks = ["".join(f"w{at}\t{tag}\n" for at, tag in enumerate(tags)) for tags in sentences]
        return "\n".join(blocks)

    predictions = write(tmp_path / "p.tsv", lines(case["predicted"]))
    gold = write(tmp_path / "g.tsv", lines(case["gold"]))
    found = score(capsys, *options("wikiann", "de", predictions, gold))
    assert found["f1"] == pytest.approx(case["f1"], abs=1e-9)
    assert found["precision"] == pytest.approx(case["precision"], abs=1e-9)
    assert found["recall"] == pytest.approx(case["recall"], abs=1e-9)


def test_a_label_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: two of three are right, to full precision; gold may be a data file itself."""
    predictions = write(tmp_path / "p.txt", "neutral\nentailment\nneutral\n")
    gold = write(tmp_path / "g.tsv", "a\tb\tneutral\nc\td\tentailment\ne\tf\tcontradiction\n")
    found = score(capsys, *options("xnli", "sw", predictions, gold))
    assert found == {"n": 3, "accuracy": pytest.approx(200 / 3)}


def test_a_sentence_number_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: sentence i translates sentence i, so 0 and 2 are right."""
    predictions = write(tmp_path / "p.txt", "0\n0\n2\n")
    two_thirds = pytest.approx(200 / 3)
    assert score(capsys, *options("tatoeba", "sw", predictions))["accuracy"] == two_thirds
    gold = write(tmp_path / "g.txt", "1\n0\n2\n")  # where the English side was sorted
    assert score(capsys, *options("tatoeba", "sw", predictions, gold))["accuracy"] == two_thirds


def test_ranked_ids_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: AP (1/2 + 2/3) / 2 and RR 1/2; the second query, nothing found, is 0 and 0."""
    predictions = write(tmp_path / "p.txt", "x a b\n\n")
    gold = write(tmp_path / "g.txt", "a b\nc\n")
    found = score(capsys, *options("lareqa", "de", predictions, gold))
    assert found["map@20"] == pytest.approx(100 * (1 / 2 + 2 / 3) / 2 / 2)
    assert found["mrr@20"] == pytest.approx(100 * 1 / 2 / 2)


def test_pairs_of_ids_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: one of two pairs is right, one of three is found: F1 2 / 5."""
    predictions = write(tmp_path / "p.txt", "de-1\ten-1\nde-2\ten-9\n")
    gold = write(tmp_path / "g.txt", "de-1\ten-1\nde-2\ten-2\nde-3\ten-3\n")
    found = score(capsys, *options("bucc", "de", predictions, gold))
    assert found["f1"] == pytest.approx(40)
    assert found["precision"] == pytest.approx(50)
    assert found["recall"] == pytest.approx(100 / 3)


MISTAKES = {
    "an unknown target": ("xnil", "de", "a", "a", "unknown target 'xnil'; did you mean 'xnli'?"),
    "a language without rules": ("mlqa", "sw", "{}", "{}", "--language (mlqa): unknown language"),
    "no gold": ("xnli", "de", "neutral\n", None, "--gold FILE is needed"),
    "a gold file as predictions": ("xnli", "de", "a\tb\tneutral\n", "neutral\n", "unknown label"),
    "a sentence beyond the last": ("tatoeba", "de", "0\n7\n", None, "line 2: 7 of 2 sentences"),
    "an unknown label": ("xnli", "de", "maybe\n", "neutral\n", "line 1: unknown label 'maybe'"),
    "another number of labels": ("pawsx", "de", "1\n1\n", "1\n", "2 answers"),
    "other tokens": ("udpos", "de", "a\tX\n", "b\tX\n", "sentence 1: other tokens than in"),
    "another number of sentences": ("udpos", "de", "a\tX\n", "a\tX\n\nb\tX\n", "1 answers"),
    "no answers by id": ("xquad", "de", "[]", '{"data": []}', "not a JSON object of answers"),
    "no number": ("tatoeba", "de", "0\nb\n", None, "line 2: 'b' is not a sentence's number"),
    "no pair": ("bucc", "de", "de-1 en-1\n", "", "line 1: 'de-1 en-1' is not two ids"),
    "a repeated pair": ("bucc", "de", "a\tb\na\tb\n", "a\tb\n", "line 2: pair 'a\tb' was there"),
    "no right candidate": ("lareqa", "de", "a\n", "\n", "line 1: no candidate is right"),
    "an id ranked twice": ("lareqa", "de", "a a\n", "a\n", "line 1: an id is ranked twice"),
    "a word without a tag": ("udpos", "de", "a\t\n", "a\tX\n", "word 1 has no tag"),
    "tokens without tabs": ("udpos", "de", "a X\n", "a X\n", "line 1: no tab between a token"),
    "an answer that is no text": ("xquad", "de", '{"q": 5}', '{"data": []}', "answers (texts)"),
    "gold of another shape": ("xquad", "de", "{}", '{"data": [{}]}', "not in SQuAD's format"),
    "a superscript": ("tatoeba", "de", "²\n", None, "line 1: '²' is not a sentence's number"),
    "an empty file": ("xnli", "de", "", "", "holds no prediction"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mistake: str
) -> None:
    target, language, predicted, wanted, message = MISTAKES[mistake]
    predictions = write(tmp_path / "p.txt", predicted)
    gold = None if wanted is None else write(tmp_path / "g.txt", wanted)
    said = refused(capsys, *options(target, language, predictions, gold))
    assert message in said
    assert said.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, *options("xnli", "de", tmp_path / "none.txt"))
    assert said == f"xstilts: no file '{tmp_path / 'none.txt'}'\n"


def test_a_repeated_question_id_in_the_gold_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = {"id": "q", "question": "?", "answers": [{"text": "a", "answer_start": 0}]}
    content = {"data": [{"paragraphs": [{"context": "a", "qas": [question, question]}]}]}
    gold = write(tmp_path / "g.json", json.dumps(content))
    predictions = write(tmp_path / "p.json", '{"q": "a"}')
    assert "id 'q' is there twice" in refused(capsys, *options("tydiqa", "ko", predictions, gold))
