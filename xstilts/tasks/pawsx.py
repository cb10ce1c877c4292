"""PAWS-X (Yang et al. 2019): adversarial paraphrase pairs."""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="pawsx",
    title="PAWS-X",
    kind="classification",
    metric="accuracy",
    chance=1 / 2,
    labels=("0", "1"),
    hub=(Hub(path="google-research-datasets/paws-x", config="{language}"),),
    columns={"text_a": "sentence1", "text_b": "sentence2", "label": "label"},
    finetuning=Schedule(batch_size=32, epochs=5),
    xtreme=Schedule(
        batch_size=32, epochs=5, learning_rate=2e-5, warmup_fraction=0.0, max_length=128
    ),
    trains_on=("pawsx",),
    target=True,
    shared_examples=True,
    licence="free use, acknowledge Google LLC",
    citation="Yang et al. 2019, PAWS-X, EMNLP",
)
