"""Local data: formats, column expressions, splits, and errors that name file and row."""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import pytest

from xstilts.columns import read_column
from xstilts.data import examples_of, fetch_task
from xstilts.errors import InputError
from xstilts.tables import read_json


def fetch(
    tmp_path: Path,
    task: str,
    part: str,
    source: dict[str, Any],
    languages: tuple[str, ...] = ("en",),
) -> dict[str, list[dict[str, Any]]]:
    output = tmp_path / "out" / "manifest.json"
    fetch_task(
        task=task,
        part=part,
        languages=list(languages),
        output=str(output),
        world=None,
        source=source,
        limits={},
    )
    return examples_of(output, languages[0])


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
    file.write_text("a man\ta person\tentailment\nno\tyes\tcontradiction\n")
    found = fetch(
        tmp_path, "xnli", "test", {"path": str(tmp_path / "{language}.tsv"), "format": "tsv"}
    )
    assert [row["label"] for row in found["test"]] == [0, 2]


def test_rows_are_divided_by_number_in_the_order_of_the_shares(tmp_path: Path) -> None:
    file = tmp_path / "all.tsv"
    file.write_text("".join(f"{at}\tx\t0\n" for at in range(10)))
    source = {"path": str(file), "format": "tsv", "splits": {"train": 0.7, "dev": 0.1, "test": 0.2}}
    found = fetch(tmp_path, "mnli", "train", source)
    assert [row["text_a"] for row in found["train"]] == [str(at) for at in range(7)]
    assert [row["text_a"] for row in found["dev"]] == ["7"]


def test_compressed_records_of_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "items.txt.bz2"
    file.write_bytes(bz2.compress(b"a scene\n1\nw\nx\ny\nz\n"))
    source = {
        "path": str(file),
        "format": "lines",
        "lines": 6,
        "columns": {"prompt": "0", "choices": "2, 3, 4, 5", "label": "1"},
    }
    (row,) = fetch(tmp_path, "hellaswag", "train", source)["train"]
    assert row["choices"] == ["w", "x", "y", "z"]
    assert row["label"] == 1


def test_parallel_files_must_have_as_many_lines(tmp_path: Path) -> None:
    (tmp_path / "de").write_text("eins\nzwei\n")
    (tmp_path / "en").write_text("one\n")
    source = {"path": [str(tmp_path / "{language}"), str(tmp_path / "en")], "format": "parallel"}
    with pytest.raises(InputError, match=r"differ in lines: .*de 2, .*en 1"):
        fetch(tmp_path, "tatoeba", "test", source, ("de",))


def squad(context: str, text: str, start: int, key: str = "q") -> str:
    answer = {"text": text, "answer_start": start}
    question = {"id": key, "question": "who?", "answers": [answer]}
    return json.dumps(
        {"data": [{"paragraphs": [{"context": context, "qas": [question, question]}]}]}
    )


def test_squad_files_with_repeated_ids_get_distinct_ones(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_text(squad("a cat sat", "cat", 2))
    found = fetch(tmp_path, "xquad", "test", {"path": str(tmp_path / "en.json"), "format": "squad"})
    assert [row["id"] for row in found["test"]] == ["q", "q#2"]
    assert found["test"][0]["answers"] == ["cat"]


def test_an_answer_that_is_not_in_its_context_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text(squad("a cat sat", "dog", 2))
    with pytest.raises(InputError, match=r"en.json, row 1: answer 'dog' is not at 2"):
        fetch(tmp_path, "xquad", "test", {"path": str(file), "format": "squad"})


def test_a_wrong_label_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a\tb\tneutral\na\tb\tmaybe\n")
    with pytest.raises(InputError, match=r"en.tsv, row 2: label 'maybe' is none of entailment"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "tsv"})


def test_a_wrong_tag_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("a\tDET\ncat\tNOUNN\n")
    with pytest.raises(InputError, match=r"en.tsv, row 1: tag 'NOUNN' is none of ADJ"):
        fetch(tmp_path, "udpos", "test", {"path": str(file), "format": "conll"})


def test_a_missing_column_names_file_and_row(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text('{"premise": "a", "label": 0}\n')
    with pytest.raises(InputError, match=r"en.jsonl, row 1: lacks column 'hypothesis'"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})


def test_rows_without_a_label_are_dropped(tmp_path: Path) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text('{"premise": "a", "hypothesis": "b", "label": -1}\n' * 2)
    with pytest.raises(InputError, match="no example of test data"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "jsonl"})


def test_tags_of_a_task_without_fixed_labels_come_from_its_training_set(tmp_path: Path) -> None:
    file = tmp_path / "train.tsv"
    file.write_text("the\tNP/N\ncat\tN\n\nsat\tS\\NP\n")
    source = {"path": {"train": str(file)}, "format": "conll"}
    found = fetch(tmp_path, "ccg", "train", source)
    assert [row["words"] for row in found["train"]] == [["the", "cat"], ["sat"]]
    assert read_json(tmp_path / "out/manifest.json")["labels"] == ["N", "NP/N", "S\\NP"]


def test_premise_and_english_question_make_the_prompt_of_xcopa(tmp_path: Path) -> None:
    file = tmp_path / "et.jsonl"
    row = {"premise": "Sadas", "choice1": "a", "choice2": "b", "question": "effect", "label": 1}
    file.write_text(json.dumps(row) + "\n")
    source = {"path": str(tmp_path / "{language}.jsonl"), "format": "jsonl"}
    (found,) = fetch(tmp_path, "xcopa", "test", source, ("et",))["test"]
    assert found["prompt"] == "Sadas What was the effect?"
