"""LAReQA (Roy et al. 2020): find answers in a pool of all languages; from local files."""

from xstilts.tasks import Task

TASK = Task(
    name="lareqa",
    title="LAReQA",
    kind="dual_encoder",
    reference="pool",
    metric="map@20",
    trains_on=("squad_retrieval",),
    target=True,
    licence="CC BY-SA 4.0",
)
