"""QQP: are two Quora questions duplicates?"""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="qqp",
    title="QQP",
    kind="classification",
    metric="accuracy",
    chance=1 / 2,
    labels=("not_duplicate", "duplicate"),
    hub=(Hub(path="nyu-mll/glue", config="qqp"),),
    columns={"text_a": "question1", "text_b": "question2", "label": "label"},
    intermediate=Schedule(batch_size=24, epochs=3),
    licence="Quora's terms",
    citation="Iyer, Dandekar and Csernai 2017, Quora Question Pairs; as in GLUE (Wang et al. 2019)",
)
