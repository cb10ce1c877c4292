r"""Bitext mining: which sentences of two pools are translations of each other?

Ratio margin of Artetxe and Schwenk (2019), k = 4, with "max" retrieval:
$$\mathrm{margin}(x, y) = \frac{\cos(x, y)}
  {\sum_{z \in NN_k(x)} \cos(x, z) / 2k + \sum_{z \in NN_k(y)} \cos(y, z) / 2k}$$
The threshold is the one that maximises F1 on the dev split.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xstilts.kinds import Asked, Examples, Scored
from xstilts.kinds.bitext import COLUMNS, LAYER, decode, encode, head, loss

__all__ = ["COLUMNS", "LAYER", "decode", "encode", "head", "loss", "score"]

NEIGHBOURS = 4


def score(outputs: list[Any], asked: Asked) -> Scored:
    """Statistics `hits`, `predicted` and `gold` of each row as a source sentence."""
    threshold = best_threshold(
        mine(asked.reference.outputs, asked.reference.examples), asked.reference.examples
    )
    found = np.full(len(asked.examples), -1)
    for margin, source, target in mine(outputs, asked.examples):
        if margin >= threshold:
            found[source] = target
    gold = _is_pair(asked.examples)
    return Scored(
        statistics={
            "hits": ((found == np.arange(len(found))) & gold).astype(float),
            "predicted": (found >= 0).astype(float),
            "gold": gold.astype(float),
        },
        predictions=[str(target) if target >= 0 else "" for target in found],
    )


def mine(outputs: list[Any], examples: Examples) -> list[tuple[float, int, int]]:
    """(margin, source row, target row), best first, each row used at most once a side."""
    vectors = np.stack(outputs)
    sources = np.flatnonzero([bool(example["source"]) for example in examples])
    targets = np.flatnonzero([bool(example["target"]) for example in examples])
    margin = ratio_margin(vectors[sources, 0] @ vectors[targets, 1].T)
    pairs = {(row, int(column)) for row, column in enumerate(margin.argmax(axis=1))}
    pairs |= {(int(row), column) for column, row in enumerate(margin.argmax(axis=0))}
    kept, used_sources, used_targets = [], set(), set()
    for row, column in sorted(pairs, key=lambda pair: (-margin[pair], pair)):
        if row not in used_sources and column not in used_targets:
            kept.append((float(margin[row, column]), int(sources[row]), int(targets[column])))
            used_sources.add(row)
            used_targets.add(column)
    return kept


def ratio_margin(cosine: np.ndarray) -> np.ndarray:
    """Cosines (sources, targets) over the mean cosine of both sides' k nearest neighbours."""
    nearest = [
        np.sort(cosine, axis=axis).take(range(-min(NEIGHBOURS, cosine.shape[axis]), 0), axis=axis)
        for axis in (1, 0)
    ]
    rows, columns = nearest[0].mean(axis=1, keepdims=True), nearest[1].mean(axis=0, keepdims=True)
    margin: np.ndarray = cosine / ((rows + columns) / 2)
    return margin


def best_threshold(mined: list[tuple[float, int, int]], examples: Examples) -> float:
    """The margin that maximises F1 over pairs mined from examples with known gold."""
    gold = _is_pair(examples)
    right = np.array([source == target and gold[source] for _, source, target in mined])
    f1 = 2 * right.cumsum() / (np.arange(1, len(mined) + 1) + gold.sum())
    return mined[int(f1.argmax())][0]


def _is_pair(examples: Examples) -> np.ndarray:
    return np.array([bool(example["source"] and example["target"]) for example in examples])
