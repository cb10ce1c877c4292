"""Time and memory of one mixed model on grids of 1,000 to 50,000 rows, here and elsewhere.

    OMP_NUM_THREADS=1 python -m benchmarks.fit --json [--quick]

Simulated grids; crossed intercepts of six factors and two slopes, by REML. Ours is `fit_formula`
with Satterthwaite's degrees of freedom, lme4 is `lmer()` with its defaults, statsmodels is
`MixedLM` on sparse matrices by L-BFGS. Each fit has a process of its own. Seconds run from rows to
estimates, by the clock and of the processor (medians of three runs; statsmodels has one). Ratios
are of the processor's seconds, which other programs on the machine do not change. Memory is the
process's peak in GiB. The criterion is -2 restricted log-likelihood, `above_best` is how far a side
stopped from the least one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

from benchmarks.grids import frozen_grid, grid, made_up_languages, study_intermediates
from benchmarks.grids import study_languages as study
from xstilts.degradation.mixed_model import fit_formula

FIXED = "outcome ~ trained + by_cell + by_target_language + by_language"
CROSSED = (
    "language",
    "target",
    "intermediate",
    "intermediate:target",
    "language:target",
    "intermediate:target:seed",
)
SLOPES = ("language", "target")  # of `by_cell`
TIMES = ("seconds", "processor")
RUNS = {"ours": 3, "lme4": 3, "statsmodels": 1}
LARGEST, QUICK = 12_000, 4_000  # rows that statsmodels is given: 12,000 take minutes
GIB = 1 << 20  # /proc counts KiB
LMER = """
suppressPackageStartupMessages(library(lme4))
words <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(words[1])
rows$seed <- factor(rows$seed)
took <- system.time(fit <- lmer(as.formula(words[2]), rows))
peak <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
cat(jsonlite::toJSON(list(
  seconds = took[["elapsed"]], processor = took[["user.self"]] + took[["sys.self"]],
  memory = as.numeric(gsub("[^0-9]", "", peak)) / 2^20, criterion = REMLcrit(fit),
  estimate = fixef(fit)[["by_cell"]], se = sqrt(diag(as.matrix(vcov(fit))))[["by_cell"]],
  version = as.character(packageVersion("lme4"))
), auto_unbox = TRUE, digits = NA))
"""


def main() -> None:
    """Measure and print, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--quick", action="store_true", help="statsmodels on the small grids alone")
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "CSV"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        side, path = chosen.one
        print(json.dumps(fit_once(side, pd.read_csv(path, keep_default_na=False, na_values=[""]))))
        return
    results = measure(QUICK if chosen.quick else LARGEST)
    if chosen.json:
        print(json.dumps(results, indent=1))
    else:
        print_table(results)


def formula() -> str:
    """The model."""
    random = [f"(1 | {group})" for group in CROSSED] + [f"(0 + by_cell | {by})" for by in SLOPES]
    return " + ".join([FIXED, *random])


def grids() -> dict[str, pd.DataFrame]:
    """Grids by about how many rows they have; the third is the study's own."""
    few = dict(list(study().items())[:6])
    tasks = study_intermediates()
    return {
        "1,000": grid(few, tasks[:5], seeds=range(1, 4)),
        "3,000": grid(study(), tasks[:5], seeds=range(1, 4)),
        "10,000": frozen_grid(),
        "50,000": grid(made_up_languages(24, 120, 60), tasks, seeds=range(1, 9)),
    }


def measure(largest: int) -> dict[str, Any]:
    """What each side takes on each grid, and how far it ends from the best."""
    by_grid = {name: measure_grid(rows, largest) for name, rows in grids().items()}
    return {
        "model": formula(),
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "versions": {name: version(name) for name in ("mixedlm", "statsmodels")},
        "grids": by_grid,
    }


def measure_grid(rows: pd.DataFrame, largest: int) -> dict[str, Any]:
    """All sides on one grid."""
    sides: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.csv"
        rows.to_csv(path, index=False)
        for side in RUNS:
            print(f"{len(rows)} rows: {side}", file=sys.stderr)
            why = cannot(side, len(rows), largest)
            sides[side] = {"skipped": why} if why else median_of(side, path)
    fits = [fit for fit in sides.values() if "skipped" not in fit]
    best = min(fit["criterion"] for fit in fits)
    for fit in fits:
        fit["above_best"] = fit["criterion"] - best
        fit["times_ours"] = fit["processor"] / sides["ours"]["processor"]
    return {"rows": len(rows), "groups": groups(rows), "sides": sides}


