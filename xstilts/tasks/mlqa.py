"""MLQA (Lewis et al. 2020): question answering, same-language pairs; trained on SQuAD 1.1."""

from xstilts.tasks import SQUAD_COLUMNS, Hub, Task

TASK = Task(
    name="mlqa",
    title="MLQA",
    kind="span_qa",
    metric="qa",
    hub=(Hub(path="facebook/mlqa", config="mlqa.{language}.{language}"),),
    columns=SQUAD_COLUMNS,
    trains_on=("squad1",),
    target=True,
    licence="CC BY-SA 3.0",
    max_length=384,
)
