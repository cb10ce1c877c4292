"""The hub: what is moved, counted or refused on the way, and its errors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from datasets import List as Sequence
from helpers.hub_data import write_mirror
from helpers.hub_mirror import serve, write_readme
from helpers.mirrored import language, read
from helpers.study import ROOT

from xstilts.data.columns import read_column
from xstilts.data.hub import NUMBERED, in_one_line, namer
from xstilts.data.realignment import MOVED, realigned
from xstilts.errors import InputError
from xstilts.io.formats import ASIDE
from xstilts.io.tables import read_json
from xstilts.tasks import tasks

pytestmark = pytest.mark.xdist_group("hub")


@pytest.mark.parametrize("name", ["xquad", "mlqa", "tydiqa"])
def test_answers_of_contexts_that_lost_their_space_are_moved_and_counted(
    mirrored: Path, name: str
) -> None:
    """The second row's context began with two spaces, which its start of 18 still counts."""
    rows = read(mirrored, name, "test")["test"]
    assert [row["answer_starts"] for row in rows] == [[16], [16]]
    assert rows[1]["context"][16:21] == "slept"
    aside = read_json(mirrored / name / "test/manifest.json")["aside"]
    assert aside == {f"{language(name, 'test')}, test": {MOVED: 1}}


@pytest.mark.parametrize("column", ["pos_tags", "upos", "tags"])
def test_numbers_of_tags_without_names_are_in_the_order_of_upos_and_counted(column: str) -> None:
    """XTREME's: by the alphabet, so that 5 is a determiner and 7 a noun."""
    features = Features({"tokens": Sequence(Value("string")), column: Sequence(Value("int64"))})
    (row,) = map(namer(tasks()["udpos"], features), [{"tokens": ["the", "cat"], column: [5, 7]}])
    columns = tasks()["udpos"].columns
    assert read_column(row, columns["tags"]) == ["DET", "NOUN"]
    assert row[ASIDE] == [NUMBERED]


def test_other_classes_than_the_tasks_are_an_error() -> None:
    """Numbers of classes that mean something else must not be taken for ours."""
    label = ClassLabel(names=["contradiction", "neutral", "entail"])
    rows = Dataset.from_list([{"label": 0}], features=Features({"label": label}))
    with pytest.raises(InputError, match="xnli: the hub's classes of column label are contrad"):
        namer(tasks()["xnli"], rows.features)


FAILING = """
import json, sys, xstilts.data.fetch
from xstilts.errors import InputError
for task, language in json.load(sys.stdin):
    try:
        xstilts.data.fetch.fetch_task(task=task, part="test", languages=[language],
            manifest=sys.argv[1], source=None, commits={}, limits={})
    except InputError as error:
        print(error)
"""
FAILURES = {  # a damaged file, as it is streamed; no such language; a set gone; no such split
    ("xnli", "sw"): "facebook/xnli, sw, test at main: cannot be read from the hub (",
    ("pawsx", "zh"): "paws-x, zh, test at main: cannot be read from the hub (Build",
    ("xquad", "de"): "xquad, xquad.de, validation at main: cannot be read from the hub (",
    ("mlqa", "de"): "google/xtreme: unknown split 'test'; known: validation",
}


def test_whatever_fails_at_the_hub_is_one_line_that_names_the_set(tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror")
    (broken,) = (tmp_path / "mirror/facebook/xnli").glob("*/sw/test/0000.parquet")
    broken.write_bytes(broken.read_bytes()[:-30] + bytes(30))
    (paws,) = (tmp_path / "mirror/google-research-datasets/paws-x").glob("*")
    write_readme(paws, {"en": ["train"]})
    shutil.rmtree(tmp_path / "mirror/google/xquad")
    (xtreme,) = (tmp_path / "mirror/google/xtreme").glob("*")
    write_readme(xtreme, {"MLQA.de.de": ["validation"]})
    with serve(tmp_path / "mirror") as address:
        result = subprocess.run(
            [sys.executable, "-c", FAILING, str(tmp_path / "out.json")],
            input=json.dumps([*FAILURES]),
            cwd=ROOT,
            env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub")},
            capture_output=True,
            text=True,
            check=True,
        )
    said = result.stdout.splitlines()
    assert len(said) == len(FAILURES)
    for line, message in zip(said, FAILURES.values(), strict=True):
        assert message in line
        assert "give files of your own under data" in line or "unknown split" in message


def answered(context: str, *answers: tuple[str, int]) -> dict[str, Any]:
    texts, starts = map(list, zip(*answers, strict=True))
    return {"context": context, "answers": {"text": texts, "answer_start": starts}}


@pytest.mark.parametrize(
    ("row", "starts"),
    [
        (answered("the cat", ("cat", 4)), [4]),
        (answered("the cat", ("cat", 6)), [4]),  # two spaces stood before it
        (answered("cat cat a", ("cat", 1), ("a", 9)), [0, 8]),  # by hand: one to the left for both
        (answered("a a cat", ("a", 1), ("cat", 5)), [0, 4]),  # the first alone fits at 2 as near
        (answered(" cat", ("cat", 0)), [1]),  # an answer that lost its own space
        (answered("the dog", ("cat", 4)), [4]),  # nowhere: the check of rows refuses it
    ],
)
def test_answers_are_moved_together_to_the_nearest_place(
    row: dict[str, Any], starts: list[int]
) -> None:
    moved, elsewhere = realigned(row)
    assert moved["answers"]["answer_start"] == starts
    assert elsewhere == (starts != row["answers"]["answer_start"])


class NamelessError(TimeoutError):
    """As of a socket, without a text."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NamelessError(), "x (NamelessError); run it again where there is network"),
        (ValueError("first\nsecond"), "x (first); run it again, and if it stays so give files"),
    ],
)
def test_an_error_of_a_library_is_one_line_that_says_what_to_do(
    error: Exception, told: str
) -> None:
    with pytest.raises(InputError) as raised, in_one_line("x"):
        try:
            raise error
        except Exception as inner:
            raise type(error)(*error.args) from inner
    assert str(raised.value).startswith(told)
    assert "\n" not in str(raised.value)
