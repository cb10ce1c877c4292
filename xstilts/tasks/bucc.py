"""BUCC 2018 (Zweigenbaum et al. 2017): mine translation pairs from two pools; not trained.

The shared task's own test gold is not public, so XTREME tests on the training pools, which the hub
has, and finds the threshold on the sample, which it has not: gold pairs alone, as in other copies
of the hub, are no pools to mine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xstilts.tasks import Hub, Task


def sentences(row: Mapping[str, Any], language: str) -> Iterator[dict[str, Any]]:
    """A row per sentence of either pool, of the hub's one row per language.

    Its `gold` holds pairs of sentence numbers, counted from 1 as in the ids of the release.
    """
    for side, (column, code) in enumerate((("sentence1", language), ("sentence2", "en"))):
        keys: dict[int, list[str]] = {}
        for number, pair in enumerate(row["gold"], start=1):
            keys.setdefault(pair[side], []).append(str(number))
        for number, text in enumerate(row[column], start=1):
            texts = {"source": None, "target": None, ("source", "target")[side]: text}
            yield {"id": f"{code}-{number:09}", **texts, "keys": keys.get(number, [])}


TASK = Task(
    name="bucc",
    title="BUCC",
    kind="mining",
    needs="dev",
    metric="mining_f1",
    hub=(
        Hub(
            path="mteb/BUCC",
            config="{language}-en",
            splits={"test": "test"},
            unpacked=sentences,
        ),
    ),
    manual_download=(
        "the hub has the pools to mine, and lacks the sample on which the threshold is found; "
        "unpack bucc2018-XX-en.sample-gold of https://comparable.limsi.fr/bucc2018 into one folder "
        "and write data: {bucc: {path: {dev: FOLDER}, format: bucc}}"
    ),
    columns={"source": "source", "target": "target"},
    target=True,
    max_length=512,
    citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the third BUCC shared task, BUCC",
)