def groups(rows: pd.DataFrame) -> dict[str, int]:
    """How many levels each factor has."""
    return {name: int(rows.groupby(name.split(":")).ngroups) for name in CROSSED}


def cannot(side: str, rows: int, largest: int) -> str:
    """Why a side is not measured; nothing if it is."""
    if side == "lme4":
        if shutil.which("Rscript") is None:
            return "Rscript is not installed"
        needed = "for (name in c('lme4', 'jsonlite')) loadNamespace(name)"
        missing = subprocess.run(["Rscript", "-e", needed], capture_output=True).returncode
        return "R lacks lme4 or jsonlite" if missing else ""
    return f"more than {largest:,} rows" if side == "statsmodels" and rows > largest else ""


def median_of(side: str, path: Path) -> dict[str, Any]:
    """Seconds of the median run, the largest memory, and what the fit found."""
    runs = [in_process(side, path) for _ in range(RUNS[side])]
    return {
        **runs[0],
        **{name: statistics.median(run[name] for run in runs) for name in TIMES},
        "runs": [[run[name] for name in TIMES] for run in runs],
        "memory": max(run["memory"] for run in runs),
    }


def in_process(side: str, path: Path) -> dict[str, Any]:
    """One fit in a process of its own."""
    command = (
        ["Rscript", "-e", LMER, str(path), formula()]
        if side == "lme4"
        else [sys.executable, "-m", "benchmarks.fit", "--one", side, str(path)]
    )
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{side}: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def fit_once(side: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Seconds and GiB of a fit in this process, its criterion and the slope of `by_cell`."""
    start, busy = time.perf_counter(), time.process_time()
    estimates = (ours if side == "ours" else theirs)(rows)
    spent = {"seconds": time.perf_counter() - start, "processor": time.process_time() - busy}
    return {**spent, "memory": peak(), **estimates}


def peak() -> float:
    """The most GiB so far; getrusage would count what the parent held before it started this."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / GIB


def ours(rows: pd.DataFrame) -> dict[str, Any]:
    """The fit of this project."""
    fit = fit_formula(formula(), rows)
    slope = fit.estimate("by_cell")
    return {
        "criterion": fit.neg2loglik,
        "estimate": slope["estimate"],
        "se": slope["se"],
        "converged": fit.converged,
    }


def theirs(rows: pd.DataFrame) -> dict[str, Any]:
    """The fit of statsmodels: one group of all rows, in which every factor is a component."""
    frame = rows.assign(everything=1)
    components = {}
    for at, group in enumerate(CROSSED):
        frame[f"g{at}"] = rows.groupby(group.split(":")).ngroup()
        components[group] = f"0 + C(g{at})"
    for group in SLOPES:
        components[f"{group}, by_cell"] = f"0 + C(g{CROSSED.index(group)}):by_cell"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Hessian and boundary; `converged` is reported
        model = smf.mixedlm(
            FIXED,
            frame,
            groups="everything",
            re_formula="0",
            vc_formula=components,
            use_sparse=True,
        )
        fit = model.fit(method="lbfgs")
    return {
        "criterion": -2 * float(fit.llf),
        "estimate": float(fit.params["by_cell"]),
        "se": float(fit.bse["by_cell"]),
        "converged": bool(fit.converged),
        # in the model's own order, which is not that of the formula
        "variances": dict(zip(model.exog_vc.names, np.asarray(fit.vcomp).tolist(), strict=True)),
    }


def print_table(results: dict[str, Any]) -> None:
    """A line for each grid and side."""
    print(f"{'rows':>7s}  {'':11s} {'CPU s':>8s} {'x ours':>7s} {'GiB':>5s} {'above best':>11s}")
    for result in results["grids"].values():
        for side, fit in result["sides"].items():
            words = fit.get("skipped") or (
                f"{fit['processor']:8.2f} {fit['times_ours']:7.1f} {fit['memory']:5.2f} "
                f"{fit['above_best']:11.2g}"
            )
            print(f"{result['rows']:7d}  {side:11s} {words}")


if __name__ == "__main__":
    main()
