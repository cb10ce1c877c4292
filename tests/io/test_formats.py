"""Files of every format: what is read, and one error for what cannot be."""

from __future__ import annotations

import bz2
from pathlib import Path

import pandas as pd
import pytest
from helpers.local_data import NLI, fetch

from xstilts.errors import InputError
from xstilts.io.tables import read_json


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


def test_columns_of_parallel_tables_are_those_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "de.tsv").write_text("eins\tja\n", encoding="utf-8")
    (tmp_path / "en.jsonl").write_text('{"text": "one"}\n', encoding="utf-8")
    source = {
        "path": [str(tmp_path / "{language}.tsv"), str(tmp_path / "en.jsonl")],
        "format": "parallel",
        "columns": {"source": "0.0", "target": "1.text"},
    }
    (row,) = fetch(tmp_path, "flores", "test", source, "de")["test"]
    assert (row["source"], row["target"]) == ("eins", "one")


def test_parallel_files_must_have_as_many_lines(tmp_path: Path) -> None:
    (tmp_path / "de").write_text("eins\nzwei\n", encoding="utf-8")
    (tmp_path / "en").write_text("one\n", encoding="utf-8")
    source = {"path": [str(tmp_path / "{language}"), str(tmp_path / "en")], "format": "parallel"}
    with pytest.raises(InputError, match=r"differ in lines: .*de 2, .*en 1"):
        fetch(tmp_path, "tatoeba", "test", source, "de")


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.tsv: holds no row of split test"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "tsv"})


@pytest.mark.parametrize(
    ("task", "file_format"),
    [("xnli", "tsv"), ("xnli", "jsonl"), ("xnli", "csv"), ("udpos", "conll"), ("xquad", "squad")],
)
def test_bytes_that_are_not_utf8_name_file_and_line(
    tmp_path: Path, task: str, file_format: str
) -> None:
    file = tmp_path / "en.txt"
    first = {"tsv": "a\tb\tneutral", "jsonl": NLI.strip() % 0, "csv": "premise,hypothesis,label"}
    file.write_bytes(
        first.get(file_format, "{}").encode() + b"\n" + "\xe9t\xe9\n".encode("latin-1")
    )
    with pytest.raises(InputError, match=r"en.txt, line 2: byte 0xe9 is not UTF-8"):
        fetch(tmp_path, task, "test", {"path": str(file), "format": file_format})


def test_text_that_is_not_json_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text('{"data":\n oops}', encoding="utf-8")
    with pytest.raises(InputError, match=r"en.json, line 2: not JSON"):
        fetch(tmp_path, "xquad", "test", {"path": str(file), "format": "squad"})


def test_json_of_another_shape_says_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text('{"data": [{"title": "x"}]}', encoding="utf-8")
    with pytest.raises(InputError, match=r"en.json: not in SQuAD's format, lacks 'paragraphs'"):
        fetch(tmp_path, "xquad", "test", {"path": str(file), "format": "squad"})


@pytest.mark.parametrize(
    ("file_format", "content", "message"),
    [
        ("jsonl", b"[1]\n", "line 1: not a JSON object"),
        (
            "squad",
            b'{"data": [{"paragraphs": [{"context": "a", "qas": ["x"]}]}]}',
            "SQuAD's format",
        ),
        ("xquad_r", b'{"data": [{"paragraphs": [{"context": "a", "qas": [{}]}]}]}', "XQuAD-R's"),
    ],
)
def test_files_of_another_shape_are_one_error(
    tmp_path: Path, file_format: str, content: bytes, message: str
) -> None:
    file = tmp_path / "en.json"
    file.write_bytes(content)
    task = "lareqa" if file_format == "xquad_r" else "xquad"
    with pytest.raises(InputError, match=rf"en.json.*{message}"):
        fetch(tmp_path, task, "test", {"path": str(file), "format": file_format})


def test_a_file_that_is_not_compressed_as_it_says_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv.gz"
    file.write_text("a\tb\tneutral\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.tsv.gz: cannot be read \(Not a gzipped file"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "tsv"})


