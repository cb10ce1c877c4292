"""Mewsli-X (Ruder et al. 2021): link a mention to an entity of a pool of a million descriptions.

The released data (2022-05-18) are a new sample: no score on them compares with the paper's.
"""

from xstilts.tasks import Schedule, Task

TASK = Task(
    name="mewslix",
    title="Mewsli-X",
    kind="dual_encoder",
    needs="pool",
    metric="mrr@20",
    manual_download=(
        "the hub's copy cannot be read reliably, and the release lacks the WikiNews texts; unpack "
        "https://storage.googleapis.com/gresearch/mewsli/mewsli-x_20220518_6.zip, restore the "
        "texts with its get-mewsli-x.sh, and write data: {mewslix: {path: FOLDER, format: mewslix}}"
    ),
    finetuning=Schedule(batch_size=32, epochs=2),
    xtreme=Schedule(batch_size=32, epochs=2, learning_rate=1e-5, warmup_fraction=0.0),
    trains_on=("mewslix",),
    target=True,
    licence="Apache-2.0",
    max_length=64,
    citation="Ruder et al. 2021, XTREME-R, EMNLP",
)
