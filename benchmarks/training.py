"""Training and prediction without padding against padding: seconds and ratios, in one run, in turn.

    python -m benchmarks.training --json [--quick]

Every side gets the same model shape, examples, batch size, optimizer and precision; examples and
real tokens are counted. A ratio is the peer's median seconds over ours: above 1, ours is faster.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.ours import Ours
from benchmarks.peers import Peer
from benchmarks.workload import SHAPES, WORKLOADS, records, write_model
from xstilts.encoder import device


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--quick", action="store_true", help="two layers, three repeats")
    parser.add_argument("--lengths", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--shape", choices=SHAPES, default=None, help="default: by device")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    shape = chosen.shape or ("xlm-r-large" if device().type == "cuda" else "e5-small")
    repeats = 3 if chosen.quick else chosen.repeats
    found = measure("quick" if chosen.quick else shape, chosen.lengths, repeats, chosen.precision)
    if chosen.json:
        json.dump(found, sys.stdout, indent=1)
        print()
    else:
        print(table(found))


def measure(shape: str, lengths: list[str], repeats: int, precision: Any) -> dict[str, Any]:
    """Medians and ratios of every workload."""
    runs: dict[str, Any] = {"training": {}, "inference": {}}
    with tempfile.TemporaryDirectory() as folder:
        write_model(shape, Path(folder))
        for name in lengths:
            for what, seconds in _measure_one(Path(folder), name, repeats, precision).items():
                runs[what][name] = seconds
    return {
        "shape": shape,
        "device": torch.cuda.get_device_name() if device().type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "repeats": repeats,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "ratios": {name: run["ratios"] for name, run in runs["training"].items()},
        "inference_ratios": {name: run["ratios"] for name, run in runs["inference"].items()},
        **runs,
    }


def _processor() -> str:
    """The processor's name, where Linux tells it."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "cpu")


def _measure_one(folder: Path, name: str, repeats: int, precision: Any) -> dict[str, Any]:
    """Sides in turn, `repeats` times; the first time, which warms up, is not counted."""
    work, examples = WORKLOADS[name], records(name, batches=4)
    ours = Ours(folder, work, examples, precision)
    trainer = Peer(folder, work, examples, precision, "longest")
    fixed = Peer(folder, work, examples, precision, "fixed")
    sides: dict[str, dict[str, Callable[[], float]]] = {
        "training": {
            "ours": lambda: ours.train()[0],
            "trainer": lambda: trainer.train()[0],
            "fixed": lambda: fixed.train()[0],
        },
        "inference": {
            "ours": ours.predict,
            "trainer": lambda: trainer.predict(grouped=False),
            "trainer_sorted": lambda: trainer.predict(grouped=True),
            "fixed": lambda: fixed.predict(grouped=False),
        },
    }
    tokens = sum(len(example["sequences"][0]) for example in examples)
    return {
        what: _summary(_in_turn(timed, repeats), len(examples), tokens)
        for what, timed in sides.items()
    }


def _in_turn(timed: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each side, one after the other, `repeats` times after a first that warms up."""
    rounds = [{side: run() for side, run in timed.items()} for _ in range(repeats + 1)]
    return {side: [each[side] for each in rounds[1:]] for side in timed}


def _summary(seconds: dict[str, list[float]], examples: int, tokens: int) -> dict[str, Any]:
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    return {
        "examples": examples,
        "tokens": tokens,
        "seconds": seconds,
        "examples_per_second": {side: examples / value for side, value in medians.items()},
        "tokens_per_second": {side: tokens / value for side, value in medians.items()},
        "ratios": {
            side: value / medians["ours"] for side, value in medians.items() if side != "ours"
        },
    }


def table(found: dict[str, Any]) -> str:
    """The ratios as Markdown."""
    lines = ["| | lengths | real tokens/s | against fixed | against Trainer |", "|" + "---|" * 5]
    for what in ("training", "inference"):
        for name, run in found[what].items():
            speed, ratios = run["tokens_per_second"]["ours"], run["ratios"]
            lines.append(
                f"| {what} | {name} | {speed:,.0f} | {ratios['fixed']:.2f} x "
                f"| {ratios['trainer']:.2f} x |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
