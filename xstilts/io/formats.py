"""File formats of local data: each reader yields the rows (dicts) of one file.

Bytes that are no UTF-8, and text that is not in the format, are errors that name file and line.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xstilts.errors import InputError, one_line
from xstilts.io.tables import read_table

Row = dict[str, Any]
Located = tuple[str, Row]
"""A row and where it was read: file (or hub data set) and row number."""

LONGEST = 2**31 - 1  # characters of a field of CSV

ASIDE = "aside"
"""In a row: what was done to it beside reading, or left out of it; one text per deed, counted."""


def decoded(path: Path) -> Iterator[str]:
    """Lines with their ends; files ending in .gz, .bz2 or .xz are decompressed.

    A byte order mark, with which some programs begin a file, is no part of its first line.
    """
    openers: Any = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}
    try:
        with openers.get(path.suffix, open)(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                text = _text(line, f"{path}, line {number}")
                yield text.removeprefix("\ufeff") if number == 1 else text
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{path}: cannot be read ({one_line(error)})") from error


def _text(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise InputError(f"{where}: byte 0x{byte:02x} is not UTF-8; convert the file") from error


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a text file without their ends."""
    for line in decoded(path):
        yield line.rstrip("\r\n")


def read_json_text(path: Path) -> Any:
    """The content of the user's JSON file."""
    try:
        return json.loads("".join(decoded(path)))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error


def jsonl_rows(path: Path) -> Iterator[Row]:
    """One JSON object per line."""
    for number, line in enumerate(read_lines(path), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: not a JSON object")
        yield row


def _tsv(path: Path) -> Iterator[Row]:
    """Columns named "0", "1", ...; there is no header and no quoting; every line has them all."""
    columns = 0
    for number, line in enumerate(read_lines(path), start=1):
        row = {str(at): value for at, value in enumerate(line.split("\t"))}
        columns = columns or len(row)
        if len(row) != columns:
            raise InputError(f"{path}, line {number}: {len(row)} columns after {columns}")
        yield row


def _csv(path: Path) -> Iterator[Row]:
    """Columns named by the header; every record has them all."""
    csv.field_size_limit(LONGEST)
    reader = csv.DictReader(decoded(path))
    try:
        names = [*(reader.fieldnames or ())]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"{path}: column {twice[0]} is there twice")
        for row in reader:
            if None in row or None in row.values():
                columns = ", ".join(reader.fieldnames or ())
                raise InputError(f"{path}, line {reader.line_num}: other columns than {columns}")
            yield row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: not CSV ({error})") from error


WORD_ID = re.compile(r"\d+")
NO_WORD = {  # what an ID of CoNLL-U may be beside a word's number
    re.compile(r"\d+-\d+"): "range of a fused token left out",
    re.compile(r"\d+\.\d+"): "empty node left out",
}
CONLLU = 10  # fields, of which the second is the form and the fourth UPOS
DOCUMENT = "-DOCSTART-"  # begins a document of CoNLL-2003


def conll_rows(path: Path) -> Iterator[Row]:
    """One row per sentence: the fields of its words as lists "0", "1", ...

    With two fields, and with CoNLL-U's ten, `words` and `tags` (the form and UPOS) are known. Where
    the first of three or more fields numbers the words, a line with another ID is no word.
    """
    sentence: list[list[str]] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if line.startswith("#") and "\t" not in line:
            continue  # a comment; the token "#" has a tag
        if line.strip():
            cells = line.split("\t")
            if len(cells) < 2:
                raise InputError(f"{path}, line {number}: no tab between a token and its tag")
            sentence.append(cells)
            if len(cells) != len(sentence[0]):
                raise InputError(
                    f"{path}, line {number}: {len(cells)} columns after {len(sentence[0])}"
                )
        elif sentence:
            if sentence[0][0] != DOCUMENT:
                yield _sentence(sentence)
            sentence = []


def _sentence(lines: list[list[str]]) -> Row:
    words, aside = _words_of(lines)
    columns = [list(column) for column in zip(*words, strict=True)]
    row: Row = {str(at): column for at, column in enumerate(columns)}
    if len(columns) == 2:
        row |= {"words": columns[0], "tags": columns[1]}
    if len(columns) == CONLLU and _is_numbered(words):
        row |= {"words": columns[1], "tags": columns[3]}
    return {**row, ASIDE: aside} if aside else row


