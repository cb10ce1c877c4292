"""COPA (Roemmele et al. 2011): the more plausible cause or effect of a premise."""

from xstilts.tasks import XTREME_CHOICE, Hub, Schedule, Task

# The official XCOPA script asks in English, whatever the language of the premise.
COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What was the effect?"}
COPA_COLUMNS = {
    "prompt": "premise + question",
    "choices": "choice1, choice2",
    "label": "label",
}

TASK = Task(
    name="copa",
    title="COPA",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 2,
    labels=("0", "1"),
    hub=(Hub(path="aps/super_glue", config="copa"),),
    columns=COPA_COLUMNS,
    values={"question": COPA_QUESTIONS},
    finetuning=Schedule(batch_size=32, epochs=5),
    xtreme=XTREME_CHOICE,
    max_length=128,
    licence="BSD 2-Clause",
    citation="Roemmele, Bejan and Gordon 2011, Choice of Plausible Alternatives, AAAI-SS",
)
