"""Cosmos QA (Huang et al. 2019): commonsense reading comprehension, four answers."""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="cosmosqa",
    title="Cosmos QA",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 4,
    labels=("0", "1", "2", "3"),
    hub=(Hub(path="allenai/cosmos_qa", revision="refs/convert/parquet"),),
    columns={
        "prompt": "context + question",
        "choices": "answer0, answer1, answer2, answer3",
        "label": "label",
    },
    intermediate=Schedule(batch_size=4, epochs=15),
    licence="CC BY 4.0",
    citation="Huang et al. 2019, Cosmos QA, EMNLP",
)
