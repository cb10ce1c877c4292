"""Learning UD-POS for real, here and by the Trainer: the same loss, in less time.

    python -m benchmarks.learning ENCODER train-en.tsv --json --figure learning.svg

One epoch over the first sentences of a file of `token<TAB>tag` lines, from the same head, in the
same order, with dropout, at several seeds; each training in a process of its own, in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
import transformers
from torch import nn

from benchmarks.ours import Ours
from benchmarks.peers import Peer
from benchmarks.training import device_name, process, train
from benchmarks.workload import Workload
from xstilts.encoder.model import load_tokenizer
from xstilts.io.formats import conll_rows
from xstilts.kinds import tagging
from xstilts.tasks import UPOS, tasks
from xstilts.training.sampling import batch_of

SIDES: dict[str, Any] = {
    "ours": Ours,
    "trainer": partial(Peer, padding="longest"),
}
WORK = Workload(task="udpos", kind="tagging", batch_size=32, fixed=128, rate=1e-4)
SMOOTH = 10  # steps whose mean is a point of a curve, or the final loss


def main() -> None:
    """Train, and print the losses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("encoder", type=Path, help="a Hugging Face model folder")
    parser.add_argument("data", type=Path, help="a file of token<TAB>tag lines")
    parser.add_argument("--sentences", type=int, default=1920)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--figure", type=Path, help="draw the curves here")
    chosen = parser.parse_args()
    results = measure(chosen.encoder, chosen.data, chosen.sentences, range(chosen.seeds))
    if chosen.figure:
        draw(results, chosen.figure)
    if chosen.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        print(table(results))


def measure(encoder: Path, data: Path, sentences: int, seeds: range) -> dict[str, Any]:
    """Seconds and losses of every side and seed."""
    rows = encoded(encoder, data, sentences)
    runs: dict[str, list[Any]] = {side: [] for side in SIDES}
    for seed in seeds:
        for side, make in SIDES.items():
            begun = partial(begin, make, seed)
            with process(begun, str(encoder), WORK, rows, "fp32") as worker:
                runs[side].append(worker.submit(train).result())
    return {
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "sentences": len(rows),
        "final": {
            side: [float(np.mean(run["losses"][-SMOOTH:])) for run in by]
            for side, by in runs.items()
        },
        "seconds": {side: [run["seconds"] for run in by] for side, by in runs.items()},
        "losses": {side: [run["losses"] for run in by] for side, by in runs.items()},
    }


def begin(make: Any, seed: int, folder: Path, work: Workload, rows: Any, precision: Any) -> Any:
    """A side with the seed's order of examples, and its head, as transformers would draw it."""
    many, size = len(rows), work.batch_size
    if make is not Ours:  # which draws this order itself
        order = [batch_of(many, size, number, seed) for number in range(many // size)]
        rows = [rows[at] for at in np.concatenate(order)]
    side = make(folder, work, rows, precision, seed=seed)
    learner = side.model if isinstance(side, Peer) else side.network.heads[work.task]
    output = [layer for layer in learner.modules() if isinstance(layer, nn.Linear)][-1]
    torch.manual_seed(seed)
    nn.init.normal_(output.weight, std=0.02)
    nn.init.zeros_(output.bias)
    return side


def encoded(encoder: Path, data: Path, sentences: int) -> list[dict[str, Any]]:
    """The first sentences as the tagging kind encodes them; whole batches of rows."""
    task = tasks()["udpos"]
    examples = [row for row, _ in zip(conll_rows(data), range(sentences), strict=False)]
    rows = tagging.KIND.encode(examples, load_tokenizer(encoder), task, list(UPOS))
    return rows[: len(rows) // WORK.batch_size * WORK.batch_size]


def table(results: dict[str, Any]) -> str:
    """Final loss and seconds as Markdown."""
    lines = ["| | loss of the last steps, by seed | seconds, median |", "|---|---|---|"]
    for side, losses in results["final"].items():
        last = ", ".join(f"{loss:.3f}" for loss in losses)
        lines.append(f"| {side} | {last} | {np.median(results['seconds'][side]):.0f} |")
    return "\n".join(lines)


def draw(results: dict[str, Any], path: Path) -> None:
    """The curves against steps, and against time."""
    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.5), sharey=True)
    for side, colour, style in (("ours", "#0072B2", "-"), ("trainer", "#D55E00", "--")):
        for at, losses in enumerate(results["losses"][side]):
            smooth = np.convolve(losses, np.ones(SMOOTH) / SMOOTH, mode="valid")
            steps = np.arange(len(smooth)) + SMOOTH
            second = results["seconds"][side][at] / len(losses)
            label = {"ours": "xstilts", "trainer": "Trainer"}[side] if at == 0 else None
            for panel, scale in zip(panels, (1, second), strict=True):
                panel.plot(steps * scale, smooth, style, color=colour, label=label)
    panels[0].set(xlabel="step", ylabel=f"training loss (mean of {SMOOTH} steps)")
    panels[1].set(xlabel="seconds")
    panels[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
