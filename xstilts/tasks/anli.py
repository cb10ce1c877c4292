"""ANLI+: adversarial NLI rounds 1-3 (Nie et al. 2020) with SNLI and MNLI, one NLI head."""

from xstilts.tasks import NLI, Hub, Schedule, Task
from xstilts.tasks.mnli import MNLI

TASK = Task(
    name="anli",
    title="ANLI+",
    kind="classification",
    metric="accuracy",
    chance=1 / 3,
    labels=NLI,
    hub=(
        Hub(
            path="facebook/anli",
            splits={
                "train": "train_r1+train_r2+train_r3",
                "dev": "dev_r1+dev_r2+dev_r3",
            },
        ),
        Hub(path="stanfordnlp/snli"),
        MNLI,
    ),
    columns={"text_a": "premise", "text_b": "hypothesis", "label": "label"},
    intermediate=Schedule(batch_size=24, epochs=2),
    licence="CC BY-NC 4.0 (ANLI), CC BY-SA 4.0 (SNLI), mixed (MNLI)",
    citation="Nie et al. 2020, Adversarial NLI, ACL; with SNLI (Bowman et al. 2015) and MNLI",
)
