"""SQuAD 2.0 (Rajpurkar et al. 2018): answer spans, some questions unanswerable."""

from xstilts.tasks import SQUAD_COLUMNS, Hub, Schedule, Task

TASK = Task(
    name="squad2",
    title="SQuAD 2.0",
    kind="span_qa",
    metric="qa",
    hub=(Hub(path="rajpurkar/squad_v2"),),
    columns=SQUAD_COLUMNS,
    intermediate=Schedule(batch_size=8, epochs=3),
    answerable=False,
    includes=("squad1",),
    licence="CC BY-SA 4.0",
    max_length=384,
    citation="Rajpurkar, Jia and Liang 2018, Know What You Don't Know, ACL",
)
