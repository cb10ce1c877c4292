"""`config.yaml` as it is shipped, against a mirror of the hub: locked, fetched and encoded.

The mirror stands for the hub and for the authors' repositories beside it: every data set and model
that the study reads, in the form that each has there, with a few invented rows per split. What it
cannot show: that the hub has these names today, its redirects, limits and terms, XLM-R's own
vocabulary, and sizes, which `python -m benchmarks.hub` measures.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from helpers.hub_data import write_mirror
from helpers.hub_mirror import serve
from helpers.study import BIN, Study, checkout

from xstilts.config import read_config
from xstilts.data.encode import Encoded
from xstilts.io.tables import read_json
from xstilts.tasks import tasks

pytestmark = pytest.mark.xdist_group("hub")

# What lies beside the hub is asked of the mirror too; found by Python at its start.
BESIDE = """
import os, urllib.request
asked = urllib.request.urlopen
def urlopen(url, **words):
    here = os.environ["HF_ENDPOINT"] + "/raw"
    return asked(url.replace("https://raw.githubusercontent.com", here), **words)
urllib.request.urlopen = urlopen
"""


THREE = {("en", "train"), ("en", "validation"), ("en", "test")}  # PAWS-X trains on its English


class Run(NamedTuple):
    """The study's results folder, what was asked of the mirror, and what the terminal showed."""

    results: Path
    asked: list[str]
    said: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """`xstilts lock-data`, then every fetch and encode job of the study."""
    folder = tmp_path_factory.mktemp("study")
    write_mirror(folder / "mirror")
    study = checkout(folder / "checkout")
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(BESIDE, encoding="utf-8")
    asked: list[str] = []
    with serve(folder / "mirror", asked) as address:
        environment = {
            **os.environ,
            "HF_ENDPOINT": address,
            "HF_HOME": str(folder / "hub"),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(study.folder), str(folder / "site")]),
        }
        said = _command(study, environment, "xstilts", "lock-data")
        goals = ["--until", "encode_task"]
        snakemake = [str(BIN / "snakemake"), "--profile", "local", "--quiet", "rules", *goals]
        said += _command(study, environment, "xstilts", "warm", *snakemake)
    yield Run(study.folder / "results/study", asked, said)


def _command(study: Study, environment: dict[str, str], *words: str) -> str:
    result = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=study.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout + result.stderr


def test_every_set_of_the_study_is_fetched_and_encoded(run: Run) -> None:
    _, grid = read_config()
    trained = {*grid.trained_intermediates()}
    trained |= {task for target in grid.targets for task in tasks()[target].trains_on}
    wanted = {("train", task) for task in trained} | {("test", task) for task in grid.targets}
    wanted.add(("test", "flores"))
    found = {
        (path.parts[-4].removeprefix("part="), path.parent.name.removeprefix("task="))
        for path in run.results.glob("encoded/part=*/model=*/task=*/manifest.json")
    }
    assert found == wanted
    assert len(grid.intermediates) == 9 and len(grid.targets) == 10


def test_every_language_of_every_target_has_rows(run: Run) -> None:
    _, grid = read_config()
    for target in [*grid.targets, "flores"]:
        part = Encoded(
            run.results / f"encoded/part=test/model=xlm-r-large/task={target}/manifest.json"
        )
        assert part.languages == grid.fetched_languages(target)
        assert all(len(part.rows(code, "test")) for code in part.languages)


def test_what_was_read_is_what_was_locked(run: Run) -> None:
    lock = yaml.safe_load((run.results.parents[1] / "data.lock.yaml").read_text(encoding="utf-8"))
    for path in run.results.glob("data/part=*/task=*/manifest.json"):
        for source in read_json(path)["source"].split(", "):
            name, _, commit = source.partition("@")
            known = {
                each
                for each, found in lock.items()
                if each.startswith(f"{name}@") and found == commit
            }
            assert known or name.startswith("https://raw.githubusercontent.com/"), source


def test_only_the_split_that_is_read_is_downloaded(run: Run) -> None:
    """XNLI's and PAWS-X's training sets of every language are a gigabyte that nobody reads."""
    _, grid = read_config()
    for name, target, more in (("facebook/xnli", "xnli", set()), ("paws-x", "pawsx", THREE)):
        files = [line for line in run.asked if name in line and line.endswith(".parquet")]
        read = {tuple(line.split("/")[-3:-1]) for line in files}
        assert read == {(code, "test") for code in grid.languages[target]} | more


def test_what_a_reader_should_know_is_counted_in_the_manifests(run: Run) -> None:
    """A row per split and language of three targets had lost the space of its context."""
    _, grid = read_config()
    for target in ("xquad", "mlqa", "tydiqa"):
        aside = read_json(run.results / f"data/part=test/task={target}/manifest.json")["aside"]
        moved = {"answers moved to where they are": 1}
        assert aside == {f"{code}, test": moved for code in grid.fetched_languages(target)}
    hidden = read_json(run.results / "data/part=test/task=xnli/manifest.json")["dropped"]
    assert hidden == {f"{code}, test": 1 for code in grid.fetched_languages("xnli")}
    for path in run.results.glob("data/part=*/task=*/manifest.json"):
        assert read_json(path)["warnings"] == [], path
