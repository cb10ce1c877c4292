"""Rows of anybody's data as canonical examples: labels, answers, ids, hidden values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers.local_data import NLI, fetch

from xstilts.data.columns import read_column
from xstilts.errors import InputError
from xstilts.io.tables import read_json
from xstilts.tasks import tasks


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", "x"),
        ("nested.b", "y"),
        ("many.*.text", ["p", "q"]),
        ("a + nested.b", "x y"),
        ("a + many.*.text", ["x p", "x q"]),
        ("a, nested.b", ["x", "y"]),
    ],
)
def test_column_expressions(expression: str, expected: Any) -> None:
    row = {"a": "x", "nested": {"b": "y"}, "many": [{"text": "p"}, {"text": "q"}]}
    assert read_column(row, expression) == expected


def test_tsv_without_columns_is_read_in_canonical_order(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a man\ta person\tentailment\nno\tyes\tcontradiction\n", encoding="utf-8")
    found = fetch(
        tmp_path, "xnli", "test", {"path": str(tmp_path / "{language}.tsv"), "format": "tsv"}
    )
    assert [row["label"] for row in found["test"]] == [0, 2]


def squad(context: str, text: str, start: int, key: str = "q") -> str:
    answer = {"text": text, "answer_start": start}
    question = {"id": key, "question": "who?", "answers": [answer]}
    return json.dumps(
        {"data": [{"paragraphs": [{"context": context, "qas": [question, question]}]}]}
    )


def test_an_id_that_was_there_before_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text(squad("a cat sat", "cat", 2), encoding="utf-8")
    with pytest.raises(InputError, match=r"en.json, row 2: id 'q' was there before, in .*row 1"):
        fetch(tmp_path, "xquad", "test", {"path": str(file), "format": "squad"})


def test_repeated_ids_are_renumbered_where_the_config_says_so(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_text(squad("a cat sat", "cat", 2), encoding="utf-8")
    source = {"path": str(tmp_path / "en.json"), "format": "squad", "renumber": True}
    found = fetch(tmp_path, "xquad", "test", source)
    assert [row["id"] for row in found["test"]] == ["q", "q#2"]
    assert found["test"][0]["answers"] == ["cat"]


def test_an_answer_that_is_not_in_its_context_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text(squad("a cat sat", "dog", 2), encoding="utf-8")
    with pytest.raises(InputError, match=r"en.json, row 1: answer 'dog' is not at 2"):
        fetch(tmp_path, "xquad", "test", {"path": str(file), "format": "squad"})


def test_a_wrong_label_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a\tb\tneutral\na\tb\tmaybe\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.tsv, row 2: label 'maybe' is none of entailment"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "tsv"})


def test_a_wrong_tag_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a\tDET\ncat\tNOUNN\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.tsv, row 1: tag 'NOUNN' is none of ADJ"):
        fetch(tmp_path, "udpos", "test", {"path": str(file), "format": "conll"})


def test_a_missing_column_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text('{"premise": "a", "label": 0}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"en.jsonl, row 1: lacks column 'hypothesis'"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})


def test_rows_without_a_label_are_dropped_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text(NLI % -1 + NLI % 2 + NLI % '""' + NLI % "null", encoding="utf-8")
    found = fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})
    assert [row["label"] for row in found["test"]] == [2]
    assert read_json(tmp_path / "out/manifest.json")["dropped"] == {"en, test": 3}


@pytest.mark.parametrize("hidden", ['"-"', '"NA"', '" "', "-1.0", '"?"', "NaN"])
def test_a_hidden_label_is_known_in_every_spelling(tmp_path: Path, hidden: str) -> None:
    """As SNLI, pandas and others write it."""
    file = tmp_path / "en.jsonl"
    file.write_text(NLI % hidden + NLI % 2, encoding="utf-8")
    found = fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})
    assert [row["label"] for row in found["test"]] == [2]
    assert read_json(tmp_path / "out/manifest.json")["dropped"] == {"en, test": 1}


@pytest.mark.parametrize(
    ("label", "name"), [("true", "true"), ("true", "True"), ('"TRUE"', "true")]
)
def test_truth_values_are_renamed_too(tmp_path: Path, label: str, name: str) -> None:
    """Without the mapping, true would be the second label."""
    file = tmp_path / "en.jsonl"
    file.write_text(f'{{"text_a": "a", "text_b": "b", "label": {label}}}\n', encoding="utf-8")
    labels = {name: "not_duplicate", "false": "duplicate"}
    source = {"path": str(file), "format": "jsonl", "labels": labels}
    assert fetch(tmp_path, "qqp", "train", source)["train"][0]["label"] == 0


def test_long_numbers_stay_different_ids_and_keys(tmp_path: Path) -> None:
    """As floats these two would be one."""
    numbers = (1234567890123456789, 1234567890123456790)
    rows = [{"id": each, "query": f"q{each}", "candidate": "c", "keys": each} for each in numbers]
    file = tmp_path / "en.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = fetch(tmp_path, "lareqa", "test", {"path": str(file), "format": "jsonl"})["test"]
    assert [(row["id"], row["keys"]) for row in found] == [(str(n), [str(n)]) for n in numbers]


def test_an_empty_side_of_a_retrieval_row_is_none(tmp_path: Path) -> None:
    file = tmp_path / "en.csv"
    file.write_text("query,candidate\nwho,\n,an answer\nwhat,other\n", encoding="utf-8")
    found = fetch(tmp_path, "lareqa", "test", {"path": str(file), "format": "csv"})["test"]
    sides = [("who", None), (None, "an answer"), ("what", "other")]
    assert [(row["query"], row["candidate"]) for row in found] == sides


@pytest.mark.parametrize("label", ["1", "1.0", '"1"', '"1.0"', '" 1 "', "true"])
def test_a_label_is_renamed_whatever_form_its_file_gives_it(tmp_path: Path, label: str) -> None:
    """A column of whole numbers with a missing value is one of floats, and a text in CSV."""
    file = tmp_path / "en.jsonl"
    file.write_text(NLI % label, encoding="utf-8")
    source = {
        "path": str(file),
        "format": "jsonl",
        "labels": {"1": "contradiction", "2": "neutral"},
    }
    assert [row["label"] for row in fetch(tmp_path, "xnli", "test", source)["test"]] == [2]
    said = read_json(tmp_path / "out/manifest.json")["warnings"]
    assert said == ["xnli, en, test: labels: no row has 2"]


def test_a_label_is_the_same_from_parquet_and_csv_with_a_missing_value(tmp_path: Path) -> None:
    texts = {"premise": list("abcd"), "hypothesis": list("wxyz")}
    rows = pd.DataFrame({**texts, "label": [0, 1, 2, None]})
    rows.to_parquet(tmp_path / "en.parquet")
    rows.to_csv(tmp_path / "en.csv", index=False)
    labels = {"0": "contradiction", "1": "entailment", "2": "neutral"}
    for form in ("parquet", "csv"):
        source = {"path": str(tmp_path / f"en.{form}"), "format": form, "labels": labels}
        found = fetch(tmp_path, "xnli", "test", source)
        assert [row["label"] for row in found["test"]] == [2, 0, 1]


def test_a_split_whose_labels_are_all_hidden_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text(NLI % -1, encoding="utf-8")
    with pytest.raises(InputError, match="xnli, en, test: every label or answer is hidden"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})


def test_a_row_without_its_text_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.csv"
    file.write_text("label,premise,hypothesis\n0,a,b\n1,c\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.csv, line 3: other columns than label, premise, hyp"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "csv"})


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("xnli", {"premise": 5, "hypothesis": "b", "label": 0}, "text_a is 5, not a text"),
        ("xnli", {"premise": None, "hypothesis": "b", "label": 0}, "text_a is None, not a text"),
        ("xnli", {"premise": "a", "hypothesis": "b", "label": "²"}, "label '²' is none of"),
        ("siqa", {"context": "a", "question": "b", "label": 0}, "label '0' is none of 1, 2, 3"),
        (
            "xcopa",
            {"premise": "a", "choice1": "b", "choice2": "c", "question": "Cause", "label": 0},
            "question 'Cause' is none of cause, effect",
        ),
        ("commonsenseqa", {"question": "a", "answerKey": "E"}, "label 'E' of 2 choices"),
        ("udpos", {"words": ["a"], "tags": [3]}, "tag '3' is none of ADJ"),
        ("udpos", {"words": ["a", "b"], "tags": ["X"]}, "2 words and 1 tags"),
    ],
)
def test_a_value_of_another_kind_names_file_and_row(
    tmp_path: Path, task: str, row: dict[str, Any], message: str
) -> None:
    answers = {"answerA": "x", "answerB": "y", "answerC": "z", "choices": {"text": ["x", "y"]}}
    file = tmp_path / "en.jsonl"
    file.write_text(json.dumps({**answers, **row}) + "\n", encoding="utf-8")
    part = "test" if tasks()[task].target else "train"
    with pytest.raises(InputError, match=rf"en.jsonl, row 1: {message}"):
        fetch(tmp_path, task, part, {"path": str(file), "format": "jsonl"})


def test_questions_without_an_answer_are_dropped_and_counted(tmp_path: Path) -> None:
    """Test sets without their answers are given away; they must not score 0."""
    file = tmp_path / "en.jsonl"
    row = {"id": "1", "context": "a cat", "question": "?", "answers": {"text": []}}
    row["answers"] = {"text": [], "answer_start": []}
    known = {**row, "id": "2", "answers": {"text": ["cat"], "answer_start": [2]}}
    file.write_text(json.dumps(row) + "\n" + json.dumps(known) + "\n", encoding="utf-8")
    found = fetch(tmp_path, "tydiqa", "test", {"path": str(file), "format": "jsonl"})
    assert [row["id"] for row in found["test"]] == ["2"]
    assert read_json(tmp_path / "out/manifest.json")["dropped"] == {"en, test": 1}


@pytest.mark.parametrize(
    "answers",
    [
        None,
        {"text": [""], "answer_start": [0]},
        {"text": ["-"], "answer_start": [0]},
        {"text": ["NA"], "answer_start": [-1]},
    ],
)
def test_an_answer_that_was_taken_out_is_hidden(tmp_path: Path, answers: Any) -> None:
    """XTREME's download leaves an empty text at 0 in place of every answer of a test set."""
    row = {"id": "1", "context": "a cat", "question": "?", "answers": answers}
    known = {**row, "id": "2", "answers": {"text": ["cat"], "answer_start": [2]}}
    file = tmp_path / "en.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps(known) + "\n", encoding="utf-8")
    source = {"path": str(file), "format": "jsonl"}
    assert [each["id"] for each in fetch(tmp_path, "tydiqa", "test", source)["test"]] == ["2"]
    assert read_json(tmp_path / "out/manifest.json")["dropped"] == {"en, test": 1}


