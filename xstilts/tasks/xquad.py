"""XQuAD (Artetxe et al. 2020): SQuAD questions translated; trained on SQuAD 1.1."""

from xstilts.tasks import SQUAD_COLUMNS, Hub, Task

TASK = Task(
    name="xquad",
    title="XQuAD",
    kind="span_qa",
    metric="qa",
    hub=(
        Hub(
            path="google/xquad",
            config="xquad.{language}",
            splits={"test": "validation"},
            stripped=True,
        ),
    ),
    columns=SQUAD_COLUMNS,
    trains_on=("squad1",),
    target=True,
    shared_examples=True,
    licence="CC BY-SA 4.0",
    max_length=384,
    citation="Artetxe, Ruder and Yogatama 2020, On the Cross-lingual Transferability, ACL",
)
