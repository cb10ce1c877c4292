"""Training and prediction without padding against padding: seconds and ratios, in one run, in turn.

    python -m benchmarks.training --json [--quick]

Every side gets the same model shape, examples, batch size, optimizer and precision, and a process
of its own; examples and real tokens are counted. A ratio is a side's median seconds over ours:
above 1, ours is faster.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.ours import Ours
from benchmarks.peers import Peer
from benchmarks.workload import SHAPES, WORKLOADS, flops, records, write_model
from xstilts.encoder.model import device

SIDES: dict[str, Any] = {
    "ours": Ours,
    "all_words": partial(Ours, all_words=True),
    "trainer": partial(Peer, padding="longest"),
    "fixed": partial(Peer, padding="fixed"),
}
INFERENCE: dict[str, tuple[str, dict[str, Any]]] = {  # the side that does it, and how
    "ours": ("ours", {}),
    "trainer": ("trainer", {}),
    "trainer_sorted": ("trainer", {"by_length": True}),
    "fixed": ("fixed", {}),
}
PEAK = {"H100": 989.4e12, "H200": 989.4e12, "A100": 312e12}  # dense bf16, NVIDIA's data sheets


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--quick", action="store_true", help="two layers")
    parser.add_argument("--lengths", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--shape", choices=SHAPES, default=None, help="default: by device")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    shape = chosen.shape or ("xlm-r-large" if device().type == "cuda" else "e5-small")
    shape = "quick" if chosen.quick else shape
    results = measure(shape, chosen.lengths, chosen.repeats, chosen.precision)
    if chosen.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        print(table(results))


def measure(shape: str, lengths: list[str], repeats: int, precision: Any) -> dict[str, Any]:
    """Medians and ratios of every workload."""
    runs: dict[str, Any] = {"training": {}, "inference": {}}
    with tempfile.TemporaryDirectory() as folder:
        write_model(shape, Path(folder))
        for name in lengths:
            for what, run in _measure_one(folder, shape, name, repeats, precision).items():
                runs[what][name] = run
    return {
        "shape": shape,
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "repeats": repeats,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "ratios": {name: run["ratios"] for name, run in runs["training"].items()},
        "inference_ratios": {name: run["ratios"] for name, run in runs["inference"].items()},
        **runs,
    }


def device_name() -> str:
    """The GPU's name, or the processor's where Linux reports it."""
    if device().type == "cuda":
        return torch.cuda.get_device_name()
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "cpu")


def _measure_one(
    folder: str, shape: str, name: str, repeats: int, precision: Any
) -> dict[str, Any]:
    """Every side in turn, `repeats` times after a first that warms up and is not counted."""
    on_gpu = device().type == "cuda"
    examples = records(name, batches=50 if on_gpu else 4)
    with ExitStack() as stack:
        processes = {
            side: stack.enter_context(process(make, folder, WORKLOADS[name], examples, precision))
            for side, make in SIDES.items()
        }
        trained = [
            {side: each.submit(train).result() for side, each in processes.items()}
            for _ in range(repeats + 1)
        ]
        predicted = [
            {
                how: processes[side].submit(_predict, words).result()
                for how, (side, words) in INFERENCE.items()
            }
            for _ in range(repeats + 1)
        ]
    lengths = [len(example["sequences"][0]) for example in examples]
    forward = flops(shape, lengths)
    return {
        "training": _summary(trained[1:], lengths, 3 * forward),
        "inference": _summary(predicted[1:], lengths, forward),
    }


def process(make: Any, *words: Any) -> ProcessPoolExecutor:
    """A process that keeps one side: what another one allocates must not matter."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (make, *words))


def _begin(make: Any, folder: str, *words: Any) -> None:
    global _side
    logging.disable(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    _side = make(Path(folder), *words)


def train() -> dict[str, Any]:
    """What the process's side needs to train: seconds, gigabytes on a GPU; and the losses."""
    seconds, losses = _side.train()
    return {**_needed(seconds), "losses": losses}


def _predict(words: dict[str, Any]) -> dict[str, Any]:
    return _needed(_side.predict(**words))


def _needed(seconds: float) -> dict[str, Any]:
    """The seconds and, on a GPU, the most memory since the last time."""
    if device().type != "cuda":
        return {"seconds": seconds}
    memory = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return {"seconds": seconds, "gigabytes": memory / 1e9}


def _summary(runs: list[dict[str, Any]], lengths: list[int], work: int) -> dict[str, Any]:
    """Figures of each side's repeats; `work` counts floating-point operations on real tokens."""
    seconds = {side: [run[side]["seconds"] for run in runs] for side in runs[0]}
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    result = {
        "examples": len(lengths),
        "tokens": sum(lengths),
        "seconds": seconds,
        "examples_per_second": {side: len(lengths) / value for side, value in medians.items()},
        "tokens_per_second": {side: sum(lengths) / value for side, value in medians.items()},
        "ratios": {
            side: value / medians["ours"] for side, value in medians.items() if side != "ours"
        },
        "teraflops": {side: work / value / 1e12 for side, value in medians.items()},
    }
    if "gigabytes" in runs[0]["ours"]:
        result["gigabytes"] = {
            side: max(run[side]["gigabytes"] for run in runs) for side in runs[0]
        }
        for peak in [value / 1e12 for name, value in PEAK.items() if name in device_name()]:
            result["mfu"] = {side: value / peak for side, value in result["teraflops"].items()}
    return result


def table(results: dict[str, Any]) -> str:
    """The ratios as Markdown."""
    lines = ["| | lengths | real tokens/s | against fixed | against Trainer |", "|" + "---|" * 5]
    for what in ("training", "inference"):
        for name, run in results[what].items():
            speed, ratios = run["tokens_per_second"]["ours"], run["ratios"]
            lines.append(
                f"| {what} | {name} | {speed:,.0f} | {ratios['fixed']:.2f} x "
                f"| {ratios['trainer']:.2f} x |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
