"""Time and memory of all measures of texts on the full grid's numbers of texts and layers.

    python -m benchmarks.similarity --json [--layers 2]

Made-up vectors: the nine intermediate tasks and their mixture, every target in every language,
2,000 texts of each, 25 layers 1,024 wide. Projection and measures are those of the workflow, two
jobs at once with one thread each; making the vectors up is not counted, and neither is reading them
from disk (46 GB), where the encoder's job put them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.io.tables import rows_table, write_table
from xstilts.languages import language_facts, languages, languages_of
from xstilts.similarity.measures import measures
from xstilts.similarity.projection import fit_space
from xstilts.similarity.subword_counts import SUBWORDS
from xstilts.similarity.table import measure_similarity
from xstilts.similarity.vector_table import Key, write_vectors
from xstilts.tasks import intermediate_tasks, target_tasks, tasks

TEXTS, WIDTH, LAYERS = 2000, 1024, 25
VOCABULARY, LENGTH = 250_002, 40  # XLM-R's; subwords per text
JOBS = 2
GIB = 1 << 20  # getrusage counts KiB


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--layers", type=int, default=LAYERS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), chosen.layers)
    if chosen.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        for name, (seconds, memory) in results["jobs"].items():
            print(f"{name:20s} {seconds:7.1f} s {memory:5.2f} GiB")
        print(f"all, {JOBS} jobs at once: {results['seconds']:.0f} s, {results['memory']:.2f} GiB")


def measure(folder: Path, layers: int) -> dict[str, Any]:
    """Seconds and GiB of every job, of all of them, and the shape of the grid."""
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(1, mp_context=context) as alone:
        projecting = alone.submit(project, folder, layers).result()
    tables = write_pieces(folder)
    names = [name for name, each in measures().items() if each.reads in ("texts", "subwords")]
    start = time.perf_counter()
    with ProcessPoolExecutor(JOBS, mp_context=context, max_tasks_per_child=1) as jobs:
        waiting = {name: jobs.submit(run, folder, name, tables) for name in names}
        by_measure = {name: result.result() for name, result in waiting.items()}
    wall = time.perf_counter() - start
    every = {"project_texts": projecting, **by_measure}
    memories = sorted((memory for _, memory in by_measure.values()), reverse=True)
    return {
        "grid": {"sets": len(sets()), "texts": TEXTS, "layers": layers, "width": WIDTH},
        "seconds": projecting[0] + wall,
        "memory": max(projecting[1], sum(memories[:JOBS])),
        "jobs": every,
    }


def sets() -> list[tuple[str, str, str]]:
    """(role, task, language) of every set of texts."""
    chains = {name for target in target_tasks() for name in tasks()[target].trains_on[-1:]}
    trained = sorted({*intermediate_tasks(), *chains})
    return [("train", task, "en") for task in trained] + [
        ("test", target, code) for target in target_tasks() for code in languages_of(target)
    ]


def made_up(layer: int) -> Iterator[tuple[Key, np.ndarray]]:
    """A layer's sets: a few hundred axes that matter, each set with a place of its own."""
    random = np.random.default_rng(layer)
    scales = 1 / np.sqrt(1 + np.arange(WIDTH, dtype=np.float32))
    for role, task, code in sets():
        own = random.normal(size=WIDTH).astype(np.float32)
        vectors = random.standard_normal((TEXTS, WIDTH), dtype=np.float32)
        key: Key = {
            "role": role,
            "task": task,
            "language": code,
            "layer": layer,
            "is_default": layer == 14,
        }
        yield key, (vectors + own) * scales


def project(folder: Path, layers: int) -> tuple[float, float]:
    """Seconds and GiB of placing every layer in its space, as `project_texts` does."""
    seconds = 0.0

    def groups() -> Iterator[tuple[Key, np.ndarray]]:
        nonlocal seconds
        for layer in range(layers):
            layer_sets = list(made_up(layer))
            start = time.perf_counter()
            space = fit_space([vectors for _, vectors in layer_sets])
            placed = [space.place(vectors) for _, vectors in layer_sets]
            seconds += time.perf_counter() - start
            for (key, _), vectors in zip(layer_sets, placed, strict=True):
                yield {**key, "themes": space.themes}, vectors

    write_vectors(folder / "coordinates.parquet", groups())
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB


def write_pieces(folder: Path) -> dict[str, dict[str, str]]:
    """Tables of made-up subwords, as frequent as Zipf says, by role and task."""
    random = np.random.default_rng(0)
    tables: dict[str, dict[str, str]] = {"train": {}, "test": {}}
    by_task: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for role, task, code in sets():
        drawn = random.zipf(1.2, size=(TEXTS, LENGTH)) % VOCABULARY
        rows = by_task.setdefault((role, task), [])
        rows += [{"language": code, "subwords": row, "words": LENGTH // 2} for row in drawn]
    for (role, task), rows in by_task.items():
        path = folder / f"{role}-{task}.parquet"
        write_table(path, rows_table(rows, SUBWORDS), SUBWORDS)
        tables[role][task] = str(path)
    return tables


def run(folder: Path, name: str, tables: dict[str, dict[str, str]]) -> tuple[float, float]:
    """Seconds and GiB of one measure."""
    start = time.perf_counter()
    measure_similarity(
        measure=name,
        model="any",
        intermediates=[*intermediate_tasks(), "multi"],
        targets=target_tasks(),
        languages={target: languages_of(target) for target in target_tasks()},
        known=language_facts(list(languages()), None),
        resamples=20,
        files=(
            str(folder / "coordinates.parquet") if measures()[name].reads == "texts" else tables
        ),
        table=str(folder / f"{name}.parquet"),
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB
    return time.perf_counter() - start, memory


if __name__ == "__main__":
    main()
