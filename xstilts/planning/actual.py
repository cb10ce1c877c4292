"""What a run has cost: the tables that Snakemake writes beside each job's log."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xstilts.errors import InputError


def costs(results: Path) -> pd.DataFrame:
    """Finished jobs of a run, of the attempt that finished.

    Columns: `place` (the job's path under `costs`), `rule`, `seconds` by the clock.

    Raises:
        InputError: no job has finished there.
    """
    folder = results / "costs"
    files = sorted(folder.rglob("*.tsv"))
    if not files:
        raise InputError(f"{folder}: holds no costs of finished jobs")
    written = [file for file in files if file.stat().st_size]  # not one of a job that is at work
    places = [file.relative_to(folder).with_suffix("") for file in written]
    return pd.DataFrame(
        {
            "place": [str(place) for place in places],
            "rule": [place.parts[0] for place in places],
            "seconds": [float(pd.read_csv(file, sep="\t")["s"].sum()) for file in written],
        }
    )


def spent(results: Path) -> pd.Series:
    """Seconds of every finished job, by its place under `costs`.

    Raises:
        InputError: no job has finished there.
    """
    return costs(results).set_index("place")["seconds"].rename("spent")


def compared(jobs: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Planned and spent hours of the jobs that have finished, by stage, and of all."""
    both = jobs.merge(spent(results), left_on="place", right_index=True)
    total = both.assign(stage="all")
    grouped = pd.concat([both, total]).groupby("stage", sort=False)
    table = grouped.agg(
        jobs=("rule", "size"), planned=("seconds", "sum"), spent=("spent", "sum")
    ).reset_index()
    table[["planned", "spent"]] /= 3600
    table["ratio"] = table["planned"] / table["spent"]
    return table
