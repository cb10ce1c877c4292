"""Jobs: errors in one line, with or without a warm process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.invented import invented
from helpers.study import SMALL

from xstilts.errors import InputError
from xstilts.jobs import check_interpreter

pytestmark = pytest.mark.slow

CHECK = """
from xstilts.jobs import run_job
run_job({log!r}, 1, "xstilts.io.tables:write_json", path=None, content={{}})
"""


def run(program: str, warm: bool) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    if warm:
        command = [str(Path(sys.executable).parent / "xstilts"), "warm", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("warm", [False, True])
def test_a_failing_job_says_so_in_one_line_and_keeps_its_log(tmp_path: Path, warm: bool) -> None:
    log = tmp_path / "logs/job.log"
    result = run(CHECK.format(log=str(log)), warm)
    assert result.returncode == 1
    assert (
        result.stderr.strip().splitlines()[-1].startswith("xstilts.io.tables:write_json failed: ")
    )
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_a_job_that_was_interrupted_says_so_in_one_line(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(log)!r}, 1, 'builtins:exit', code='interrupted after step 3')"
    )
    result = run(program, warm=False)
    assert result.returncode == 1
    assert log.read_text(encoding="utf-8") == "interrupted after step 3\n"
    assert "builtins:exit failed: interrupted after step 3" in result.stderr


@pytest.mark.parametrize("warm", [False, True])
def test_a_job_runs(tmp_path: Path, warm: bool) -> None:
    output, nano = tmp_path / "nano/checkpoint.json", str(invented(SMALL) / "nano")
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(tmp_path / 'log')!r}, 1, 'xstilts.data.pretrained:fetch_model', "
        f"path={nano!r}, revision=None, checkpoint={str(output)!r})"
    )
    result = run(program, warm)
    assert result.returncode == 0, result.stderr
    assert output.is_file()


def test_a_request_may_be_larger_than_a_socket_message(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({log!r}, 1, 'xstilts.io.tables:write_json', "
        "path=None, content={'a': 'x' * 10**6})"
    )
    result = run(program, warm=True)
    assert "Message too long" not in result.stderr
    assert "NoneType" in Path(log).read_text(
        encoding="utf-8"
    )  # the function ran, and had no path to write to


def test_a_mistake_in_the_data_is_one_line(tmp_path: Path) -> None:
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(tmp_path / 'log')!r}, 1, 'xstilts.data.pretrained:fetch_model', "
        f"path={str(tmp_path)!r}, revision=None, checkpoint='x')"
    )
    result = run(program, warm=False)
    assert f"{tmp_path}: no safetensors weights" in result.stderr
    assert "Traceback" not in result.stderr + (tmp_path / "log").read_text(encoding="utf-8")


def test_the_warm_process_ends_with_the_one_that_started_it() -> None:
    command = [str(Path(sys.executable).parent / "xstilts"), "warm", "sleep", "60"]
    with subprocess.Popen(command, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while len(members(process.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)  # itself, the warm process, and sleep
        process.kill()
    while len(members(process.pid)) > 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    left = [
        Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        for pid in members(process.pid)
    ]
    os.killpg(process.pid, signal.SIGKILL)
    assert left == ["sleep"]


def members(group: int) -> list[int]:
    """Processes of a process group."""
    result = subprocess.run(
        ["pgrep", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in result.stdout.split()]


def test_a_warm_command_without_a_socket_runs_cold(tmp_path: Path) -> None:
    """A socket's address holds 108 characters; a cluster's TMPDIR may be longer."""
    folder = tmp_path / ("scratch-of-a-job-" * 6) / "tmp"
    folder.mkdir(parents=True)
    result = subprocess.run(
        [str(Path(sys.executable).parent / "xstilts"), "warm", "sh", "-c", "echo ran; exit 3"],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.returncode) == ("ran\n", 3)
    assert result.stderr.startswith("xstilts: each job imports for itself: ")
    assert result.stderr.count("\n") == 1


WARN = """
import logging, sys
from xstilts.jobs import run_job
sys.modules["told"] = told = type(sys)("told")
told.tell = lambda: (logging.info("fine"), logging.warning("3 rows guessed"))
run_job({log!r}, 1, "told:tell")
"""


def test_a_jobs_warnings_are_seen_on_the_terminal(tmp_path: Path) -> None:
    result = run(WARN.format(log=str(tmp_path / "log")), warm=False)
    assert result.stderr == "told:tell: warning: 3 rows guessed\n"
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "INFO fine" in log and "WARNING 3 rows guessed" in log


@pytest.mark.parametrize(
    "path", ["/home/me/My Drive/bin/python", "/a(b)/python", "/o'brien/python"]
)
def test_a_path_that_the_shell_of_jobs_would_break_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="holds a character that the shell"):
        check_interpreter(path)
    check_interpreter("/home/m\u00fcller/x-1.0_y/.venv/bin/python")
