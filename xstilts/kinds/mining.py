r"""Bitext mining: which sentences of two pools are translations of each other?

Ratio margin of Artetxe and Schwenk (2019), k = 4, with "max" retrieval:
$$\mathrm{margin}(x, y) = \frac{\cos(x, y)}
  {\sum_{z \in NN_k(x)} \cos(x, z) / 2k + \sum_{z \in NN_k(y)} \cos(y, z) / 2k}$$
Each sentence proposes the best of its k nearest neighbours; the best proposals win, a sentence
being used once. Pairs count from the margin that maximises F1 on the dev split. A
sentence that stands twice in its pool is one point of it, and its pairs are dropped, as in XTREME's
script: which was meant is unknown. A row is a sentence of either pool, or a pair; a source
and a target are a gold pair if they share a key.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from xstilts.errors import InputError
from xstilts.io.formats import read_lines
from xstilts.kinds import (
    Answered,
    Examples,
    Scored,
    ScoringInput,
    Statistics,
    check_common,
    required,
)
from xstilts.kinds._retrieval import nearest, stack_side
from xstilts.kinds.bitext import Bitext
from xstilts.tasks import Task

NEIGHBOURS = 4

Pair = tuple[str, str]  # ids of a source and a target sentence


def gold_pairs(examples: Examples) -> list[Pair]:
    """Ids of the sources and targets that share a key."""
    targets: dict[str, list[str]] = {}
    for example in examples:
        for key in example["keys"] if example["target"] else ():
            targets.setdefault(key, []).append(example["id"])
    return [
        (example["id"], target)
        for example in examples
        if example["source"]
        for key in example["keys"]
        for target in targets.get(key, ())
    ]


def mine(outputs: list[Any], examples: Examples) -> list[tuple[float, Pair]]:
    """(margin, pair), best first, each sentence used at most once."""
    sources, targets = pool_of(examples, "source"), pool_of(examples, "target")
    proposed = ratio_margins(
        stack_side([outputs[at] for at in sources.rows], 0),
        stack_side([outputs[at] for at in targets.rows], 1),
    )
    mined: list[tuple[float, Pair]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for (source, target), margin in sorted(proposed.items(), key=lambda item: -item[1]):
        if margin > 0 and source not in used[0] and target not in used[1]:
            used[0].add(source)
            used[1].add(target)
            pair = sources.names[source], targets.names[target]
            if pair[0] and pair[1]:
                mined.append((margin, pair))
    return mined


class Pool(NamedTuple):
    """Distinct sentences of one side: a row of each, and its id, empty if it stands twice."""

    rows: list[int]
    names: list[str]


def pool_of(examples: Examples, side: str) -> Pool:
    """The sentences of one side, each once."""
    texts = {at: example[side].strip() for at, example in enumerate(examples) if example[side]}
    rows = {text: at for at, text in texts.items()}
    count = Counter(texts.values())
    return Pool(
        rows=list(rows.values()),
        names=[examples[at]["id"] if count[text] == 1 else "" for text, at in rows.items()],
    )


def ratio_margins(sources: np.ndarray, targets: np.ndarray) -> dict[tuple[int, int], float]:
    """The pair that each row proposes to the other side, and its margin."""
    forward, to_target = nearest(sources, targets, NEIGHBOURS)
    backward, to_source = nearest(targets, sources, NEIGHBOURS)
    source_mean, target_mean = forward.mean(axis=1), backward.mean(axis=1)
    forward = forward / ((source_mean[:, None] + target_mean[to_target]) / 2)
    backward = backward / ((target_mean[:, None] + source_mean[to_source]) / 2)
    proposed = {}
    for row, best in enumerate(forward.argmax(axis=1)):
        proposed[row, int(to_target[row, best])] = float(forward[row, best])
    for row, best in enumerate(backward.argmax(axis=1)):
        proposed[int(to_source[row, best]), row] = float(backward[row, best])
    return proposed


def best_threshold(mined: list[tuple[float, Pair]], gold: list[Pair]) -> float:
    """The margin that maximises F1: halfway between the last pair taken and the first left out.

    0, which takes every pair, if none is right.
    """
    gold_set = set(gold)
    right = np.array([pair in gold_set for _, pair in mined])
    if not right.any():
        return 0.0
    f1 = 2 * right.cumsum() / (np.arange(1, len(mined) + 1) + len(gold_set))
    last = int(f1.argmax())
    following = mined[min(last + 1, len(mined) - 1)][0]
    return (mined[last][0] + following) / 2


def _read_pairs(path: Path) -> list[Pair]:
    pairs: dict[Pair, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        source, tab, target = line.strip().partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: '{line}' is not two ids with a tab between")
        before = pairs.setdefault((source, target), number)
        if before != number:
            raise InputError(f"{path}, line {number}: pair '{line}' was there before, in {before}")
    return list(pairs)


def _counts(ids: list[str], answers: list[Pair], gold: list[Pair]) -> Statistics:
    place = {name: at for at, name in enumerate(ids)}
    lists = {"hits": set(answers) & set(gold), "predicted": set(answers), "gold": set(gold)}
    counts = {name: np.zeros(len(ids)) for name in lists}
    for name, pairs in lists.items():
        for source, _ in pairs:
            counts[name][place[source]] += 1
    return counts


class Mining(Bitext):
    """Mining of translations in two pools."""

    columns = {"source": pa.string(), "target": pa.string(), "keys": pa.list_(pa.string())}
    optional = frozenset({"source", "target"})

    def check(self, example: dict[str, Any], task: Task, where: str) -> bool:
        """An empty side is a missing one: the sentence stands in the other pool only."""
        for side in self.optional:
            example[side] = (example.get(side) or "").strip() or None
        return True

    def score(self, outputs: list[Any], asked: ScoringInput) -> Scored:
        """Statistics `hits`, `predicted` and `gold` of each source sentence."""
        dev = asked.reference
        threshold = best_threshold(mine(dev.outputs, dev.examples), gold_pairs(dev.examples))
        answers = [pair for margin, pair in mine(outputs, asked.examples) if margin >= threshold]
        by_source = dict(answers)
        ids = [example["id"] for example in asked.examples if example["source"]]
        return Scored(
            ids=ids,
            statistics=_counts(ids, answers, gold_pairs(asked.examples)),
            predictions=[by_source.get(name, "") for name in ids],
        )

    def read_files(self, predictions: Path, gold: Path | None, task: Task) -> Answered:
        """One pair per line: the source's id, a tab, the target's id, as in BUCC's gold files."""
        gold = required(gold)
        answers, right = _read_pairs(predictions), _read_pairs(gold)
        gold_names = {name for pair in right for name in pair}
        common = sum(not gold_names.isdisjoint(pair) for pair in answers)
        if answers and right:
            check_common(predictions, gold, common, "sentences")
        return Answered(answers=answers, gold=right)

    def compute_statistics(self, answers: Any, gold: Any, task: Task, language: str) -> Statistics:
        """Statistics `hits`, `predicted` and `gold` of each source sentence of either list."""
        ids = list(dict.fromkeys(source for source, _ in [*gold, *answers]))
        return _counts(ids, answers, gold)


KIND = Mining()
