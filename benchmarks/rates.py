r"""How long do jobs take on this machine? Rates for xstilts/planning/rates.csv, from finished runs.

    for more in rates rates-long; do
      xstilts warm snakemake --profile local --until measure_similarity collect_cells \
        --configfile config/demo.yaml benchmarks/$more.yaml
    done
    python -m benchmarks.rates --device cpu --model nano \
      --run config/demo.yaml benchmarks/rates.yaml --run config/demo.yaml benchmarks/rates-long.yaml

prints one row per rule: the non-negative least squares fit of the seconds of its jobs on one, their
units and their tokens, with the share of their spread that it explains.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from xstilts.config import read_config
from xstilts.encoder.size import model_size
from xstilts.planning.actual import spent
from xstilts.planning.rates import ANY
from xstilts.planning.stages import ON_GPU
from xstilts.planning.work import Planner

COLUMNS = ("device", "model", "body", "rule", "start", "unit", "learned", "read", "source")


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--device", required=True)
    parser.add_argument("--model", required=True, help="the model of the runs")
    parser.add_argument("--run", type=Path, nargs="+", action="append", help="a run's configs")
    chosen = parser.parse_args()
    jobs = pd.concat([finished(files) for files in chosen.run])
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    table.writeheader()
    _, grid = read_config(*chosen.run[0])
    body = model_size(grid.models[chosen.model]).body
    for row in fitted(jobs, chosen.model, body):
        table.writerow({"device": chosen.device, **row})


def finished(files: Iterable[Path]) -> pd.DataFrame:
    """Rule, units, tokens and seconds of every finished job of a run."""
    config, grid = read_config(*files)
    rows = [vars(work) for work in Planner(config, grid).jobs()]
    return pd.DataFrame(rows).merge(
        spent(Path(config["results"])), left_on="place", right_index=True
    )


def fitted(jobs: pd.DataFrame, model: str, body: int) -> Iterator[dict[str, Any]]:
    """One row per rule; tokens per second are empty where tokens take no time."""
    for rule, rows in jobs.groupby("rule", sort=False):
        matrix = np.column_stack([np.ones(len(rows)), rows[["units", "learned", "read"]]])
        scale = np.maximum(matrix.max(axis=0), 1e-9)
        scaled_rates, _ = nnls(matrix / scale, rows["spent"].to_numpy())
        start, unit, learned, read = scaled_rates / scale
        yield {
            "model": model if rule in ON_GPU else ANY,
            "body": body if rule in ON_GPU else "",
            "rule": rule,
            "start": f"{start:.3g}",
            "unit": f"{unit:.3g}",
            "learned": f"{1 / learned:.0f}" if learned else "",
            "read": f"{1 / read:.0f}" if read else "",
            "source": _source(rows, matrix @ (scaled_rates / scale)),
        }


def _source(rows: pd.DataFrame, expected: np.ndarray) -> str:
    total = expected.sum() / rows["spent"].sum()
    middle = np.median(np.abs(expected / rows["spent"].to_numpy() - 1))
    return f"{len(rows)} jobs; sum {total:.2f} of the measured, a job's error {middle:.0%} (median)"


if __name__ == "__main__":
    main()
