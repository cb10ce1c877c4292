"""Whether the target trains on data that an intermediate task has trained on: 1 or 0.

MNLI and ANLI+ before XNLI, SQuAD before XQuAD, MLQA and LAReQA. A recipe of several
tasks gets the share of tasks for which it holds.
"""

from xstilts.similarity.measure import Measure
from xstilts.tasks import Task


def same_data(x: list[Task], y: list[Task]) -> float:
    """Share of the recipe's tasks that hold data of the target's training sets."""
    data_sets = {name for task in y for name in task.data_sets}
    return sum(bool(data_sets & set(task.data_sets)) for task in x) / len(x)


MEASURE = Measure(
    title="same data",
    level="task",
    reads="tasks",
    direction="similarity",
    limits=(0, 1),
    cost="a lookup",
    reference="the data sets of xstilts.tasks",
    compute=same_data,
    missing="targets that train on nothing (Tatoeba, BUCC)",
    symmetric=False,
)
