"""SQuAD 1.1 as retrieval, question -> paragraph: what LAReQA trains on."""

from xstilts.tasks import Hub, Schedule, Task

TASK = Task(
    name="squad_retrieval",
    title="SQuAD 1.1 retrieval",
    kind="dual_encoder",
    reference="pool",
    metric="map@20",
    hub=(Hub(path="rajpurkar/squad", config="plain_text"),),
    columns={"key": "context", "query": "question", "candidate": "context"},
    training=Schedule(batch_size=16, epochs=3),
    licence="CC BY-SA 4.0",
)