def test_an_answer_may_be_a_word_that_elsewhere_means_hidden(tmp_path: Path) -> None:
    row = {"id": "1", "context": "Na is sodium, NA a place", "question": "?"}
    row["answers"] = {"text": ["NA"], "answer_start": [14]}
    file = tmp_path / "en.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    source = {"path": str(file), "format": "jsonl"}
    assert fetch(tmp_path, "tydiqa", "test", source)["test"][0]["answers"] == ["NA"]


def test_questions_of_squad2_may_have_no_answer(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    answers: dict[str, list[Any]] = {"text": [], "answer_start": []}
    row = {"id": "1", "context": "a cat", "question": "?", "answers": answers}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = fetch(tmp_path, "squad2", "train", {"path": str(file), "format": "jsonl"})
    assert found["train"][0]["answers"] == []


def test_an_empty_side_of_a_pool_is_none(tmp_path: Path) -> None:
    for split, first in (("dev", "null\tnought"), ("test", "eins\tone")):
        (tmp_path / f"{split}.tsv").write_text(f"{first}\nzwei\t\n\tthree\n", encoding="utf-8")
    source = {"path": str(tmp_path / "{split}.tsv"), "format": "tsv"}
    found = fetch(tmp_path, "bucc", "test", source, "de")["test"]
    assert [(row["source"], row["target"], row["keys"]) for row in found] == [
        ("eins", "one", ["1"]),
        ("zwei", None, ["2"]),
        (None, "three", ["3"]),
    ]


def test_a_row_with_neither_side_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text('{"query": null, "candidate": null}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"en.jsonl, row 1: neither candidate nor query"):
        fetch(tmp_path, "lareqa", "test", {"path": str(file), "format": "jsonl"})


def test_as_many_tags_as_words(tmp_path: Path) -> None:
    file = tmp_path / "en.txt"
    file.write_text("the cat sat\tDET NOUN\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.txt, row 1: 3 words and 2 tags"):
        fetch(tmp_path, "udpos", "test", {"path": str(file), "format": "tagged"})


def test_more_columns_than_fields_in_default_order_are_refused(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("7\ta\tb\tneutral\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 1: 4 columns, and 3 are read in this order: text_a"):
        fetch(tmp_path, "xnli", "test", {"path": str(tmp_path / "en.tsv"), "format": "tsv"})


def test_a_sentence_whose_tags_are_hidden_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("a\tX\n\nb\t_\nc\t_\n", encoding="utf-8")
    source = {"path": str(tmp_path / "en.tsv"), "format": "conll"}
    assert [row["words"] for row in fetch(tmp_path, "udpos", "test", source)["test"]] == [["a"]]
    assert read_json(tmp_path / "out/manifest.json")["dropped"] == {"en, test": 1}


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("tatoeba", {"source": 5, "target": "b"}, "source is 5, not a text"),
        ("bucc", {"source": ["a"], "target": "b"}, r"source is \['a'\], not a text"),
        ("wikipedia", {"text": 7}, "text is 7, not a text"),
        ("udpos", {"words": 5, "tags": ["X"]}, "no row of udpos"),
        ("wikipedia", {"text": "half an emoji \ud83d"}, "text is 'half an emoji"),
        (
            "xquad",
            {"id": 1, "context": None, "question": "?"}
            | {"answers": {"text": ["a"], "answer_start": [0]}},
            "no row of xquad",
        ),
        (
            "xquad",
            {"id": 1, "context": "a", "question": "?"}
            | {"answers": {"text": [3], "answer_start": ["x"]}},
            "answer '3' is not at x of its context",
        ),
    ],
)
def test_a_value_that_no_kind_can_check_is_one_error(
    tmp_path: Path, task: str, row: dict[str, Any], message: str
) -> None:
    for split in ("dev", "test", "train"):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    source = {"path": str(tmp_path / "{split}.jsonl"), "format": "jsonl"}
    part = "test" if tasks()[task].target else "train"
    with pytest.raises(InputError, match=rf"jsonl, row 1: {message}"):
        fetch(tmp_path, task, part, source, "de")


def test_a_limit_keeps_the_answers_of_the_queries_it_keeps(tmp_path: Path) -> None:
    """Of six rows the first, a query, brings its answer, and the last, an answer, its query."""
    rows = [
        {"id": f"q{at}", "query": "?", "candidate": None, "keys": [f"q{at}"]} for at in range(3)
    ]
    rows += [
        {"id": f"c{at}", "query": None, "candidate": "!", "keys": [f"q{at}"]} for at in range(3)
    ]
    file = tmp_path / "en.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    source = {"path": str(file), "format": "jsonl"}
    found = fetch(tmp_path, "lareqa", "test", source, limits={"test": 2})["test"]
    assert [row["id"] for row in found] == ["q0", "q2", "c0", "c2"]


def test_tags_of_a_task_without_fixed_labels_come_from_its_training_set(tmp_path: Path) -> None:
    dev = tmp_path / "dev.tsv"
    dev.write_text("a\tUNSEEN\n", encoding="utf-8")
    file = tmp_path / "train.tsv"
    file.write_text("the\tNP/N\ncat\tN\n\nsat\tS\\NP\n", encoding="utf-8")
    source = {"path": {"train": str(file), "dev": str(dev)}, "format": "conll"}
    found = fetch(tmp_path, "ccg", "train", source)
    assert [row["words"] for row in found["train"]] == [["the", "cat"], ["sat"]]
    assert read_json(tmp_path / "out/manifest.json")["labels"] == ["N", "NP/N", "S\\NP"]


def test_premise_and_english_question_make_the_prompt_of_xcopa(tmp_path: Path) -> None:
    file = tmp_path / "et.jsonl"
    row = {"premise": "Sadas", "choice1": "a", "choice2": "b", "question": "effect", "label": 1}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    source = {"path": str(tmp_path / "{language}.jsonl"), "format": "jsonl"}
    (found,) = fetch(tmp_path, "xcopa", "test", source, "et")["test"]
    assert found["prompt"] == "Sadas What was the effect?"
