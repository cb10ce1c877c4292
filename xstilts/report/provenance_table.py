"""The provenance of the numbers: versions, commit, devices, models and data."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from xstilts.degradation.outcomes import CELLS
from xstilts.io.hashing import file_digest
from xstilts.io.tables import atomic, read_json, read_table

PACKAGES = (  # of the analysis; the cell table holds those of training and scoring
    "mixedlm",
    "statsmodels",
    "scikit-learn",
    "scipy",
    "numpy",
    "pandas",
    "pyarrow",
    "matplotlib",
    "altair",
)


def write_provenance(
    *,
    cells: str,
    training_sets: list[str],
    models: Mapping[str, str],
    kept: list[str],
    provenance: str,
) -> None:
    """Write the provenance of the cells as CSV: columns `what`, `of`, `value`.

    Args:
        cells: the cell table.
        training_sets: manifests of the encoded sets that trainings read.
        models: source and revision of each encoder.
        kept: scripts whose results from earlier code are kept.
        provenance: the CSV to write.
    """
    facts = _facts(Path(cells), training_sets, models, kept)
    frame = pd.DataFrame(facts, columns=["what", "of", "value"])
    with atomic(Path(provenance)) as temporary:
        frame.to_csv(temporary, index=False)


def _facts(
    cells: Path, training_sets: list[str], models: Mapping[str, str], kept: list[str]
) -> Iterator[tuple[str, str, str]]:
    table = read_table(cells, CELLS).to_pandas()
    yield "cell table", "SHA-256", file_digest(cells)
    for text, rows in table.groupby("versions"):
        yield "scored by", f"{len(rows):,} scores", str(text)
    for name, rows in table.groupby("device"):
        yield "scored on", f"{len(rows):,} scores", str(name)
    for script in kept:
        yield "code", script, "results of earlier code were kept, on the word of who ran this"
    for name, source in models.items():
        yield "model", name, source
    manifests = [read_json(Path(path)) for path in training_sets]
    for task, source in sorted({(each["task"], each["source"]) for each in manifests}):
        yield "training data", task, source
    for (target, source), _ in table.groupby(["target", "source"]):
        yield "test data", str(target), str(source)
    yield "analysis", "Python", platform.python_version()
    for name in PACKAGES:
        yield "analysis", name, version(name)
