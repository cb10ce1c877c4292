"""What attention and dropout that are written for CPUs are worth in training, each alone and both.

    python -m benchmarks.cpu_parts [--lengths mnli udpos] [--quick]

prints seconds of training and the ratios of medians to ours: above 1, ours is faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.ours import Ours
from benchmarks.training import process, train
from benchmarks.workload import WORKLOADS, records, write_model
from xstilts.encoder import packed_attention
from xstilts.encoder.cpu_dropout import Dropout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="two layers")
    parser.add_argument("--lengths", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    shape = "quick" if chosen.quick else "e5-small"
    with tempfile.TemporaryDirectory() as folder:
        write_model(shape, Path(folder))
        results = {name: measure(folder, name, chosen.repeats) for name in chosen.lengths}
    print(json.dumps({"shape": shape, **results}, indent=1))


def measure(folder: str, name: str, repeats: int) -> dict[str, Any]:
    """Seconds and ratios of a workload; every side in turn, after a first that is not counted."""
    examples, seconds = records(name, batches=4), {side: [] for side in SIDES}
    with ExitStack() as stack:
        processes = {
            side: stack.enter_context(process(make, folder, WORKLOADS[name], examples, "fp32"))
            for side, make in SIDES.items()
        }
        for number in range(repeats + 1):
            for side, each in processes.items():
                took = each.submit(train).result()["seconds"]
                seconds[side] += [took] if number else []
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    return {
        "seconds": seconds,
        "ratios": {side: value / medians["ours"] for side, value in medians.items()},
    }


class WithPyTorchs(Ours):
    """This project's side with PyTorch's attention, or its dropout, in the place of ours."""

    def __init__(self, *words: Any, attention: bool = False, dropout: bool = False) -> None:
        super().__init__(*words)
        if attention:
            packed_attention.grouped_attention = sdpa_in_groups
        if dropout:
            use_torch_dropout(self.network.encoder)


SIDES: dict[str, Any] = {
    "ours": Ours,
    "attention": partial(WithPyTorchs, attention=True),
    "dropout": partial(WithPyTorchs, dropout=True),
    "both": partial(WithPyTorchs, attention=True, dropout=True),
}


def sdpa_in_groups(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    boundaries: packed_attention.Boundaries,
    dropout: float,
    scaling: float | None,
) -> Tensor:
    """What `grouped_attention` does, by PyTorch's own attention and its gradients."""
    outputs = []
    for group in boundaries.groups:
        shape = (group.count, group.longest, *query.shape[1:])
        q, k, v = (
            states.index_select(0, group.tokens).view(shape).transpose(1, 2)
            for states in (query, key, value)
        )
        read = nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=group.bias, dropout_p=dropout, scale=scaling
        )
        outputs.append(read.transpose(1, 2).flatten(0, 1).index_select(0, group.slots))
    return torch.cat(outputs)


def use_torch_dropout(encoder: nn.Module) -> None:
    """Put PyTorch's dropout into every layer, and into attention in groups."""
    for parent in [*encoder.modules()]:
        for name, layer in parent.named_children():
            if type(layer) is Dropout:
                setattr(parent, name, nn.Dropout(layer.p))
    packed_attention.dropout_mask = lambda shape, share, dtype: nn.functional.dropout(
        torch.ones(shape, dtype=dtype), share
    )


if __name__ == "__main__":
    main()
