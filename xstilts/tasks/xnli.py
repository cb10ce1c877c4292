"""XNLI (Conneau et al. 2018): NLI in fifteen languages; trained on English MNLI only."""

from xstilts.tasks import NLI, Hub, Task

TASK = Task(
    name="xnli",
    title="XNLI",
    kind="classification",
    metric="accuracy",
    chance=1 / 3,
    labels=NLI,
    hub=(Hub(path="facebook/xnli", config="{language}"),),
    columns={"text_a": "premise", "text_b": "hypothesis", "label": "label"},
    trains_on=("mnli",),
    target=True,
    shared_examples=True,
    licence="CC BY-NC 4.0",
    citation="Conneau et al. 2018, XNLI, EMNLP",
)
