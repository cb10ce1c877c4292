"""Mewsli-X (Ruder et al. 2021): link a mention to an entity; read from local files."""

from xstilts.tasks import Schedule, Task

TASK = Task(
    name="mewslix",
    title="Mewsli-X",
    kind="dual_encoder",
    reference="pool",
    metric="mrr@20",
    training=Schedule(batch_size=32, epochs=2),
    trains_on=("mewslix",),
    target=True,
    licence="Apache-2.0",
    max_length=64,
)
