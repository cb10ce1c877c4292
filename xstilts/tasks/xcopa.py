"""XCOPA (Ponti et al. 2020): COPA in eleven languages; no English row, so no transfer gap."""

from xstilts.tasks import Hub, Task
from xstilts.tasks.copa import COPA_COLUMNS, COPA_QUESTIONS

TASK = Task(
    name="xcopa",
    title="XCOPA",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 2,
    labels=("0", "1"),
    hub=(Hub(path="cambridgeltl/xcopa", config="{language}"),),
    columns=COPA_COLUMNS,
    values={"question": COPA_QUESTIONS},
    trains_on=("siqa", "copa"),
    target=True,
    licence="CC BY 4.0",
    max_length=128,
    citation="Ponti et al. 2020, XCOPA, EMNLP",
)
