"""Jobs: errors in one line, with or without a warm process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECK = """
from xstilts.jobs import run_job
run_job({log!r}, 1, "xstilts.tables:write_json", path=None, content={{}})
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
    assert result.stderr.strip().splitlines()[-1].startswith("xstilts.tables:write_json failed: ")
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text()


def test_a_job_that_was_interrupted_says_so_in_one_line(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(log)!r}, 1, 'builtins:exit', code='interrupted after step 3')"
    )
    result = run(program, warm=False)
    assert result.returncode == 1
    assert log.read_text() == "interrupted after step 3\n"
    assert "builtins:exit failed: interrupted after step 3" in result.stderr


@pytest.mark.parametrize("warm", [False, True])
def test_a_job_runs(tmp_path: Path, warm: bool) -> None:
    output = tmp_path / "world/checkpoint.json"
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(tmp_path / 'log')!r}, 1, 'xstilts.pretrained:fetch_model', path=None, "
        f"revision=None, world={{}}, output={str(output)!r})"
    )
    result = run(program, warm)
    assert result.returncode == 0, result.stderr
    assert output.is_file()


def test_a_request_may_be_larger_than_a_socket_message(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({log!r}, 1, 'xstilts.tables:write_json', path=None, content={{'a': 'x' * 10**6}})"
    )
    result = run(program, warm=True)
    assert "Message too long" not in result.stderr
    assert "NoneType" in Path(log).read_text()  # the function ran, and had no path to write to


def test_a_mistake_in_the_data_is_one_line(tmp_path: Path) -> None:
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(tmp_path / 'log')!r}, 1, 'xstilts.pretrained:fetch_model', path=None, "
        "revision=None, world=None, output='x')"
    )
    result = run(program, warm=False)
    assert "planted encoder exists in the embedded world only" in result.stderr
    assert "Traceback" not in result.stderr + (tmp_path / "log").read_text()


def test_the_warm_process_ends_with_the_one_that_started_it() -> None:
    command = [str(Path(sys.executable).parent / "xstilts"), "warm", "sleep", "60"]
    with subprocess.Popen(command, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while len(members(process.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)  # itself, the warm process, and sleep
        process.kill()
    while len(members(process.pid)) > 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    left = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in members(process.pid)]
    os.killpg(process.pid, signal.SIGKILL)
    assert left == ["sleep"]


def members(group: int) -> list[int]:
    """Processes of a process group."""
    result = subprocess.run(
        ["pgrep", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in result.stdout.split()]
