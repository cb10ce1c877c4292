"""Is the planted effect inside its interval, and zero where none is planted? World by world.

    python -m benchmarks.recovery --json [--worlds 20] [--kept FILE]

Every world (a seed of its own: alignments, texts, weights) is run whole by Snakemake, on a part of
the demo's grid, once with the effect and once without: data, training, evaluation, similarity, fit.
A world that is done is a line of the kept file, and is not run again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from xstilts.config import read_config, specification
from xstilts.degradation.effects import EFFECTS, TRUTH, effects_of, fit_similarity
from xstilts.degradation.model_frame import design
from xstilts.degradation.outcomes import CELLS, analysed, seed_means
from xstilts.io.tables import read_table
from xstilts.world import World
from xstilts.world.files import write_world

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HEADLINE, KNOWN = "centroid_cosine", "planted similarity"
# Measures of cells: any that recovers more than the headline would be the better default.
MEASURES = [
    HEADLINE,
    "theme_overlap",
    "mmd",
    "frechet",
    "sinkhorn",
    "sliced_wasserstein",
    "neighbour_overlap",
    "nearest_tokens",
]
PART = {
    "intermediates": ["none", "mnli", "squad1", "ccg"],
    "targets": ["xnli", "udpos", "wikiann", "xquad", "tydiqa", "pawsx"],
    "similarity": {"measures": MEASURES, "headline": HEADLINE, "layers": [], "parallel": None},
}


def main() -> None:
    """Run the worlds and print how often intervals were right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--kept", type=Path, default=Path("recovery.jsonl"))
    chosen = parser.parse_args()
    done = []
    if chosen.kept.is_file():
        done = [json.loads(line) for line in chosen.kept.read_text(encoding="utf-8").splitlines()]
    for seed in range(chosen.worlds):
        for effect in (1.0, 0.0):
            if not any(row["seed"] == seed and row["effect"] == effect for row in done):
                rows = run_world(seed, effect)
                done += rows
                with chosen.kept.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
    summaries = summary(pd.DataFrame(done))
    if chosen.json:
        json.dump({"worlds": done, "summary": summaries}, sys.stdout, indent=1)
        print()
    else:
        print(pd.DataFrame(summaries).to_string(index=False))


def run_world(seed: int, effect: float) -> list[dict[str, Any]]:
    """One row per level: the interval and the truth of a world that has run whole."""
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp())
    config = {**PART, "results": str(folder / "results"), "seeds": [seed + 1]}
    config["data_root"] = str(folder / "world")
    write_world(World(seed=seed, effect=effect), folder / "world")
    (folder / "part.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    configs = [str(ROOT / "config/demo.yaml"), str(folder / "part.yaml")]
    table = folder / "results/effects.parquet"
    words = [BIN / "xstilts", "warm", BIN / "snakemake", "--snakefile", ROOT / "Snakefile"]
    words += ["--cores", "2", "--quiet", "all", "--directory", folder, "--configfile", *configs]
    subprocess.run([*map(str, words), "--", str(table)], check=True)
    rows = read_table(table, EFFECTS).to_pandas()
    truth = rows[rows["measure"] == TRUTH].set_index("level")["estimate"]
    fits = rows[rows["measure"].isin(MEASURES)].to_dict("records") + of_known(table.parent)
    shutil.rmtree(folder)
    seconds = round(time.perf_counter() - began)
    return [
        {
            "seed": seed,
            "effect": effect,
            **{name: row[name] for name in ("measure", "level", "estimate", "low", "high")},
            "truth": float(truth.get(row["level"], float("nan"))) if effect else 0.0,
            "seconds": seconds,
        }
        for row in fits
    ]


def of_known(results: Path) -> list[dict[str, Any]]:
    """The fit of the observed gaps on the planted similarity itself, which needs no text."""
    model = specification(read_config()[0])
    cells = read_table(results / "cells.parquet", CELLS).to_pandas()
    outcomes = seed_means(analysed(cells, model.outcome), model.outcome)
    planted = read_table(results / "truth/model=nano/truth.parquet").to_pandas()
    planted = planted.dropna(subset="similarity")
    frame = design(
        outcomes, planted, pd.DataFrame(columns=["measure", "similarity"]), model.formula
    )
    return [
        {"measure": KNOWN, **row} for row in effects_of(fit_similarity(frame, model), frame, model)
    ]


def summary(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Worlds whose interval holds the truth, and whose interval excludes zero."""
    holds = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    excludes_zero = (rows["low"] > 0) | (rows["high"] < 0)
    keys = ["measure", "effect", "level"]
    counted = rows.assign(holds=holds, found=excludes_zero).groupby(keys, sort=False)
    table = counted.agg(worlds=("seed", "size"), holds=("holds", "sum"), found=("found", "sum"))
    return [
        {str(name): value for name, value in row.items()}
        for row in table.reset_index().astype(object).to_dict("records")
    ]


if __name__ == "__main__":
    main()
