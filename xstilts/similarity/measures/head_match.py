"""Whether the target learns with a head of the same kind as an intermediate task: 1 or 0.

A recipe of several tasks gets the share of tasks for which it holds.
"""

from xstilts.similarity.measure import Measure
from xstilts.tasks import Task


def head_match(x: list[Task], y: list[Task]) -> float:
    """Share of the recipe's tasks whose kind is that of the target's last training set."""
    return sum(task.kind == y[-1].kind for task in x) / len(x)


MEASURE = Measure(
    title="same head",
    level="task",
    reads="tasks",
    direction="similarity",
    limits=(0, 1),
    cost="a lookup",
    reference="the kinds of xstilts.kinds",
    compute=head_match,
    missing="targets that train on nothing (Tatoeba, BUCC)",
    symmetric=False,
)
