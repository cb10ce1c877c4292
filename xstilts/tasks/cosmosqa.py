"""Cosmos QA (Huang et al. 2019): commonsense reading comprehension, four answers."""

from xstilts.tasks import Files, Hub, Schedule, Task

REPOSITORY = "https://raw.githubusercontent.com/wilburOne/cosmosqa"
COMMIT = "b6eb99cca4e2a51dd28a9a6f562534872d851639"

TASK = Task(
    name="cosmosqa",
    title="Cosmos QA",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 4,
    labels=("0", "1", "2", "3"),
    hub=(
        Hub(
            path="allenai/cosmos_qa",
            # a leftover of the hub's converter: its main branch is a script, which nothing runs now
            revision="refs/convert/parquet",
            instead=Files(
                url=f"{REPOSITORY}/{COMMIT}/data/{{split}}.csv",
                format="csv",
                splits={"train": "train", "dev": "valid"},
            ),
        ),
    ),
    columns={
        "prompt": "context + question",
        "choices": "answer0, answer1, answer2, answer3",
        "label": "label",
    },
    intermediate=Schedule(batch_size=4, epochs=15),
    licence="CC BY 4.0",
    citation="Huang et al. 2019, Cosmos QA, EMNLP",
)
