"""BUCC 2018 (Zweigenbaum et al. 2017): mine translation pairs from two pools; not trained.

The hub's copies have the gold pairs only, not the pools of 10^5 sentences that they hide in, so no
mining score can be computed from them.
"""

from xstilts.tasks import Task

TASK = Task(
    name="bucc",
    title="BUCC",
    kind="mining",
    reference="dev",
    metric="mining_f1",
    advice=(
        "the hub's copies lack the pools to mine; unpack bucc2018-XX-en.sample-gold and "
        ".training-gold of https://comparable.limsi.fr/bucc2018 into one folder and write "
        "data: {bucc: {path: FOLDER, format: bucc}}"
    ),
    target=True,
    max_length=512,
    citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the third BUCC shared task, BUCC",
)
