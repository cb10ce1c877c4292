"""The workflow on a real SLURM: jobs go through sbatch, and what is killed is tried again.

    XSTILTS_SLURM=1 pytest tests/workflow/test_slurm.py

SLURM must have one node, this machine, and the user must be its administrator: processes are killed
on the node, and the node is taken down. It needs 2 CPUs, 2 GPUs (any device files will do), 16 GB
and accounting.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.study import BIN, TINY, Study, checkout
from safetensors import safe_open

from xstilts import cli
from xstilts.checkpoint.network import damage
from xstilts.degradation.outcomes import AXES
from xstilts.io.tables import read_json, read_table
from xstilts.training.phases import STATE

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(
        "XSTILTS_SLURM" not in os.environ,
        reason="submits jobs to SLURM and takes its node down: set XSTILTS_SLURM to allow it",
    ),
]

RESULTS = "results/cluster"
SCHEDULE: Any = TINY["training"]
CONFIG: dict[str, Any] = {
    "results": RESULTS,
    "targets": ["xnli"],
    "languages": ["en", "qa"],
    # Long enough to be killed half way, and saved often enough to go on from there.
    "training": {**SCHEDULE, "max_steps": 700, "save_minutes": 0.01},
}
TABLE = f"{RESULTS}/cells.parquet"
CELL = (
    f"{RESULTS}/scores/target=xnli/model=nano/intermediate=mnli/seed=1/language=qa/scores.parquet"
)
PHASE_TWO = f"{RESULTS}/intermediate/model=nano/intermediate=mnli/seed=1/checkpoint.json"
PHASE_THREE = (
    f"{RESULTS}/tuned/model=nano/intermediate=none/training_set=mnli/seed=1/checkpoint.json"
)
TRAINING = {PHASE_TWO: "train_intermediate", PHASE_THREE: "finetune_target"}  # their rules
LOCAL_RULES = {"fetch_task", "fetch_model", "check_recipes", "collect_cells"}
# The second look at SLURM comes 15 seconds after the first, when most of these jobs have ended.
LOOKS = ["--slurm-init-seconds-before-status-checks", "5"]
PATIENCE = 600  # seconds for whatever is waited for
FAILS_ONCE = """
from pathlib import Path
if snakemake.wildcards.part == "test" and not Path("failed").exists():
    Path("failed").touch()
    raise SystemExit(1)
