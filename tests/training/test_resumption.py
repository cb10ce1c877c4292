"""A training that was interrupted goes on, and ends with the weights of one that was not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.invented import fetch_nano
from helpers.trainings import SETTINGS, WORLD, encoded_parts, finetune

from xstilts.io.tables import read_json
from xstilts.training import loop
from xstilts.training import phases as training

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return encoded_parts(tmp_path_factory.mktemp("parts"))


class Cut(Exception):
    """What the tests end a training with."""


def cut(patch: pytest.MonkeyPatch, at: int) -> None:
    """From here on a training keeps its state before its step `at`, from 0, and ends there."""
    honest, steps = loop.Fit._step, iter(range(100))

    def step(self: Any, number: int) -> None:
        if next(steps) == at:
            self.keep(*self.state())
            raise Cut
        honest(self, number)

    patch.setattr(loop.Fit, "_step", step)


@pytest.mark.parametrize("at", [1, 7, 13])
def test_an_interrupted_training_ends_with_the_same_weights_bit_for_bit(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Killed after a step checkpoint, in the first or the second fit of a chain."""
    words: dict[str, Any] = {"max_steps": 10, "evaluate_every": 3, "freeze_embeddings": False}
    finetune(parts, ["siqa", "copa"], tmp_path / "whole/c.json", **words)
    with monkeypatch.context() as patch:
        cut(patch, at)
        with pytest.raises(Cut):
            finetune(parts, ["siqa", "copa"], tmp_path / "cut/c.json", **words)
    finetune(parts, ["siqa", "copa"], tmp_path / "cut/c.json", **words)
    one, two = ((tmp_path / name / "c.json").read_bytes() for name in ("whole", "cut"))
    assert one == two  # the manifest holds the digest of the weights
    assert not (tmp_path / "cut" / training.STATE).exists()


def test_an_interrupted_training_of_tasks_and_texts_ends_with_the_same_weights(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several heads, of which some have not been trained yet, masks drawn, and adapters."""
    row = str(tmp_path / "nano/checkpoint.json")
    fetch_nano(WORLD, Path(row), lora=4)

    def mixed(parent: str, output: Path) -> bytes:
        both = [parts["mnli"], parts["ccg"]]
        training.train(
            parent=parent,
            phase="intermediate",
            fits=[{"parts": both, "dev": both, "corpus": [parts["wikipedia"]]}],
            seed=1,
            settings={**SETTINGS, "freeze_embeddings": False, "max_steps": 8},
            save_minutes=10,
            store=None,
            code="",
            checkpoint=str(output),
        )
        return output.read_bytes()

    for parent in (parts["nano"], row):
        whole = mixed(parent, tmp_path / "whole/c.json")
        for at in (1, 4):
            with monkeypatch.context() as patch:
                cut(patch, at)
                with pytest.raises(Cut):
                    mixed(parent, tmp_path / "cut/c.json")
            assert mixed(parent, tmp_path / "cut/c.json") == whole


def test_a_state_of_another_training_is_not_gone_on_from(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cut(patch, 0)
        with pytest.raises(Cut):
            finetune(parts, ["udpos"], tmp_path / "a/c.json", max_steps=3)
    adapted = {**parts, "nano": str(tmp_path / "nano/checkpoint.json")}
    fetch_nano(WORLD, Path(adapted["nano"]), lora=4)
    for row, rate in ((parts, 1e-3), (adapted, 3e-3)):
        shutil.copy(tmp_path / "a" / training.STATE, tmp_path / "state")
        for run in ("a", "b"):
            finetune(row, ["udpos"], tmp_path / run / "c.json", max_steps=3, learning_rate=rate)
        assert (tmp_path / "a/c.json").read_bytes() == (tmp_path / "b/c.json").read_bytes()
        shutil.copy(tmp_path / "state", tmp_path / "a" / training.STATE)


def test_a_damaged_state_is_not_gone_on_from(parts: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / training.STATE).write_bytes(b"cut off")
    finetune(parts, ["udpos"], tmp_path / "c.json", max_steps=2)
    assert read_json(tmp_path / "c.json")["steps"] == 2


def test_sigterm_writes_a_state_and_ends_the_process_and_a_retry_goes_on(
    parts: dict[str, str], tmp_path: Path
) -> None:
    """A real process, ended as SLURM ends one; its retry goes on to the same weights."""
    request = {"parts": parts, "settings": {**SETTINGS, "max_steps": 300}}
    script = (
        "import json, logging, sys; from xstilts.training.phases import train; "
        "logging.basicConfig(level=logging.INFO); "
        "r = json.load(open(sys.argv[1])); "
        "part = [r['parts']['udpos']]; fits = [{'parts': part, 'dev': part, 'corpus': []}]; "
        "train(parent=r['parts']['nano'], phase='finetuning', fits=fits, seed=1, "
        "settings=r['settings'], code='', save_minutes=10, store=None, checkpoint=sys.argv[2])"
    )
    (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")
    output = tmp_path / "killed/c.json"
    output.parent.mkdir()
    command = [sys.executable, "-c", script, str(tmp_path / "request.json"), str(output)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
        while "step 30 of 300" not in (tmp_path / "log").read_text(encoding="utf-8"):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        assert process.wait(60) == 1
    assert "interrupted after step" in (tmp_path / "log").read_text(encoding="utf-8")
    assert (output.parent / training.STATE).exists()
    assert not output.exists()
    subprocess.run(command, check=True, env=environment, capture_output=True)
    finetune(parts, ["udpos"], tmp_path / "whole/c.json", max_steps=300)
    assert output.read_bytes() == (tmp_path / "whole/c.json").read_bytes()


def test_a_training_in_a_warm_process_is_kept_when_who_asked_for_it_is_killed(
    parts: dict[str, str], tmp_path: Path
) -> None:
    """As when Snakemake is interrupted: the script ends, and its fork of the warm process saves."""
    arguments = {
        "parent": parts["nano"],
        "phase": "finetuning",
        "fits": [{"parts": [parts["udpos"]], "dev": [parts["udpos"]], "corpus": []}],
        "seed": 1,
        "settings": {**SETTINGS, "max_steps": 3000},
        "save_minutes": 10,
        "store": None,
        "code": "",
        "checkpoint": str(tmp_path / "c.json"),
    }
    log = tmp_path / "log"
    script = (
        f"import json; from xstilts.jobs import run_job; run_job({str(log)!r}, 1, "
        f"'xstilts.training.phases:train', **json.loads({json.dumps(arguments)!r}))"
    )
    command = [str(Path(sys.executable).parent / "xstilts"), "warm", sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as warm:
        while not log.exists() or "step 150 of 3000" not in log.read_text(encoding="utf-8"):
            assert warm.poll() is None
            time.sleep(0.05)
        pattern = f"^{sys.executable} -c import json.*{log}"  # the script, not what it forked from
        found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=True)
        for process in found.stdout.split():
            os.kill(int(process), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while not (tmp_path / training.STATE).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    assert (tmp_path / training.STATE).exists()
    assert "interrupted after step" in log.read_text(encoding="utf-8")
