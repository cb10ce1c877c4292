"""What a run has cost: the tables that Snakemake writes beside each job's log."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xstilts.errors import InputError


def spent(results: Path) -> pd.Series:
    """Seconds of every finished job, by its place under `costs`, of the attempt that finished.

    Raises:
        InputError: no job has finished there.
    """
    folder = results / "costs"
    files = sorted(folder.rglob("*.tsv"))
    if not files:
        raise InputError(f"{folder}: holds no costs of finished jobs")
    found = {str(file.relative_to(folder).with_suffix("")): _seconds(file) for file in files}
    return pd.Series(found, name="spent", dtype=float)


def _seconds(file: Path) -> float:
    return float(pd.read_csv(file, sep="\t")["s"].sum())


def compared(jobs: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Planned and spent hours of the jobs that have finished, by stage, and of all."""
    both = jobs.merge(spent(results), left_on="place", right_index=True)
    total = both.assign(stage="all")
    grouped = pd.concat([both, total]).groupby("stage", sort=False)
    found = grouped.agg(
        jobs=("rule", "size"), planned=("seconds", "sum"), spent=("spent", "sum")
    ).reset_index()
    found[["planned", "spent"]] /= 3600
    found["ratio"] = found["planned"] / found["spent"]
    return found
