"""`xstilts score`: a file in the official format in, the official scorer's metrics out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.study import ROOT

from xstilts.cli import main

OFFICIAL = json.loads((ROOT / "tests/reference/scorers.json").read_text(encoding="utf-8"))


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


ANSWERED = [  # what the script scores too and we refuse: no prediction at all, an empty answer
    case
    for case in OFFICIAL["mlqa"]
    if case["predictions"] and '"text": ""' not in json.dumps(case["gold"])
]


@pytest.mark.parametrize("case", ANSWERED[::6], ids=lambda case: case["language"])
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
    tags = {tag for sentence in case["gold"] for tag in sentence}
    target = "wikiann" if any(tag == "O" or "-" in tag for tag in tags) else "udpos"
    found = score(capsys, *options(target, "de", predictions, gold))
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


CONLLU = """# sent_id = 1
1-2\tdel\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\t{first}\t_\t_\t3\tcase\t_\t_
2\tel\tel\tDET\t_\t_\t3\tdet\t_\t_
3\tgato\tgato\t{last}\t_\t_\t0\troot\t_\t_
3.1\tvino\tvenir\tVERB\t_\t_\t_\t_\t0:root\t_
"""


def test_of_conllu_the_forms_and_upos_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand: one of three words has the gold tag; IDs and MISC, equal in both, are no words."""
    predictions = write(tmp_path / "p.conllu", CONLLU.format(first="X", last="X"))
    gold = write(tmp_path / "g.conllu", CONLLU.format(first="ADP", last="NOUN"))
    found = score(capsys, *options("udpos", "es", predictions, gold))
    assert found["accuracy"] == pytest.approx(100 / 3)


def test_space_behind_a_tag_or_a_label_is_no_part_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """XTREME's scorer strips lines."""
    predictions = write(tmp_path / "p.tsv", "Ann\tB-PER \nsat\tO \n")
    gold = write(tmp_path / "g.tsv", "Ann\tB-PER\nsat\tO\n")
    assert score(capsys, *options("wikiann", "de", predictions, gold))["f1"] == 100
    gold = write(tmp_path / "g.txt", "1.0\n0.0\n")  # of a table with a missing value
    found = score(capsys, *options("pawsx", "de", write(tmp_path / "p.txt", "1 \n1\n"), gold))
    assert found == {"n": 2, "accuracy": 50}


def questions(*answers: str) -> str:
    """Gold of one context, a question an answer; where an answer is empty, it is hidden."""
    asked = [
        {"id": f"q{at}", "question": "?", "answers": [{"text": text, "answer_start": 0}]}
        for at, text in enumerate(answers)
    ]
    return json.dumps({"data": [{"paragraphs": [{"context": "cat dog", "qas": asked}]}]})


def test_what_is_missing_ignored_empty_or_hidden_is_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand: of four answers that are not hidden one is right; SQuAD's script scores 0 too."""
    told = {"q0": "cat", "q1": "", "q9": "cat", "old": "dog", "q5": "dog"}
    predictions = write(tmp_path / "p.json", json.dumps(told))
    gold = write(tmp_path / "g.json", questions("cat", "cat", "cat", "cat", "", ""))
    assert main(["score", *map(str, options("xquad", "de", predictions, gold))]) == 0
    out, err = capsys.readouterr()
    counts = {"missing": 2, "ignored": 2, "empty": 1, "hidden": 2}
    metrics = dict.fromkeys(("qa", "exact_match", "f1"), 25.0)
    assert json.loads(out) == {"n": 4, **counts, **metrics}
    assert "2 gold answers have no prediction; they count as wrong" in err
    assert err.count("\n") == 4


def test_gold_labels_and_tags_that_are_hidden_are_not_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions = write(tmp_path / "p.txt", "neutral\nneutral\nneutral\n")
    gold = write(tmp_path / "g.tsv", "a\tb\tneutral\nc\td\t-\ne\tf\tentailment\n")
    found = score(capsys, *options("xnli", "sw", predictions, gold))
    assert found == {"n": 2, "hidden": 1, "accuracy": 50}
    predictions = write(tmp_path / "p.tsv", "a\tX\n\nb\tX\n")
    gold = write(tmp_path / "g.tsv", "a\tX\n\nb\t_\n")
    found = score(capsys, *options("udpos", "de", predictions, gold))
    assert (found["n"], found["hidden"], found["accuracy"]) == (1, 1, 100)


MISTAKES = {
    "tags of a model": ("wikiann", "de", "a\tLABEL_5\n", "a\tO\n", "tag 'LABEL_5' is none of O"),
    "tags in lower case": ("wikiann", "de", "a\tb-per\n", "a\tO\n", "sentence 1: tag 'b-per'"),
    "fields around": ("udpos", "de", "1\ta\tX\n", "1\ta\tX\n", "3 fields per line, neither two"),
    "other questions": ("xquad", "de", '{"0": "cat"}', questions("cat"), "none of its questions"),
    "hidden answers": ("xquad", "de", '{"q0": "cat"}', questions(""), "every label or answer is"),
    "hidden labels": ("xnli", "de", "neutral\n", "-1\n", "every label or answer is hidden"),
    "other sentences": ("bucc", "de", "7\t9\n", "de-1\ten-1\n", "none of its sentences is in"),
    "other candidates": ("lareqa", "de", "0 1\n", "a\n", "none of its candidates is in"),
    "numbers from 1": ("tatoeba", "de", "1\n2\n", None, "line 2: 2 of 2 sentences"),
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
