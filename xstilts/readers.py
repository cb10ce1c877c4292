"""File formats of local data: each reader yields rows (dicts) of one file or set of files."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from xstilts.errors import InputError
from xstilts.tables import read_table

Row = dict[str, Any]


def _open(path: Path) -> IO[str]:
    opener: Any = {".bz2": bz2.open, ".gz": gzip.open}.get(path.suffix, open)
    file: IO[str] = opener(path, "rt", encoding="utf-8", newline="")
    return file


def _lines(path: Path) -> Iterator[str]:
    with _open(path) as file:
        for line in file:
            yield line.rstrip("\r\n")


def _jsonl(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error.msg})") from error


def _tsv(path: Path) -> Iterator[Row]:
    """Columns named "0", "1", ...; there is no header and no quoting."""
    for line in _lines(path):
        yield {str(at): value for at, value in enumerate(line.split("\t"))}


def _csv(path: Path) -> Iterator[Row]:
    """Columns named by the header."""
    with _open(path) as file:
        yield from csv.DictReader(file)


def _conll(path: Path) -> Iterator[Row]:
    """`words` from the first column and `tags` from the last; a blank line ends a sentence."""
    sentence: list[list[str]] = []
    for line in [*_lines(path), ""]:
        if line.startswith("#") and "\t" not in line:
            continue  # a comment; the token "#" has a tag
        if line.strip():
            sentence.append(line.split("\t"))
        elif sentence:
            yield {
                "words": [cells[0] for cells in sentence],
                "tags": [cells[-1] for cells in sentence],
            }
            sentence = []


def _squad(path: Path) -> Iterator[Row]:
    """SQuAD's nested JSON as rows like the hub's: `answers` holds `text` and `answer_start`."""
    with _open(path) as file:
        articles = json.load(file)["data"]
    for article in articles:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                answers = question.get("answers", [])
                yield {
                    "id": question["id"],
                    "context": paragraph["context"],
                    "question": question["question"],
                    "answers": {
                        "text": [answer["text"] for answer in answers],
                        "answer_start": [answer["answer_start"] for answer in answers],
                    },
                }


def _parquet(path: Path) -> Iterator[Row]:
    yield from read_table(path).to_pylist()


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "jsonl": _jsonl,
    "tsv": _tsv,
    "csv": _csv,
    "conll": _conll,
    "squad": _squad,
    "parquet": _parquet,
}


def read_rows(paths: list[Path], file_format: str, lines: int) -> Iterator[Row]:
    """Rows of one file; of several line-aligned files where the format is `parallel`.

    Args:
        paths: the file, or for `parallel` one file a column.
        file_format: a name in `FORMATS`.
        lines: for `lines`, how many lines make a row; columns are "0", "1", ...
    """
    if file_format == "parallel":
        yield from _parallel(paths)
    elif file_format == "lines":
        yield from _records(paths[0], lines)
    else:
        yield from READERS[file_format](paths[0])


FORMATS = (*READERS, "lines", "parallel")


def _parallel(paths: list[Path]) -> Iterator[Row]:
    sides = [list(_lines(path)) for path in paths]
    if len({len(side) for side in sides}) > 1:
        counts = ", ".join(f"{path} {len(side)}" for path, side in zip(paths, sides, strict=True))
        raise InputError(f"parallel files differ in lines: {counts}")
    for values in zip(*sides, strict=True):
        yield {str(at): value for at, value in enumerate(values)}


def _records(path: Path, lines: int) -> Iterator[Row]:
    content = list(_lines(path))
    if len(content) % lines:
        raise InputError(f"{path}: {len(content)} lines are no whole number of {lines}-line rows")
    for start in range(0, len(content), lines):
        yield {str(at): content[start + at] for at in range(lines)}
