"""SQuAD 1.1 (Rajpurkar et al. 2016): answer spans; XQuAD and MLQA train on it."""

from xstilts.tasks import SQUAD_COLUMNS, XTREME_QA, Hub, Schedule, Task

TASK = Task(
    name="squad1",
    title="SQuAD 1.1",
    kind="span_qa",
    metric="qa",
    hub=(Hub(path="rajpurkar/squad", config="plain_text"),),
    columns=SQUAD_COLUMNS,
    intermediate=Schedule(batch_size=8, epochs=3),
    finetuning=Schedule(batch_size=16, epochs=2),
    xtreme=XTREME_QA,
    licence="CC BY-SA 4.0",
    max_length=384,
    citation="Rajpurkar et al. 2016, SQuAD, EMNLP",
)
