"""Social IQa (Sap et al. 2019): XCOPA trains on it, then on COPA."""

from xstilts.tasks import XTREME_CHOICE, Hub, Schedule, Task

TASK = Task(
    name="siqa",
    title="Social IQa",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 3,
    labels=("1", "2", "3"),
    hub=(Hub(path="lighteval/siqa"),),
    columns={
        "prompt": "context + question",
        "choices": "answerA, answerB, answerC",
        "label": "label",
    },
    finetuning=Schedule(batch_size=32, epochs=5),
    xtreme=XTREME_CHOICE,
    max_length=128,
    licence="CC BY 4.0",
    citation="Sap et al. 2019, Social IQa, EMNLP",
)
