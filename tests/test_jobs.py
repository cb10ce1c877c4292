"""Jobs: errors in one line, with or without a warm process."""

from __future__ import annotations

import subprocess
import sys
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


def test_a_mistake_in_the_data_is_one_line(tmp_path: Path) -> None:
    program = (
        "from xstilts.jobs import run_job\n"
        f"run_job({str(tmp_path / 'log')!r}, 1, 'xstilts.pretrained:fetch_model', path=None, "
        "revision=None, world=None, output='x')"
    )
    result = run(program, warm=False)
    assert "planted encoder exists in the embedded world only" in result.stderr
    assert "Traceback" not in result.stderr + (tmp_path / "log").read_text()
