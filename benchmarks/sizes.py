"""How many tokens has an encoded example? Means of every part that a run has encoded.

    python -m benchmarks.sizes --config config/real.yaml
    python -m benchmarks.sizes results/real --model e5-small

prints one line per (task, part, language, split) in the columns of xstilts/planning/sizes.csv, to
refresh that table from. An example's tokens are counted after the task's truncation, special ones
included: those of all sequences (choices, sides) of all rows (windows, parts of a sentence) that it
was encoded as.
They are those of the run's tokenizer, `examples` and `max_length`: set neither limit for the table.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.config import read_config
from xstilts.data.encode import Encoded
from xstilts.data.local_paths import PART_SPLITS

COLUMNS = ("task", "part", "language", "split", "examples", "tokens", "source")
MANIFESTS = "encoded/part=*/model=*/task=*/manifest.json"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("results", type=Path, nargs="?", help="a run's results folder")
    place.add_argument("--config", type=Path, help="the run's config, which names its folder")
    parser.add_argument("--model", default="*", help="whose tokenizer; default: every model's")
    chosen = parser.parse_args()
    results = chosen.results or Path(read_config(chosen.config)[0]["results"])
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(measure(results, chosen.model))


def measure(results: Path, model: str = "*") -> Iterator[dict[str, Any]]:
    """One row per language and split of every encoded part under a results folder."""
    for manifest in sorted(results.glob(MANIFESTS.replace("model=*", f"model={model}"))):
        yield from part_sizes(manifest)


def part_sizes(manifest: Path) -> Iterator[dict[str, Any]]:
    """The rows of one encoded part; candidates of no language are under `pool`."""
    axes = dict(name.split("=", 1) for name in manifest.parts if "=" in name)
    encoded = Encoded(manifest)
    for language in encoded.manifest["languages"]:
        for split in PART_SPLITS[axes["part"]]:
            rows = encoded.rows(language, split)
            if not len(rows):
                continue
            examples = len(np.unique(rows["example"]))
            windows = f" in {len(rows)} rows" if len(rows) > examples else ""
            yield {
                "task": axes["task"],
                "part": axes["part"],
                "language": language,
                "split": split,
                "examples": examples,
                "tokens": f"{rows.sizes.sum() / examples:.1f}",
                "source": f"measured on {examples} examples{windows} ({axes['model']})",
            }


if __name__ == "__main__":
    main()
