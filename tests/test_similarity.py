"""Similarity measures: one contract for all, and known answers for each."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Study
from scipy import stats

from xstilts.measuring import SIMILARITY, _mixed
from xstilts.similarity import measures
from xstilts.similarity.centroid_cosine import centroid_cosine
from xstilts.similarity.mmd import mmd
from xstilts.tables import read_table
from xstilts.vectors import read_vectors
from xstilts.world import World

RANDOM = np.random.default_rng(0)
NEAR, FAR = RANDOM.normal(1, 1, (80, 8)), RANDOM.normal(-2, 1, (60, 8))


@pytest.mark.parametrize("name", measures())
def test_a_measure_is_symmetric_deterministic_and_best_for_itself(name: str) -> None:
    measure = measures()[name]
    sign = 1 if measure.direction == "similarity" else -1
    same, other = measure.compute(NEAR, NEAR[::-1]), measure.compute(NEAR, FAR)
    assert other == measure.compute(NEAR, FAR)
    assert other == pytest.approx(measure.compute(FAR, NEAR))
    assert sign * same > sign * other


@pytest.mark.parametrize("name", measures())
def test_a_measure_does_not_depend_on_the_axes(name: str) -> None:
    rotation = stats.ortho_group.rvs(8, random_state=0)
    measure = measures()[name]
    turned = measure.compute(NEAR @ rotation, FAR @ rotation)
    assert turned == pytest.approx(measure.compute(NEAR, FAR))


def test_centroid_cosine_by_hand() -> None:
    x, y = np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 3.0]])
    assert centroid_cosine(x, y) == pytest.approx(1 / np.sqrt(2))


def test_mmd_by_hand() -> None:
    # Points 0, 1 and 3, 4 on a line: squared distances 1, 1 within, 9, 16, 4, 9 across; their
    # median over the six pairs is (4 + 9) / 2 = 6.5, so k = exp(-d / 13).
    x, y = np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])
    across = np.mean(np.exp(-np.array([9, 16, 4, 9]) / 13))
    assert mmd(x, y) == pytest.approx(2 * np.exp(-1 / 13) - 2 * across)


def test_mmd_is_zero_on_average_for_one_distribution() -> None:
    random = np.random.default_rng(1)
    values = [mmd(random.normal(size=(30, 3)), random.normal(size=(30, 3))) for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)


def test_several_tasks_mix_in_equal_shares() -> None:
    parts = [np.full((100, 1), 0.0), np.full((20, 1), 1.0)]
    mixed = _mixed(parts)
    assert (mixed == 0).sum() == 50
    assert (mixed == 1).sum() == 20


@pytest.mark.xdist_group("workflow")
def test_measured_similarity_orders_languages_as_planted(finished: Study) -> None:
    path = finished.folder / "results/tiny/similarity/measure=centroid_cosine/model=nano"
    table = read_table(path / "similarity.parquet", SIMILARITY).to_pandas()
    mean = table.groupby("language")["value"].mean()
    world = World()
    planted = {code: world.similarity(code).mean() for code in mean.index}
    assert sorted(mean.index, key=lambda code: mean[code]) == sorted(
        planted, key=lambda c: planted[c]
    )


@pytest.mark.xdist_group("workflow")
def test_none_has_no_similarity_and_vectors_are_read_back_by_language(finished: Study) -> None:
    root = finished.folder / "results/tiny"
    table = read_table(
        root / "similarity/measure=mmd/model=nano/similarity.parquet", SIMILARITY
    ).to_pandas()
    assert set(table["intermediate"]) == {"mnli"}
    vectors = read_vectors(root / "embeddings/part=test/model=nano/task=udpos/vectors.parquet")
    assert {code: found.shape for code, found in vectors.items()} == dict.fromkeys(
        ("en", "qa", "qe", "ql"), (20, 64)
    )
