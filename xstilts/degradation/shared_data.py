"""Which targets, and which intermediates, train on the same data.

XQuAD, MLQA and LAReQA all train on SQuAD; ANLI+ holds MNLI, SQuAD 2.0 holds SQuAD 1.1. What is left
out alone is half known from the others, so they are left out together. A mixture of several tasks
is a group of its own, and shares data with each of its tasks. Texts that a recipe mixes in for
masked language modelling do not count: they are of no task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components

from xstilts.recipes import recipes
from xstilts.tasks import tasks


def groups_of_data(axis: str, names: Sequence[str]) -> list[list[str]]:
    """The names of an axis, those that share data together, in order; mixtures alone."""
    single = [name for name in names if len(_tasks(axis, name)) < 2 or axis == "target"]
    shares = np.array([[_shared(axis, one, other) for other in single] for one in single])
    labels = connected_components(shares.reshape(len(single), -1))[1] if single else ()
    joined: dict[int, list[str]] = {}
    for name, label in zip(single, labels, strict=True):
        joined.setdefault(int(label), []).append(name)
    mixtures = [[name] for name in names if name not in single]
    return sorted([*joined.values(), *mixtures], key=lambda group: names.index(group[0]))


def sharing(axis: str, names: Iterable[str], group: Sequence[str]) -> set[str]:
    """Those of `names` that share data with one of a group, the group among them."""
    return {name for name in names if any(_shared(axis, name, each) for each in group)}


def _shared(axis: str, one: str, other: str) -> bool:
    return bool(_data(axis, one) & _data(axis, other))


def _data(axis: str, name: str) -> set[str]:
    """Data sets that a value of an axis trains on; its own name where nothing is known."""
    return {data for task in _tasks(axis, name) for data in tasks()[task].data_sets} or {name}


def _tasks(axis: str, name: str) -> tuple[str, ...]:
    """The tasks that a target, or an intermediate, trains on; none for other axes."""
    if axis == "target" and name in tasks():
        return tasks()[name].trains_on
    if axis == "intermediate" and name in recipes():
        return recipes()[name].tasks
    return ()
