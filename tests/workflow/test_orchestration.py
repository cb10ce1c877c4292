"""The benchmark of orchestration: both ways make the same cells, and its sums are right."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks import orchestration
from benchmarks.orchestration import CELL
from xstilts.config import read_config
from xstilts.evaluation.cells import SCORES_FILE
from xstilts.io.tables import read_table

pytestmark = pytest.mark.slow


def cells_of(folder: Path) -> dict[str, str]:
    """What each declared cell holds, by its place."""
    return {
        str(file.relative_to(folder)): read_table(file)["key"][0].as_py()
        for file in folder.glob(f"cells/**/{SCORES_FILE}")
    }


def test_both_sides_make_the_same_cells_in_as_many_jobs_as_they_say(tmp_path: Path) -> None:
    grid = orchestration.axes(6, languages=3, targets=2)
    assert {name: len(values) for name, values in grid.items()} == {
        "target": 2,
        "language": 3,
        "seed": 1,
    }
    took, found = {}, {}
    for side in orchestration.SIDES:
        folder = tmp_path / side
        folder.mkdir()
        took[side], found[side] = orchestration.run_side(side, folder, grid), cells_of(folder)
    assert found["naive"] == found["chosen"]
    assert not took["naive"]["stopped"] and not took["chosen"]["stopped"]
    assert len(set(found["chosen"].values())) == 6
    assert {side: each["jobs"] for side, each in took.items()} == {"chosen": 2, "naive": 6}
    for each in took.values():
        assert each["cells"] == 6
        assert each["wall_per_cell"] == pytest.approx(each["wall"] / 6)
        assert 0 < each["user"] < each["cpu"]


def test_a_command_is_interrupted_when_its_time_is_up() -> None:
    took, _ = orchestration.measured(orchestration.limited(1, ["sleep", "600"]))
    assert 1 <= took["wall"] < 120


def test_a_cells_share_and_the_ratio_are_as_by_hand() -> None:
    """100 cells: 30 s and 45 CPU s with a job each, 4 s and 3 CPU s with one for 25."""
    sides = {
        "naive": orchestration.per_cell({"wall": 30.0, "cpu": 45.0, "cells": 100}),
        "chosen": orchestration.per_cell({"wall": 4.0, "cpu": 3.0, "cells": 100}),
    }
    assert sides["naive"] == pytest.approx({"wall_per_cell": 0.3, "cpu_per_cell": 0.45})
    assert sides["chosen"] == pytest.approx({"wall_per_cell": 0.04, "cpu_per_cell": 0.03})
    assert orchestration.ratios(sides) == pytest.approx({"wall": 7.5, "cpu": 15.0})


def test_processor_seconds_count_children(tmp_path: Path) -> None:
    script = tmp_path / "busy.sh"
    script.write_text(
        "for i in 1 2; do (i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done); done",
        encoding="utf-8",
    )
    took, _ = orchestration.measured(["bash", script])
    assert took["cpu"] > took["wall"] / 20  # the shell itself only waits
    with pytest.raises(RuntimeError, match="no-such"):
        orchestration.measured(["bash", "-c", "echo no-such; exit 3"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:02.345", 2.345), ("01:30.500", 90.5), ("02:00:01", 7201), ("1-00:00:03", 86403)],
)
def test_times_of_accounts_are_read(text: str, expected: float) -> None:
    assert orchestration.seconds(text) == pytest.approx(expected)


def test_accounts_of_a_runs_jobs_are_summed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        "bench-naive-7_a|COMPLETED|00:02.500|4",
        "bench-naive-7_a|COMPLETED|00:01.500|3",
        "bench-chosen-7_b|COMPLETED|01:00.000|90",
    ]
    (tmp_path / "sacct").write_text(
        "#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows), encoding="utf-8"
    )
    (tmp_path / "sacct").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = orchestration.accounted("bench-naive-7", "2026-01-01", 2)
    assert found == {"slurm_jobs": 2, "used": 4.0, "allocated": 7}


def test_parts_that_run_separately_are_kept_together(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    measurements: list[tuple[str, str, dict[str, Any]]] = [
        ("local", "100", {"chosen": {"wall": 1}}),
        ("local", "100", {"naive": {"wall": 9}}),
        ("slurm", "100", {"chosen": {"wall": 2}}),
        ("local", "100", {"chosen": {"wall": 3}}),
    ]
    for part, place, took in measurements:
        orchestration.keep(file, part, place, took)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["local"] == {"100": {"chosen": {"wall": 3}, "naive": {"wall": 9}}}
    assert found["slurm"] == {"100": {"chosen": {"wall": 2}}}
    assert found["machine"]["snakemake"]


def test_a_plan_is_of_the_projects_own_workflow() -> None:
    found = orchestration.plan_grid(models=2, intermediates=1, seeds=1, runs=1, cell=CELL)
    languages = read_config()[1].languages.values()
    assert found["cells"] == 2 * sum(map(len, languages))
    # fetch and encode the task's two parts, fetch the model, tune, evaluate
    assert found["jobs"] == 7
    assert found["memory"] > 100