"""


@dataclass(frozen=True)
class Job:
    """A job in SLURM's accounting; one that SLURM queued again is there for every try."""

    number: str
    rule: str
    state: str
    resources: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A `snakemake --profile slurm` that was started."""

    prefix: str
    process: subprocess.Popen[bytes]
    output: Path

    def rules(self) -> dict[str, str]:
        """The rules of its jobs, by their numbers."""
        told = r"submitted with SLURM jobid (\d+) \(log: .*/rule_(\w+)/"
        return dict(re.findall(told, self.output.read_text(encoding="utf-8")))

    def states(self) -> dict[str, str]:
        """The states of its jobs now, by their numbers; accounting is some seconds late."""
        lines = ask("squeue", "-h", "-t", "all", "-o", "%i %T").splitlines()
        listed = dict(line.split() for line in lines)
        return {number: listed[number] for number in self.rules() if number in listed}

    def states_of(self, checkpoint: str) -> list[str]:
        """Those of a training, the first try first."""
        rules = self.rules()
        return [state for n, state in self.states().items() if rules[n] == TRAINING[checkpoint]]

    def jobs(self) -> list[Job]:
        """Its jobs in accounting, known by their names."""
        rules = self.rules()
        columns = "JobIDRaw,JobName,State,ReqTRES"
        table = ask("sacct", "-X", "-D", "-P", "-S", "now-1hours", f"--format={columns}")
        return [
            Job(
                number=row["JobIDRaw"],
                rule=rules[row["JobIDRaw"]],
                state=row["State"].split()[0],  # not the user of "CANCELLED by 0"
                resources=dict(re.findall(r"([\w/]+)=(\w+)", row["ReqTRES"])),
            )
            for row in csv.DictReader(table.splitlines(), delimiter="|")
            if row["JobName"].startswith(f"{self.prefix}_")
        ]

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait, as long as it runs."""
        wait_for(lambda: condition() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output.read_text(encoding="utf-8")[-3000:]

    def ended(self) -> list[Job]:
        """Its jobs, once it has ended well and accounting knows of it."""
        wait_for(lambda: self.process.poll() is not None)
        assert self.process.returncode == 0, self.output.read_text(encoding="utf-8")[-3000:]
        wait_for(self.is_accounted)
        return self.jobs()

    def is_accounted(self) -> bool:
        last = {job.number: job.state for job in self.jobs()}
        return last.keys() == self.rules().keys() and self.states().items() <= last.items()


def ask(*command: str) -> str:
    """What a command of SLURM prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def change_node(node: str, state: str) -> None:
    """Take a node down or back; SLURM itself may have taken it back before (ReturnToService)."""
    command = ["scontrol", "update", f"NodeName={node}", f"State={state}", "Reason=a test"]
    subprocess.run(command, capture_output=True, check=state != "RESUME")


def is_on_node(number: str) -> bool:
    """Whether a part of a job still runs, whatever SLURM says of it."""
    command = ["pgrep", "-f", rf"slurmstepd: \[{number}\."]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@contextmanager
def running(study: Study, *targets: str) -> Iterator[Run]:
    """Start a run; in the end neither it nor a job of it is left."""
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    words = ["--configfile", "tiny.yaml", "--profile", "slurm", "--slurm-jobname-prefix", prefix]
    command = [str(BIN / "snakemake"), *targets, *words, *LOOKS]
    environment = {**os.environ, "PYTHONPATH": str(study.folder), "OMP_NUM_THREADS": "1"}
    output = study.folder / f"{prefix}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=study.folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Run(prefix, process, output)
    finally:
        process.kill()
        process.wait()
        lines = ask("squeue", "-h", "-o", "%i %j").splitlines()
        left = [line.split()[0] for line in lines if f" {prefix}_" in line]
        subprocess.run(["scancel", *left], check=False, capture_output=True)
        # SLURM without control groups does not find children of a shell that has ended before them.
        for number in processes(study):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def processes(study: Study) -> dict[int, bytes]:
    """The command lines of what runs in a study's folder, on the node or beside it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if (folder / "cwd").readlink() == study.folder:
                found[int(folder.name)] = (folder / "cmdline").read_bytes()
    return found


def trainers(study: Study, checkpoint: str) -> list[int]:
    """The processes that train a checkpoint, not the Snakemakes that have started them."""
    script = f".{TRAINING[checkpoint]}.py".encode()
    return [number for number, command in processes(study).items() if script in command]


def steps_saved(study: Study, checkpoint: str) -> int:
    """How far a training has got, by the state beside its checkpoint; 0 where there is none."""
    state = (study.folder / checkpoint).with_name(STATE)
    if not state.exists():
        return 0
    with safe_open(state, framework="pt") as file:
        return len(json.loads(file.metadata()["facts"])["progress"]["curve"])


def steps_logged(study: Study, checkpoint: str) -> list[int]:
    """The steps that a training's last try tells of in its log."""
    logs = (study.folder / RESULTS / "logs" / TRAINING[checkpoint]).rglob("*.log")
    log = max(logs, key=lambda path: path.stat().st_mtime)  # the others are those of the copy
    return [int(step) for step in re.findall(r"step (\d+) of", log.read_text(encoding="utf-8"))]


def digest_of(study: Study, checkpoint: str) -> str:
    """A checkpoint's digest, which must be that of the weights beside it."""
    assert not damage(study.folder / checkpoint)
    return str(read_json(study.folder / checkpoint)["digest"])


def cells(study: Study) -> list[dict[str, Any]]:
    """The rows of the cell table, without when and where they were computed."""
    columns = [*AXES, "metric", "value", "low", "high", "n", "key"]
    rows: list[dict[str, Any]] = read_table(study.folder / TABLE).select(columns).to_pylist()
    return sorted(rows, key=str)


@pytest.fixture(scope="module", autouse=True)
def node() -> Iterator[str]:
    """The one node, which is up again at the end, whatever has happened."""
    nodes = set(ask("sinfo", "-h", "-N", "-o", "%N").split())
    assert nodes == {socket.gethostname().partition(".")[0]}, "not a SLURM of this machine alone"
    assert not ask("squeue", "-h"), "there are other jobs, which would be lost with the node"
    (name,) = nodes
    yield name
    change_node(name, "RESUME")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study, run on this machine without SLURM. Do not change it: take a copy."""
    study = checkout(tmp_path_factory.mktemp("undisturbed") / "checkout")
    study.configure(**CONFIG)
    result = study.snakemake(TABLE, warm=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return study


def without(study: Study, folder: Path, *removed: str) -> Study:
    """A copy from which results are removed, the cell table and the cell store among them."""
    copy = study.copy(folder / "checkout")
    (copy.folder / TABLE).unlink()
    for name in ("store", *removed):
        shutil.rmtree(copy.folder / RESULTS / name)
    return copy


@dataclass(frozen=True)
class Submitted:
    """A study that SLURM has computed, from nothing."""

    study: Study
    planned: Counter[str]
    jobs: list[Job]


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    """The study again, through SLURM; one of its jobs fails at the first try."""
    study = checkout(tmp_path_factory.mktemp("submitted") / "checkout")
    study.configure(**CONFIG)
    script = study.folder / "workflow/scripts/encode_task.py"
    script.write_text(FAILS_ONCE + script.read_text(encoding="utf-8"), encoding="utf-8")
    planned = study.planned(TABLE)
    with running(study, TABLE) as run:
        return Submitted(study, planned, run.ended())


def test_every_job_of_the_plan_is_one_job_of_slurm(submitted: Submitted) -> None:
    completed = Counter(job.rule for job in submitted.jobs if job.state == "COMPLETED")
    assert set(submitted.planned) >= LOCAL_RULES
    expected = {rule: n for rule, n in submitted.planned.items() if rule not in LOCAL_RULES}
    assert completed == expected


def test_trainings_and_evaluations_are_given_a_gpu(submitted: Submitted) -> None:
    asking = {job.rule for job in submitted.jobs if job.resources.get("gres/gpu") == "1"}
    assert asking == {*TRAINING.values(), "evaluate_xnli"}


def test_a_job_that_fails_once_is_tried_again(submitted: Submitted) -> None:
    failed = [(job.rule, job.state) for job in submitted.jobs if job.state != "COMPLETED"]
    assert failed == [("encode_task", "FAILED")]
    assert (submitted.study.folder / "failed").exists()


def test_the_second_try_is_given_twice_the_memory(submitted: Submitted) -> None:
    asked = [job.resources["mem"] for job in submitted.jobs if job.rule == "encode_task"]
    first, last = (int(memory.removesuffix("M")) for memory in (asked[0], asked[-1]))
    assert last == 2 * first


def test_slurm_changes_no_score(submitted: Submitted, undisturbed: Study) -> None:
    assert cells(submitted.study) == cells(undisturbed)


def test_a_forgotten_cell_is_one_job(undisturbed: Study, tmp_path: Path) -> None:
    study = undisturbed.copy(tmp_path / "checkout")
    assert cli.main(["forget", str(study.folder / CELL)]) == 0
    with running(study, CELL) as run:
        jobs = [(job.rule, job.state) for job in run.ended()]
    assert jobs == [("evaluate_xnli", "COMPLETED")]
    assert study.snakemake(TABLE).returncode == 0
    assert cells(study) == cells(undisturbed)


@dataclass(frozen=True)
class Disturbed:
    """What was seen of a run of two trainings, of which one was cancelled and one killed."""

    study: Study
    refused: subprocess.CompletedProcess[str]
    others: list[str]  # states of the jobs of the training that was not cancelled
    saved: dict[str, int]  # steps in the state of a training when it was stopped
    jobs: list[Job]


@pytest.fixture(scope="module")
def disturbed(undisturbed: Study, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    folder = tmp_path_factory.mktemp("disturbed")
    study = without(undisturbed, folder, "intermediate", "tuned/model=nano/intermediate=none")
    with running(study, PHASE_TWO, PHASE_THREE) as run:
        run.wait_for(lambda: len(run.states()) == 2)
        refused = study.snakemake(PHASE_TWO)
        run.wait_for(lambda: all(steps_saved(study, checkpoint) for checkpoint in TRAINING))
        saved = {checkpoint: steps_saved(study, checkpoint) for checkpoint in TRAINING}
        ask("scancel", *(n for n, rule in run.rules().items() if rule == TRAINING[PHASE_TWO]))
        run.wait_for(lambda: run.states_of(PHASE_TWO) != ["RUNNING"])
        others = run.states_of(PHASE_THREE)
        (trainer,) = trainers(study, PHASE_THREE)
        os.kill(trainer, signal.SIGKILL)
        return Disturbed(study, refused, others, saved, run.ended())


def test_a_second_run_in_the_same_folder_is_refused(disturbed: Disturbed) -> None:
    assert disturbed.refused.returncode != 0
    assert "lock" in disturbed.refused.stdout + disturbed.refused.stderr


def test_a_cancelled_training_is_tried_again_and_stops_no_other(disturbed: Disturbed) -> None:
    assert disturbed.others == ["RUNNING"]
    states = [job.state for job in disturbed.jobs if job.rule == TRAINING[PHASE_TWO]]
    assert states == ["CANCELLED", "COMPLETED"]


def test_a_killed_training_is_tried_again(disturbed: Disturbed) -> None:
    states = [job.state for job in disturbed.jobs if job.rule == TRAINING[PHASE_THREE]]
    assert states == ["FAILED", "COMPLETED"]


@pytest.mark.parametrize("checkpoint", TRAINING, ids=TRAINING.get)
def test_a_training_that_is_tried_again_goes_on(disturbed: Disturbed, checkpoint: str) -> None:
    assert steps_logged(disturbed.study, checkpoint)[0] > disturbed.saved[checkpoint] > 0


@pytest.mark.parametrize("checkpoint", TRAINING, ids=TRAINING.get)
def test_a_training_that_goes_on_ends_with_the_same_weights(
    disturbed: Disturbed, undisturbed: Study, checkpoint: str
) -> None:
    assert digest_of(disturbed.study, checkpoint) == digest_of(undisturbed, checkpoint)


def test_a_second_copy_of_a_training_does_no_harm(undisturbed: Study, tmp_path: Path) -> None:
    study = without(undisturbed, tmp_path, "scores", "tuned/model=nano/intermediate=none")
    with running(study, PHASE_THREE) as first:
        first.wait_for(lambda: steps_saved(study, PHASE_THREE))
        (orphan,) = trainers(study, PHASE_THREE)
        os.kill(orphan, signal.SIGSTOP)  # until there is a second copy: it would end before
        first.process.kill()
        first.process.wait()
        assert study.snakemake("--unlock").returncode == 0
        with running(study, PHASE_THREE) as second:
            second.wait_for(lambda: len(trainers(study, PHASE_THREE)) == 2)
            assert first.states_of(PHASE_THREE) == second.states_of(PHASE_THREE) == ["RUNNING"]
            os.kill(orphan, signal.SIGCONT)
            second.ended()
            wait_for(lambda: first.states_of(PHASE_THREE) == ["COMPLETED"])
    assert digest_of(study, PHASE_THREE) == digest_of(undisturbed, PHASE_THREE)
    assert study.snakemake(TABLE).returncode == 0
    assert cells(study) == cells(undisturbed)


def test_a_training_whose_node_was_lost_goes_on(
    undisturbed: Study, tmp_path: Path, node: str
) -> None:
    study = without(undisturbed, tmp_path, "tuned/model=nano/intermediate=none")
    with running(study, PHASE_THREE) as run:
        run.wait_for(lambda: steps_saved(study, PHASE_THREE))
        saved = steps_saved(study, PHASE_THREE)
        (number,) = run.states()
        change_node(node, "DOWN")
        run.wait_for(lambda: run.states_of(PHASE_THREE) == ["PENDING"] and not is_on_node(number))
        change_node(node, "RESUME")
        # SLURM has queued it again, for a start in two minutes. Ten seconds do, but less may not:
        # its node has yet to notice that it has ended.
        ask("scontrol", "update", f"JobId={number}", "StartTime=now+10")
        assert [job.state for job in run.ended()] == ["NODE_FAIL", "COMPLETED"]
    assert steps_logged(study, PHASE_THREE)[0] > saved
    assert digest_of(study, PHASE_THREE) == digest_of(undisturbed, PHASE_THREE)
