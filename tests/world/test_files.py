"""A world's files: a config reads from them what the world says, and only changes are written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.examples import fetch
from helpers.invented import invented
from helpers.study import DEMO, ROOT

from xstilts import cli
from xstilts.config import read_config
from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.languages import add_languages, languages
from xstilts.planning.sizes import Sizes
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.examples import SKILLS, examples
from xstilts.world.files import read_world, write_world

WORLD = World(train=12, dev=6, test=7)


@pytest.mark.parametrize("name", SKILLS)
def test_examples_are_read_as_they_were_invented(name: str, tmp_path: Path) -> None:
    """Through the files, by the reader of anybody's data; unsaid `keys` are ids."""
    task = tasks()[name]
    part, language, split = ("test", "qa", "test") if task.target else ("train", "en", "train")
    if task.kind == "bitext":
        part, language, split = "test", "qa", "test"
    found = fetch(name, part, language, tmp_path / "manifest.json", world=WORLD)[split]
    said = examples(WORLD, name, language, split)
    keyed = [{"keys": [each["id"]], **each} for each in said] if "keys" in found[0] else said
    assert found == keyed
    assert set(found[0]) >= {"id", *kind_of(task).columns}


def test_the_demo_names_files_that_are_there() -> None:
    _, grid = read_config(ROOT / "config/demo.yaml", _demo_root(invented(WORLD)))
    assert {name for name, _, _ in grid.parts()} <= {*DEMO["data"]}
    assert {*DEMO["data"]} == {*SKILLS}


def _demo_root(folder: Path) -> Path:
    (folder.parent / "root.json").write_text(
        json.dumps({"data_root": str(folder)}), encoding="utf-8"
    )
    return folder.parent / "root.json"


def test_only_what_changes_is_written_again(tmp_path: Path) -> None:
    write_world(WORLD, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    write_world(WORLD, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in files} == before
    write_world(replace(WORLD, test=8), tmp_path)
    changed = {path for path in files if path.stat().st_mtime_ns != before[path]}
    assert tmp_path / "xnli/test.qa.jsonl" in changed
    assert tmp_path / "mnli/train.en.jsonl" not in changed


def test_the_command_writes_the_demos_world(tmp_path: Path) -> None:
    assert cli.main(["world", str(tmp_path), "--effect", "0", "--train", "5", "--dev", "4"]) == 0
    assert read_world(tmp_path / "world.json") == World(effect=0.0, train=5, dev=4)


@pytest.mark.parametrize("words", [["--effect", "2"], ["--train", "0"]])
def test_settings_out_of_range_are_refused(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["world", str(tmp_path), *words])
    assert f"'{words[1]}' is not" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_settings_of_something_else_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"sead": 1}', encoding="utf-8")
    with pytest.raises(InputError, match=r"world\.json: not what `xstilts world` writes"):
        read_world(tmp_path / "world.json")


def test_its_languages_are_added_to_the_shipped_ones() -> None:
    shipped = len(languages())
    add_languages(str(invented(WORLD) / "languages.csv"))
    assert languages()["qa"].name == "Aldish"
    assert len(languages()) == shipped + 12


def test_its_sizes_are_those_of_its_files() -> None:
    table = str(invented(WORLD) / "sizes.csv")
    sizes = Sizes({"size_table": table, "examples": {"train": None, "test": None}})
    assert sizes.of("xnli", "test", "qa", "test").examples == 7
    assert sizes.of("mnli", "train", "en", "train").examples == 12
