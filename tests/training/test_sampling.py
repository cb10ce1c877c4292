"""Sampling: what a step trains on, checked by frequencies and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.training.sampling import batch_of, proportions, stream_order


def test_streams_are_drawn_in_proportion_to_their_capped_size() -> None:
    shares = proportions([100, 900, 10_000], cap=1000)
    assert shares == pytest.approx([0.05, 0.45, 0.5])
    order = stream_order(shares, steps=20_000, seed=0)
    np.testing.assert_allclose(np.bincount(order) / len(order), shares, atol=0.01)


def test_temperature_flattens_the_proportions() -> None:
    """By hand: the square roots of 100 and 900 are 10 and 30."""
    assert proportions([100, 900], cap=1000, temperature=2) == pytest.approx([0.25, 0.75])


def test_small_languages_are_drawn_more_often_than_they_are_large() -> None:
    """XLM-R's exponent of 0.3, by hand: 16 times as large is drawn 16 ** 0.3 = 2.297 times."""
    small, large = proportions([100, 1600], cap=10_000, temperature=1 / 0.3)
    assert large / small == pytest.approx(2.297, abs=0.001)


def test_an_epoch_holds_every_row_once_and_any_batch_can_be_asked_for() -> None:
    epochs = [
        np.concatenate([batch_of(10, 4, number, seed=0) for number in numbers])
        for numbers in (range(3), range(3, 6))
    ]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert list(epochs[0]) != list(epochs[1])
    assert list(batch_of(10, 4, 4, seed=0)) == list(epochs[1][4:8])
    assert list(batch_of(10, 4, 0, seed=1)) != list(batch_of(10, 4, 0, seed=0))
