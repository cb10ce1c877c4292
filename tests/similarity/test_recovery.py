"""Measures find in the embedded world what is planted there, without any training.

The constants of the measures were chosen on the demo's world, of seed 0; this one has another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.examples import fetch
from helpers.invented import fetch_nano, invented

from xstilts.data.encode import encode_task
from xstilts.languages import add_languages, language_facts
from xstilts.similarity.embeddings import embed_texts
from xstilts.similarity.measures import measures
from xstilts.similarity.projection import project_texts
from xstilts.similarity.table import measure_similarity, read_similarity
from xstilts.tasks import intermediate_tasks, target_tasks
from xstilts.world import World, target_languages
from xstilts.world.planted import planted_similarity

pytestmark = pytest.mark.slow

WORLD = World(seed=1, train=400, dev=20, test=150)
EMBEDDED = {
    "layers": [],
    "default_layer": 0,  # the embeddings, which are planted; the layers above mix at random
    "texts": 150,
    "batch_tokens": 8192,
    "precision": "fp32",
}


def encoded(folder: Path, task: str, part: str) -> str:
    """The encoded part of a task in every language that it has in the world."""
    place = folder / part / task
    codes = ["en"] if part == "train" else target_languages(WORLD, task)
    fetch(task, part, codes, place / "data/manifest.json", world=WORLD)
    output = str(place / "encoded/manifest.json")
    encode_task(
        task=task,
        data=str(place / "data/manifest.json"),
        pretrained=str(folder / "pretrained/checkpoint.json"),
        encoded=output,
        max_length=None,
    )
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's texts, embedded: coordinates and parallel sentences."""
    root = tmp_path_factory.mktemp("world")
    pretrained = fetch_nano(WORLD, root / "pretrained/checkpoint.json")
    tables: dict[str, dict[str, str]] = {"train": {}, "test": {}}
    for part, names in (("train", intermediate_tasks()), ("test", target_tasks())):
        for task in names:
            tables[part][task] = str(root / part / task / "vectors.parquet")
            source = encoded(root, task, part)
            embed_texts(
                pretrained=pretrained,
                encoded=source,
                sides=["text"],
                vectors=tables[part][task],
                tokens=str(root / part / task / "tokens.parquet"),
                **EMBEDDED,
            )
    project_texts(tables=tables, coordinates=str(root / "coordinates.parquet"))
    embed_texts(
        pretrained=pretrained,
        sides=["text", "english"],
        encoded=encoded(root, "flores", "test"),
        vectors=str(root / "parallel.parquet"),
        **EMBEDDED,
    )
    return root


def measured(folder: Path, name: str) -> pd.DataFrame:
    """A measure over the whole world, beside the planted similarity."""
    parts = {"train": intermediate_tasks(), "test": target_tasks()}
    files = {
        "texts": str(folder / "coordinates.parquet"),
        "parallel": str(folder / "parallel.parquet"),
        "tokens": {
            part: {task: str(folder / part / task / "tokens.parquet") for task in names}
            for part, names in parts.items()
        },
    }
    output = folder / f"{name}.parquet"
    add_languages(str(invented(WORLD) / "languages.csv"))
    measure_similarity(
        measure=name,
        model="nano",
        intermediates=intermediate_tasks(),
        targets=target_tasks(),
        languages={target: target_languages(WORLD, target) for target in target_tasks()},
        known=language_facts(list(WORLD.languages), None),
        resamples=2,
        files=files[measures()[name].reads],
        table=str(output),
    )
    table = read_similarity([str(output)])
    planted = [
        planted_similarity(WORLD, [row.intermediate], row.target, row.language)
        for row in table.itertuples()
    ]
    return table.assign(planted=planted)


@pytest.mark.parametrize(
    "name", [name for name, measure in measures().items() if measure.reads == "parallel"]
)
def test_alignment_orders_the_languages_as_planted(folder: Path, name: str) -> None:
    table = measured(folder, name).dropna(subset="value")
    found = table.groupby("language")["similarity"].first()
    planted = pd.Series({code: WORLD.similarity(code).mean() for code in found.index})
    assert len(found) == 12
    assert found.corr(planted, method="spearman") >= 0.95


def within_languages(table: pd.DataFrame) -> float:
    """Mean over languages of the correlation of a measure with the planted similarity."""
    pairs = table.groupby("language")[["similarity", "planted"]].corr()
    return float(np.mean(pairs.iloc[0::2, 1]))


def test_theme_overlap_recovers_the_planted_overlap_of_topics(folder: Path) -> None:
    assert within_languages(measured(folder, "theme_overlap")) >= 0.8


def test_nearest_tokens_hardly_follow_the_planted_overlap_of_topics(folder: Path) -> None:
    """As docs/similarity.md says: 0.07. Most tokens of an invented text are of no topic."""
    assert abs(within_languages(measured(folder, "nearest_tokens"))) < 0.2


def test_other_measures_of_texts_follow_it_less(folder: Path) -> None:
    # They also see what a whole set shares, its format, which is no part of what is planted.
    for name in ("centroid_cosine", "mmd", "frechet", "sinkhorn", "sliced_wasserstein"):
        assert 0.2 < within_languages(measured(folder, name)) < 0.8
