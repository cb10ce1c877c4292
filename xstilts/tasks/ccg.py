"""CCGbank supertagging (Hockenmaier and Steedman 2007); licensed, so from local files only."""

from xstilts.tasks import Schedule, Task

TASK = Task(
    name="ccg",
    title="CCG",
    kind="tagging",
    metric="token_accuracy",
    intermediate=Schedule(batch_size=24, epochs=15),
    licence="LDC2005T13",
)