def test_a_token_line_with_a_column_less_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "en.tsv"
    file.write_text("the\tDET\ncat\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en.tsv, line 2: no tab between a token and its tag"):
        fetch(tmp_path, "udpos", "test", {"path": str(file), "format": "conll"})


CONLLU = """# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
3\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\t_
3.1\tser\tser\tAUX\t_\t_\t_\t_\t1:conj\t_
"""


@pytest.mark.parametrize("columns", [None, {"words": "1", "tags": "3"}])
def test_of_conllu_words_are_read_not_ranges_and_empty_nodes(
    tmp_path: Path, columns: dict[str, str] | None
) -> None:
    (tmp_path / "es.conllu").write_text(CONLLU, encoding="utf-8")
    source = {"path": str(tmp_path / "{language}.conllu"), "format": "conll"}
    source |= {"columns": columns} if columns else {}
    (row,) = fetch(tmp_path, "udpos", "test", source, "es")["test"]
    assert (row["words"], row["tags"]) == (["vamos", "nos", "mar"], ["VERB", "PRON", "NOUN"])
    assert read_json(tmp_path / "out/manifest.json")["aside"] == {
        "es, test": {"range of a fused token left out": 1, "empty node left out": 1}
    }


def test_fields_that_nobody_named_are_refused(tmp_path: Path) -> None:
    """The first and the last of four fields need not be the word and its tag."""
    (tmp_path / "en.txt").write_text("EU\tNNP\tB-NP\tB-ORG\n", encoding="utf-8")
    source = {"path": str(tmp_path / "en.txt"), "format": "conll"}
    with pytest.raises(InputError, match="row 1: 4 fields per line, neither two nor"):
        fetch(tmp_path, "wikiann", "test", source)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "en.csv").write_text("premise,hypothesis,label\na,b,0\n", encoding="utf-8-sig")
    source = {"path": str(tmp_path / "en.csv"), "format": "csv"}
    assert fetch(tmp_path, "xnli", "test", source)["test"][0]["text_a"] == "a"
    (tmp_path / "de.tsv").write_text("der\tDET\n", encoding="utf-8-sig")
    source = {"path": str(tmp_path / "de.tsv"), "format": "conll"}
    assert fetch(tmp_path, "udpos", "test", source, "de")["test"][0]["words"] == ["der"]


def test_csv_that_the_library_refuses_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "en.csv"
    file.write_bytes(b'premise,hypothesis,label\na,"' + b"b" * 200_000 + b'",0\nc\rd,e,0\n')
    with pytest.raises(InputError, match=r"en.csv, line 2: not CSV \(new-line character"):
        fetch(tmp_path, "xnli", "test", {"path": str(file), "format": "csv"})


def test_a_damaged_parquet_file_is_one_error(tmp_path: Path) -> None:
    texts = {"premise": ["a" * 50] * 99, "hypothesis": ["b"] * 99, "label": [0] * 99}
    pd.DataFrame(texts).to_parquet(tmp_path / "en.parquet", compression="zstd")
    content = bytearray((tmp_path / "en.parquet").read_bytes())
    content[4:60] = bytes(56)
    (tmp_path / "en.parquet").write_bytes(content)
    source = {"path": str(tmp_path / "en.parquet"), "format": "parquet"}
    with pytest.raises(InputError, match=r"en.parquet: not a readable Parquet file") as told:
        fetch(tmp_path, "xnli", "test", source)
    assert "\n" not in str(told.value)


def test_columns_of_token_files_are_numbered(tmp_path: Path) -> None:
    file = tmp_path / "en.iob2"
    file.write_text("# text = Ann sat\n1\tAnn\tB-PER\t-\n2\tsat\tO\t-\n", encoding="utf-8")
    columns = {"words": "1", "tags": "2"}
    source = {"path": str(file), "format": "conll", "columns": columns}
    (row,) = fetch(tmp_path, "wikiann", "test", source)["test"]
    assert (row["words"], row["tags"]) == (["Ann", "sat"], ["B-PER", "O"])
