"""TyDiQA-GoldP (Clark et al. 2020): questions by native speakers; trained on its English."""

from xstilts.tasks import SQUAD_COLUMNS, Hub, Schedule, Task

TASK = Task(
    name="tydiqa",
    title="TyDiQA-GoldP",
    kind="span_qa",
    metric="qa",
    hub=(
        Hub(
            path="google-research-datasets/tydiqa",
            config="secondary_task",
            splits={"train": "train", "test": "validation"},
            stripped=True,
            only={"id": "{name}-*"},  # all languages in one table, told apart by their ids
        ),
    ),
    columns=SQUAD_COLUMNS,
    finetuning=Schedule(batch_size=16, epochs=2),
    xtreme=Schedule(
        batch_size=32,
        epochs=3,
        learning_rate=3e-5,
        warmup_steps=500,
        weight_decay=1e-4,
        keep="last",
    ),
    trains_on=("tydiqa",),
    target=True,
    licence="Apache-2.0",
    max_length=384,
    citation="Clark et al. 2020, TyDi QA, TACL 8",
)
