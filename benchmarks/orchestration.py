"""What orchestration costs: a cell's share of a run, the plan of a grid, the choice of a job.

    python -m benchmarks.orchestration --json [--slurm] [--quick]

`local` and `slurm`: trivial cells in 25 languages per target, with one job per cell (naive) and one
per checkpoint and target (chosen), both through the cell store; in `load`, jobs load a checkpoint
first. Seconds are those of the whole run, by the clock and of the processor, divided by its cells.
They are of Snakemake and all that it starts; through SLURM, of Snakemake and the jobs as sacct
counts them, without SLURM's daemons. `plan`: dry runs of the project's workflow (the median run).
`schedulers`: real runs of trivial jobs. MB are those of the largest process.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from xstilts.evaluation.cells import SCHEMAS, SCORES_FILE, cell_store
from xstilts.io.hashing import digest
from xstilts.io.tables import rows_table, write_table

Took = dict[str, Any]
Axes = dict[str, list[str]]
ROOT, BIN = Path(__file__).parents[1], Path(sys.executable).parent
RESULT = ROOT / "docs/performance/orchestration.json"
CELLS, QUICK = (100, 400, 2000), (20, 40)
# Models, intermediates, seeds, runs: about so many cells. The study is one model at three seeds.
GRIDS = {"1k": (1, 5, 1, 3), "10k": (1, 10, 5, 3), "100k": (14, 9, 4, 1)}
CELL = f"scores/target=udpos/model=m0/intermediate=none/seed=0/language=de/{SCORES_FILE}"
JOBS, LIMIT = 2000, 240  # of schedulers: jobs, and seconds that one may take
# Seconds that a side may take. A side that is stopped then shows a bound: its share is that of the
# cells that it has.
PATIENCE = 2100
POLL = 5  # seconds to the first query of SLURM's jobs; the profile's 20 are for longer ones
TIMES, SIDES = ("wall", "cpu"), ("chosen", "naive")
EVALUATE = """
CELL = "cells/target={target}/seed={seed}/language={language}/scores.parquet"
AXES = config["axes"]
TOGETHER = {"naive": ["{language}"], "chosen": AXES["language"]}[config["side"]]
rule all:
    input: expand(CELL, **AXES)
for target in AXES["target"]:
    rule:
        name: f"evaluate_{target}"
        output: [CELL.format(target=target, seed="{seed}", language=each) for each in TOGETHER]
        log: f"logs/{target}/{{seed}}/" + {"naive": "{language}", "chosen": "all"}[config["side"]]
        params: manifest=config["manifest"]
        script: "job.py"
"""
SCRIPT = """
from xstilts.jobs import run_job
words = {"outputs": list(snakemake.output), "manifest": snakemake.params.manifest}
run_job(snakemake.log[0], 1, "benchmarks.orchestration:write_cells", **words)
"""
TRIVIAL = """
rule all:
    input: expand("done/{number}", number=range(config["jobs"]))
rule one:
    output: "done/{number}"
    shell: "echo > {output}"
"""
NANO = """
import sys; from pathlib import Path
from xstilts.data.pretrained import fetch_model
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano
folder = Path(sys.argv[1]).parent / "nano"
write_nano(World(), folder)
fetch_model(path=str(folder), revision="main", checkpoint=sys.argv[1])
"""


def write_cells(*, outputs: list[str], manifest: str) -> None:
    """What a job does here: load a checkpoint, if there is one, and write its cells."""
    if manifest:
        from xstilts.checkpoint.network import (
            load,  # imports torch, for which no other job shall pay
        )

        load(Path(manifest))
    cells = cell_store(Path("store"))
    for output in outputs:
        key = digest(output)
        if not cells.holds(key):
            cells.add(key, partial(_write_cell, key=key))
        cells.link(key, Path(output))


def _write_cell(folder: Path, key: str) -> None:
    for name, form in SCHEMAS.items():
        write_table(folder / name, rows_table([{"key": key, "id": key}], form))


def main() -> None:
    """Measure and print; with --json, keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help=f"merge into {RESULT.name}")
    parser.add_argument("--slurm", action="store_true", help="the part that needs SLURM, alone")
    parser.add_argument("--quick", action="store_true", help="small sizes, of which none is kept")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="default: all but slurm")
    parser.add_argument("--cells", nargs="+", type=int, help="of local, load and slurm")
    chosen = parser.parse_args()
    sizes = chosen.cells or (QUICK if chosen.quick else CELLS)
    local = [name for name in PARTS if name != "slurm"]
    for name in chosen.parts or (["slurm"] if chosen.slurm else local):
        for place, took in PARTS[name](sizes, chosen.quick):
            print(name, place, json.dumps(took, indent=1), flush=True)
            if chosen.json and not chosen.quick:
                keep(RESULT, name, place, took)


