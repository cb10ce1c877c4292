"""MLQA (Lewis et al. 2020): question answering, same-language pairs; trained on SQuAD 1.1."""

from xstilts.tasks import SQUAD_COLUMNS, Hub, Task

TASK = Task(
    name="mlqa",
    title="MLQA",
    kind="span_qa",
    metric="qa",
    # The set's own repository may still be a loading script; this copy of it is Parquet.
    hub=(Hub(path="google/xtreme", config="MLQA.{language}.{language}", stripped=True),),
    columns=SQUAD_COLUMNS,
    answer_rules="mlqa",
    trains_on=("squad1",),
    target=True,
    shared_examples=True,
    licence="CC BY-SA 3.0",
    max_length=384,
    citation="Lewis et al. 2020, MLQA, ACL",
)
