"""MNLI (Williams et al. 2018): multi-genre natural language inference; XNLI trains on it."""

from xstilts.tasks import NLI, Hub, Schedule, Task

MNLI = Hub(
    path="nyu-mll/glue",
    config="mnli",
    splits={"train": "train", "dev": "validation_matched"},
)

TASK = Task(
    name="mnli",
    title="MNLI",
    kind="classification",
    metric="accuracy",
    chance=1 / 3,
    labels=NLI,
    hub=(MNLI,),
    columns={"text_a": "premise", "text_b": "hypothesis", "label": "label"},
    intermediate=Schedule(batch_size=24, epochs=2),
    finetuning=Schedule(batch_size=32, epochs=2),
    xtreme=Schedule(
        batch_size=32, epochs=5, learning_rate=3e-5, warmup_fraction=0.0, max_length=128
    ),
    licence="mixed (OANC, CC BY and others)",
    citation="Williams, Nangia and Bowman 2018, A Broad-Coverage Challenge Corpus, NAACL",
)