def _words_of(lines: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """The lines that are words, and what was left out, where the first field numbers them."""
    words = [cells for cells in lines if WORD_ID.fullmatch(cells[0])]
    others = [cells[0] for cells in lines if not WORD_ID.fullmatch(cells[0])]
    aside = [what for name in others for form, what in NO_WORD.items() if form.fullmatch(name)]
    identified = len(lines[0]) > 2 and len(aside) == len(others) and _is_numbered(words)
    return (words, aside) if identified else (lines, [])


def _is_numbered(words: list[list[str]]) -> bool:
    """Whether the first fields are running numbers."""
    names = [cells[0] for cells in words]
    if not names or not all(map(WORD_ID.fullmatch, names)):
        return False
    return [int(name) for name in names] == list(range(int(names[0]), int(names[0]) + len(names)))


def check_fields(row: Row, where: str) -> None:
    """Raise unless a row of `conll_rows` has fields whose meaning is known."""
    if "words" not in row:
        fields = sum(name.isdecimal() for name in row)
        raise InputError(
            f"{where}: {fields} fields per line, neither two nor those of CoNLL-U; keep the word "
            'and its tag, or say under columns which they are, as {words: "1", tags: "3"}'
        )


def _tagged(path: Path) -> Iterator[Row]:
    """One sentence per line: its words, a tab, their tags; both separated by spaces."""
    for number, line in enumerate(read_lines(path), start=1):
        text, tab, tags = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: no tab between words and tags")
        yield {"words": text.strip(" ").split(" "), "tags": tags.split()}


def squad_rows(path: Path) -> Iterator[Row]:
    """SQuAD's nested JSON as rows like the hub's: `answers` holds `text` and `answer_start`."""
    for _, paragraph, question in _squad_questions(path):
        with _shape(path, "SQuAD's"):
            answers = question.get("answers") or []
            row = {
                "id": question["id"],
                "context": paragraph["context"],
                "question": question["question"],
                "answers": {
                    "text": [answer["text"] for answer in answers],
                    "answer_start": [answer["answer_start"] for answer in answers],
                },
            }
        yield row


@contextmanager
def _shape(path: Path, whose: str) -> Iterator[None]:
    """Turn the errors of JSON that is built otherwise into one that names the file."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: not in {whose} format, lacks {one_line(error)}") from error


def _squad_questions(path: Path) -> list[tuple[int, Row, Row]]:
    """(paragraph number, paragraph, question) of a file of SQuAD's nested JSON."""
    content = read_json_text(path)
    with _shape(path, "SQuAD's"):
        paragraphs = [each for article in content["data"] for each in article["paragraphs"]]
        return [
            (number, paragraph, question)
            for number, paragraph in enumerate(paragraphs)
            for question in paragraph["qas"]
        ]


def _xquad_r(path: Path) -> Iterator[Row]:
    """LAReQA's XQuAD-R: one row per question, then one per sentence that might answer.

    A candidate is its sentence and its paragraph, nothing between, without line ends; its `keys`
    are the ids of the questions whose answer begins in that sentence (or in an equal one of its
    paragraph). All as in XTREME-R's script.
    """
    answered: dict[tuple[int, str], list[str]] = {}
    paragraphs: dict[int, Row] = {}
    for number, paragraph, question in _squad_questions(path):
        with _shape(path, "XQuAD-R's"):
            sentence = _answering(paragraph, question)
            key, text = question["id"], question["question"]
        if sentence is None:
            raise InputError(f"{path}: question {key}: no sentence holds its answer")
        paragraphs[number] = paragraph
        answered.setdefault((number, sentence), []).append(key)
        yield {"id": key, "query": text, "candidate": None, "keys": [key]}
    for number, paragraph in paragraphs.items():
        context = paragraph["context"].replace("\n", "")
        for at, sentence in enumerate(paragraph["sentences"]):
            yield {
                "id": f"paragraph-{number}-sentence-{at}",
                "query": None,
                "candidate": sentence.replace("\n", "") + context,
                "keys": answered.get((number, sentence), []),
            }


def _answering(paragraph: Row, question: Row) -> str | None:
    """The sentence in which the question's first answer begins."""
    start = question["answers"][0]["answer_start"]
    places = zip(paragraph["sentence_breaks"], paragraph["sentences"], strict=True)
    return next((text for (begin, end), text in places if begin <= start < end), None)


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "jsonl": jsonl_rows,
    "tsv": _tsv,
    "csv": _csv,
    "conll": conll_rows,
    "tagged": _tagged,
    "squad": squad_rows,
    "xquad_r": _xquad_r,
    "parquet": lambda path: iter(read_table(path).to_pylist()),
}


def read_rows(paths: list[Path], file_format: str, lines: int = 1) -> Iterator[Located]:
    """Rows of files one after the other, each with its place.

    Args:
        paths: the files; for `parallel` one file per column.
        file_format: a name in `FORMATS`.
        lines: for `lines`, how many lines make a row; columns are "0", "1", ...
    """
    if file_format == "parallel":
        yield from _numbered(paths[0], _parallel(paths))
        return
    for path in paths:
        rows = _records(path, lines) if file_format == "lines" else READERS[file_format](path)
        yield from _numbered(path, rows)


FORMATS = (*READERS, "lines", "parallel")


def _numbered(path: Path, rows: Iterator[Row]) -> Iterator[Located]:
    for number, row in enumerate(rows, start=1):
        yield f"{path}, row {number}", row


def _parallel(paths: list[Path]) -> Iterator[Row]:
    """A row holds what a line of each file holds: a text, or the columns of a .tsv or .jsonl."""
    structured: dict[str, Callable[[Path], Iterator[Any]]] = {".tsv": _tsv, ".jsonl": jsonl_rows}
    sides = [list(structured.get(path.suffix, read_lines)(path)) for path in paths]
    if len({len(side) for side in sides}) > 1:
        counts = ", ".join(f"{path} {len(side)}" for path, side in zip(paths, sides, strict=True))
        raise InputError(f"parallel files differ in lines: {counts}")
    for values in zip(*sides, strict=True):
        yield {str(at): value for at, value in enumerate(values)}


def _records(path: Path, lines: int) -> Iterator[Row]:
    content = list(read_lines(path))
    if len(content) % lines:
        raise InputError(f"{path}: {len(content)} lines are no whole number of {lines}-line rows")
    for start in range(0, len(content), lines):
        yield {str(at): content[start + at] for at in range(lines)}