def keep(result: Path, part: str, place: str, took: Took) -> None:
    """Add a measurement to those of a part; the newest of its name stays."""
    results = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {}
    versions = {name: version(name) for name in ("snakemake", "snakemake-executor-plugin-slurm")}
    results["machine"] = {"cores": os.cpu_count(), **versions}
    results.setdefault(part, {}).setdefault(place, {}).update(took)
    result.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measured(command: Sequence[Any]) -> tuple[Took, str]:
    """What a command and all that it starts take, and its output; `timeout` may end it."""
    load, began, words = os.getloadavg()[0], time.perf_counter(), [str(word) for word in command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=file, stderr=file)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        file.seek(0)
        text = file.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 124, 137):  # the others are timeout's
        raise RuntimeError(f"{' '.join(words)}\n{text[-3000:]}")
    took = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "user": used.ru_utime}
    return {**took, "memory": used.ru_maxrss / 1024, "load_average": load}, text


def snakemake(folder: Path, workflow: str, config: Mapping[str, Any], *words: Any) -> list[Any]:
    """Write a workflow into a folder; the command that runs it there."""
    (folder / "Snakefile").write_text(workflow, encoding="utf-8")
    (folder / "job.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    place = ["--snakefile", folder / "Snakefile", "--directory", folder, "--quiet", "all"]
    return [BIN / "snakemake", *place, "--configfile", folder / "config.json", *words]


def limited(seconds: float, command: Sequence[Any]) -> list[Any]:
    """The command, interrupted as by Ctrl-C after some seconds, and killed if that is no use."""
    return ["timeout", "--foreground", "--signal=INT", "--kill-after=60", seconds, *command]


def axes(cells: int, languages: int, targets: int = 4) -> Axes:
    """Targets and languages, and as many seeds (checkpoints) as make so many cells of them."""
    sizes = {"target": targets, "language": languages, "seed": cells // (languages * targets)}
    return {axis: [f"{axis}{at}" for at in range(size)] for axis, size in sizes.items()}


def run_side(side: str, folder: Path, grid: Axes, slurm: bool = False, manifest: str = "") -> Took:
    """Run one side in an empty folder: what it took, in total and per cell."""
    name, since = f"bench-{side}-{os.getpid()}", time.strftime("%Y-%m-%dT%H:%M:%S")
    words: list[Any] = ["--profile", ROOT / "local", "--cores", 2]
    if slurm:
        words = ["--profile", ROOT / "slurm", "--slurm-jobname-prefix", name]
        words += ["--slurm-init-seconds-before-status-checks", POLL]
    config = {"axes": grid, "side": side, "manifest": manifest}
    took = measured(limited(PATIENCE, snakemake(folder, EVALUATE, config, *words)))[0]
    took["jobs"] = sum(file.is_file() for file in folder.glob("logs/**/*"))
    took["cells"] = len([*folder.glob(f"cells/**/{SCORES_FILE}")])
    took["stopped"] = took["cells"] < math.prod(map(len, grid.values()))
    if slurm:
        took |= {"main": took["cpu"], "poll": POLL, **accounted(name, since, took["jobs"])}
        took["cpu"] = took["main"] + took["used"]
    return took | per_cell(took)


def per_cell(took: Took) -> Took:
    """A cell's share of a run."""
    if not took["cells"]:
        raise RuntimeError(f"stopped after {took['wall']:.0f} s, before its first cell")
    return {f"{name}_per_cell": took[name] / took["cells"] for name in TIMES}


def ratios(sides: Mapping[str, Took]) -> Took:
    """How many times as much a cell takes with a job of its own."""
    shares = {name: f"{name}_per_cell" for name in TIMES}
    return {name: sides["naive"][at] / sides["chosen"][at] for name, at in shares.items()}


def accounted(name: str, since: str, jobs: int) -> Took:
    """Processor seconds that SLURM's jobs of a name used, and those that they had allocated."""
    # Without -X, which leaves out the steps and with them all that was used.
    words = ["sacct", "-n", "-P", "-S", since, "-o", "JobName,State,TotalCPU,CPUTimeRAW"]
    for _ in range(60):  # accounts come a little late
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        rows = [line.split("|") for line in text.splitlines() if line.startswith(name)]
        if sum(row[1] == "COMPLETED" for row in rows) >= jobs:
            break
        time.sleep(1)
    used = sum(seconds(row[2]) for row in rows)
    return {"slurm_jobs": len(rows), "used": used, "allocated": sum(int(row[3]) for row in rows)}


def seconds(text: str) -> float:
    """Seconds of a time as sacct writes it, [days-][hours:]minutes:seconds."""
    days, _, clock = text.rpartition("-")
    parts = [int(days or 0) * 24.0, *map(float, ["0", *clock.split(":")][-3:])]
    return ((parts[0] + parts[1]) * 60 + parts[2]) * 60 + parts[3]


def overhead(sizes: Sequence[int], quick: bool, where: str) -> Iterator[tuple[str, Took]]:
    """Both sides at every size, each as soon as it is measured; a load only at the first size."""
    for cells in sizes[:1] if where == "load" else sizes:
        sides: dict[str, Took] = {}
        for side in SIDES:
            with tempfile.TemporaryDirectory() as name:
                manifest = f"{name}/pretrained.json" if where == "load" else ""
                if manifest:
                    measured([sys.executable, "-c", NANO, manifest])
                grid = axes(cells, 5 if quick else 25)
                sides[side] = run_side(side, Path(name), grid, where == "slurm", manifest)
            yield str(cells), {side: sides[side]}
        yield str(cells), {"naive_over_chosen": ratios(sides)}


def plan(sizes: Sequence[int], quick: bool) -> Iterator[tuple[str, Took]]:
    """Dry runs of the study's workflow, at the end one for one cell."""
    names = list(GRIDS)[: 1 if quick else None]
    for name in names:
        yield name, plan_grid(*GRIDS[name])
    yield f"{names[-1]}, one cell", plan_grid(*GRIDS[names[-1]], CELL)


def plan_grid(models: int, intermediates: int, seeds: int, runs: int, cell: str = "") -> Took:
    """The median dry run of a grid: what it took, how many cells and jobs it has."""
    from xstilts.config import read_config  # and much else, for which no job shall pay

    tasks = [
        *yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["intermediates"],
        "mnli-mlm",
    ]
    row = {"path": "org/model", "layer": 14, "revision": 40 * "a"}
    table = {f"m{at}": row for at in range(models)}
    config = {"models": [*table], "model_table": table, "intermediates": tasks[:intermediates]}
    with tempfile.TemporaryDirectory() as name:
        results, file = f"{name}/results", Path(name) / "config.json"
        more = {"seeds": [*range(seeds)], "results": results, "allow_unlocked": True}
        file.write_text(json.dumps(config | more), encoding="utf-8")
        cells = sum(1 for _ in read_config(file)[1].cells())
        words = ["--profile", "local", "--configfile", file, "-n", "--quiet", "all", "rules"]
        command = [BIN / "snakemake", *words, *(["--", f"{results}/{cell}"] if cell else [])]
        done = sorted((measured(command) for _ in range(runs)), key=lambda run: run[0]["wall"])
    took, text = done[runs // 2]
    walls, jobs = [run["wall"] for run, _ in done], re.findall(r"^total +(\d+)$", text, re.M)
    return {**took, "walls": walls, "cells": cells, "jobs": int(jobs[0])}


def schedulers(sizes: Sequence[int], quick: bool) -> Iterator[tuple[str, Took]]:
    """Real runs of trivial jobs, as far as each scheduler comes."""
    config = {"jobs": 40 if quick else JOBS}
    for name in ("greedy", "ilp"):
        words = ["--profile", ROOT / "local", "--cores", 2, "--scheduler", name]
        with tempfile.TemporaryDirectory() as folder:
            command = snakemake(Path(folder), TRIVIAL, config, *words)
            took = measured(limited(LIMIT, command))[0]
            done = len([*Path(folder).glob("done/*")])
        yield name, {**took, **config, "done": done, "wall_per_job": took["wall"] / done}


PARTS: dict[str, Callable[[Sequence[int], bool], Iterator[tuple[str, Took]]]] = {
    **{where: partial(overhead, where=where) for where in ("local", "load", "slurm")},
    "plan": plan,
    "schedulers": schedulers,
}


if __name__ == "__main__":
    main()
