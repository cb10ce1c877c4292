"""Measures of subwords equal scipy's and counts by hand."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.samples import RESAMPLES, compared, drawn, rows
from scipy.spatial.distance import jensenshannon

from xstilts.similarity.measure import NoValueError
from xstilts.similarity.subword_counts import Subwords


def subwords(*lists: list[int], words: list[int] | None = None, seed: int = 0) -> Subwords:
    arrays = [np.array(each) for each in lists]
    return Subwords.of(arrays, np.array(words or [1] * len(lists)), "Latin", RESAMPLES, seed)


def test_the_subword_divergence_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    lists = [[random.integers(low, low + 30, 20).tolist() for _ in range(15)] for low in (0, 10)]
    x, y = subwords(*lists[0]), subwords(*lists[1], seed=1)
    expected = []
    for row in rows():
        p, q = (
            np.bincount(np.concatenate([given[at] for at in drawn(side, row)]), minlength=40)
            for given, side in zip(lists, (x, y), strict=True)
        )
        expected.append(jensenshannon(p, q, base=2) ** 2)
    assert compared("jensen_shannon", x, y) == pytest.approx(np.array(expected))


def test_the_subword_divergence_is_0_for_the_same_and_1_for_disjoint_pieces() -> None:
    x = subwords([1, 2, 2], [1, 3])
    assert compared("jensen_shannon", x, subwords([3, 1, 1, 2, 2]))[0] == pytest.approx(
        0, abs=1e-12
    )
    assert compared("jensen_shannon", x, subwords([4, 5])) == pytest.approx(1)


def test_subword_type_overlap_by_hand() -> None:
    # types 1, 2, 3 and 3, 4: one in both, of 3 + 2
    assert compared("type_overlap", subwords([1, 2, 2], [3]), subwords([3, 4]))[0] == 1 / 5


def test_subword_types_of_a_resample_are_those_of_the_texts_drawn() -> None:
    lists = [[1, 2], [3], [4, 4], [5]], [[3, 6], [4], [7], [8]]
    x, y = subwords(*lists[0], seed=3), subwords(*lists[1], seed=4)
    expected = []
    for row in rows():
        own, other = (
            {subword for at in drawn(side, row) for subword in given[at]}
            for given, side in zip(lists, (x, y), strict=True)
        )
        expected.append(len(own & other) / (len(own) + len(other)))
    assert len(set(expected)) > 1
    assert compared("type_overlap", x, y) == pytest.approx(np.array(expected))


def test_fertility_by_hand() -> None:
    # 6 subwords of 2 + 1 words are 2 a word, 5 of 4 are 1.25
    x, y = subwords([1, 2, 3, 4, 5], [6], words=[2, 1]), subwords([1, 2], [3, 4, 5], words=[2, 2])
    found = compared("fertility", x, y)
    assert found[0] == pytest.approx(0.75)
    for row in rows():
        own, other = drawn(x, row), drawn(y, row)
        first = np.array([5, 1])[own].sum() / np.array([2, 1])[own].sum()
        second = np.array([2, 3])[other].sum() / np.array([2, 2])[other].sum()
        assert found[row] == pytest.approx(abs(first - second))


def test_a_script_without_spaces_has_no_fertility() -> None:
    side = Subwords.of([np.array([1, 2])], np.array([1]), "Thai", RESAMPLES, 0)
    with pytest.raises(NoValueError, match="Thai"):
        compared("fertility", subwords([1]), side)
