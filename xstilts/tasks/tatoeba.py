"""Tatoeba (Artetxe and Schwenk 2019): find the English translation; nothing is trained."""

from xstilts.tasks import Hub, Task

TASK = Task(
    name="tatoeba",
    title="Tatoeba",
    kind="bitext",
    metric="retrieval_accuracy",
    hub=(Hub(path="mteb/tatoeba-bitext-mining", config="{iso3}-eng"),),
    columns={"source": "sentence1", "target": "sentence2"},
    target=True,
    licence="CC BY 2.0 FR",
    max_length=512,
    citation="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings, TACL 7",
)
