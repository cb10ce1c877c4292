"""HellaSwag (Zellers et al. 2019): choose the ending of a described scene."""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="hellaswag",
    title="HellaSwag",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 4,
    labels=("0", "1", "2", "3"),
    hub=(Hub(path="Rowan/hellaswag"),),
    columns={"prompt": "ctx_a", "choices": "ctx_b + endings", "label": "label"},
    intermediate=Schedule(batch_size=24, epochs=7),
    licence="MIT",
    citation="Zellers et al. 2019, HellaSwag, ACL",
)
