"""BUCC 2018 (Zweigenbaum et al. 2017): mine translation pairs from two pools; not trained.

The hub's copy has the gold pairs only, not the pools to mine, so it is read from local files.
"""

from xstilts.tasks import Task

TASK = Task(
    name="bucc",
    title="BUCC",
    kind="mining",
    reference="dev",
    metric="mining_f1",
    target=True,
    max_length=512,
)
