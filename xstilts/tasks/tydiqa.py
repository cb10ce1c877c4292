"""TyDiQA-GoldP (Clark et al. 2020): questions by native speakers; trained on its English."""

from xstilts.tasks import SQUAD_COLUMNS, XTREME_QA, Hub, Schedule, Task

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
    xtreme=XTREME_QA,
    trains_on=("tydiqa",),
    target=True,
    licence="Apache-2.0",
    max_length=384,
    citation="Clark et al. 2020, TyDi QA, TACL 8",
)
