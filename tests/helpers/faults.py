"""What tests of faults need: a study that ran undisturbed, ways to lose a piece, runs to be hit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from safetensors import safe_open

from helpers.study import BIN, TINY, Study, checkout
from xstilts import cli
from xstilts.checkpoint.network import MANIFEST
from xstilts.degradation.outcomes import AXES, CELLS
from xstilts.io.tables import read_json, read_table
from xstilts.training.phases import STATE

STEPS = 200
TOLD = STEPS // 20  # steps from one line of a training's log to the next
LANGUAGES = ("en", "qa", "qe", "ql")
RESULTS = "results/faults"
TABLE = f"{RESULTS}/cells.parquet"
# The piece that is lost and made again: a training, its scores, the table.
TUNED = f"{RESULTS}/tuned/model=nano/intermediate=mnli/training_set=udpos/seed=1"
SCORES = f"{RESULTS}/scores/target=udpos/model=nano/intermediate=mnli/seed=1"
LOG = f"{RESULTS}/logs/finetune_target/nano/mnli/udpos/1.log"
SCORING = Counter(evaluate_udpos=1, collect_cells=1)
TRAINING = SCORING + Counter(finetune_target=1)
CONFIG: dict[str, Any] = {
    "results": RESULTS,
    "targets": ["xnli", "udpos"],
    "languages": list(LANGUAGES),
    "training": {**TINY["training"], "max_steps": STEPS},
    "evaluation": {"resamples": 50_000},  # so that an evaluation can be hit midway
}
HOUR = 3600
WARM = (str(BIN / "xstilts"), "warm")


def configure(study: Study, save_minutes: float = 10, **changes: object) -> None:
    """The config of this file; how often a training is saved reruns nothing."""
    training = {**CONFIG["training"], "save_minutes": save_minutes}
    study.configure(**{**CONFIG, "training": training, **changes})


def undisturbed_study(folder: Path) -> None:
    """Run the study in a folder's `checkout`."""
    study = checkout(folder / "checkout")
    configure(study)
    result = study.snakemake(TABLE, warm=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def copy_of(study: Study, folder: Path) -> Study:
    """A copy with its times, in which files that are one by hard links still are."""
    subprocess.run(["cp", "-a", str(study.folder), str(folder)], check=True)
    return Study(folder)


# Losing a piece


def score_files(study: Study) -> list[Path]:
    return [study.folder / SCORES / f"language={code}/scores.parquet" for code in LANGUAGES]


def forget(*paths: Path) -> None:
    assert cli.main(["forget", *map(str, paths)]) == 0


def lose_cells(study: Study) -> None:
    """Forget the cells of one checkpoint and target, and remove the table."""
    forget(*score_files(study))
    (study.folder / TABLE).unlink()


def lose_training(study: Study) -> None:
    """Forget a checkpoint as well; from here on its training is saved every few steps."""
    lose_cells(study)
    forget(study.folder / TUNED / MANIFEST)
    (study.folder / LOG).unlink()
    configure(study, save_minutes=0.002)


def saved_step(study: Study) -> int:
    """The step after which the training's state on disk goes on; 0 if there is none."""
    state = study.folder / TUNED / STATE
    if not state.exists():
        return 0
    with safe_open(state, framework="pt") as file:
        return len(json.loads(file.metadata()["facts"])["progress"]["curve"])


def first_told(study: Study) -> int:
    """The first step that the training's log tells of; 0 if it tells of none yet."""
    log = study.folder / LOG
    told = (
        re.search(rf"step (\d+) of {STEPS}", log.read_text(encoding="utf-8"))
        if log.exists()
        else None
    )
    return int(told[1]) if told else 0


def entries(store: Path) -> dict[str, int]:
    """The cells in a store, and which file each is; not those that are half written."""
    found = store.glob("*/[!.]*/scores.parquet")
    return {path.parent.name: path.stat().st_ino for path in found}


# Runs that can be hit


@dataclass(frozen=True)
class Run:
    """Snakemake at work in a session of its own."""

    process: subprocess.Popen[bytes]
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def ends(self, status: int) -> str:
        """What it said, once it has ended with a status."""
        assert self.process.wait(300) == status, self.said()
        return self.said()

    def members(self) -> list[psutil.Process]:
        """Itself and what it has started, as far as they are alive."""
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and os.getsid(process.pid) == self.process.pid:
                    found.append(process)
        return found

    def jobs(self, script: str) -> list[psutil.Process]:
        """The processes that run a script of workflow/scripts."""
        found = []
        for process in self.members():
            with suppress(psutil.NoSuchProcess):
                words = process.cmdline()
                if words and "python" in words[0] and words[-1].endswith(f".{script}.py"):
                    found.append(process)
        return found

    def job(self, script: str) -> psutil.Process:
        """The one process that runs a script, once it is there."""
        (found,) = wait_for(lambda: self.jobs(script))
        return found

    def kill(self) -> None:
        """SIGKILL to all of it."""
        while members := self.members():
            for process in members:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait(10)


@contextmanager
def started(
    study: Study, *words: str, table: str = TABLE, before: tuple[str, ...] = ()
) -> Iterator[Run]:
    """A run for the table, without a warm process; what is left of it at the end is killed."""
    command = [*before, str(BIN / "snakemake"), table, "--configfile", "tiny.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(study.folder), "OMP_NUM_THREADS": "1"}
    output = study.folder / f"said-{time.monotonic_ns()}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--profile", "local", *words],
            cwd=study.folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = Run(process, output)
    try:
        yield run
    finally:
        run.kill()


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """The condition's value, once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
    return value


def fails(study: Study) -> str:
    """What the user sees of a run that fails."""
    with started(study) as run:
        return run.ends(1)


# What must come out


def jobs_in(said: str) -> Counter[str]:
    """How many jobs of each rule a run set out to do."""
    table = said.partition("Job stats:")[2].partition("total")[0]
    return Counter({name: int(count) for name, count in re.findall(r"(?m)^(\w+) +(\d+)$", table)})


def tables(study: Study, results: str = RESULTS) -> tuple[pd.DataFrame, dict[str, str]]:
    """All that must not depend on what happened: the cells and the digests of checkpoints."""
    folder = study.folder / results
    cells = read_table(folder / "cells.parquet", CELLS).to_pandas()
    cells = cells.drop(columns=["seconds", "device", "versions"])
    digests = {
        str(path.relative_to(folder)): read_json(path)["digest"] for path in folder.rglob(MANIFEST)
    }
    return cells.sort_values([*AXES, "metric"], ignore_index=True), digests


def check_same(study: Study, undisturbed: Study, results: str = RESULTS) -> None:
    """The tables and weights are those of the undisturbed study; no training is half done."""
    (cells, digests), (expected, known) = tables(study, results), tables(undisturbed, results)
    pd.testing.assert_frame_equal(cells, expected)
    assert digests == known
    left = list((study.folder / results / "tuned").rglob("*"))
    assert not [path for path in left if path.name == STATE or path.suffix == ".tmp"]


def check_rerun(study: Study, undisturbed: Study, jobs: Counter[str]) -> None:
    """A plain rerun does these jobs and ends with the tables of the undisturbed study."""
    result = study.snakemake(TABLE, warm=True)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-3000:]
    assert jobs_in(said) == jobs
    check_same(study, undisturbed)
