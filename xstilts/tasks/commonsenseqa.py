"""CommonsenseQA (Talmor et al. 2019): five answers to a question, question stem only."""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="commonsenseqa",
    title="CommonsenseQA",
    kind="multiple_choice",
    metric="accuracy",
    chance=1 / 5,
    labels=("A", "B", "C", "D", "E"),
    hub=(Hub(path="tau/commonsense_qa"),),
    columns={"prompt": "question", "choices": "choices.text", "label": "answerKey"},
    intermediate=Schedule(batch_size=4, epochs=10),
    licence="MIT",
    citation="Talmor et al. 2019, CommonsenseQA, NAACL",
)
