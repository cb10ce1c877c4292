"""The space that all sets are placed in."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.samples import compared, normal
from scipy.spatial.distance import pdist

from xstilts.similarity.projection import fit_space
from xstilts.similarity.text_set import Texts


@pytest.mark.parametrize("width", [3, 64])
def test_distances_of_placed_texts_are_the_original_ones_in_units_of_their_median(
    width: int,
) -> None:
    sets = [normal(seed, 60 + 20 * seed, *[seed] * width, spread=1 + seed) for seed in range(3)]
    space = fit_space(sets)
    original = pdist(np.concatenate(sets))
    placed = pdist(np.concatenate([space.place(vectors) for vectors in sets]))
    assert placed == pytest.approx(original / np.median(original))
    assert np.median(placed**2) == pytest.approx(1, rel=1e-3)  # of an even number, two in between


def test_of_more_axes_the_64_of_most_variation_are_kept() -> None:
    wide = normal(0, 190, *[0] * 70) * np.repeat([1, 0.001], [60, 10])
    space = fit_space([wide[:95], wide[95:]])
    original, placed = pdist(wide), pdist(space.place(wide))
    assert space.turn.shape == (70, 64)
    assert placed == pytest.approx(original / np.median(original), rel=1e-3)


def test_sets_of_any_size_weigh_the_same_in_the_centre() -> None:
    # means 0 and 4: the centre is 2, though one set has three texts and the other one
    sets = [np.array([[-1.0], [0.0], [1.0]]), np.array([[4.0]])]
    assert fit_space(sets).centre == pytest.approx(2)


def test_themes_are_the_axes_along_which_texts_of_one_set_differ() -> None:
    # Sets differ along the first axis, their texts along the others: of variance 9, 6, 4, 1 of 20
    # the first holds 45%, the first two 75%.
    random = np.random.default_rng(0)
    spreads = [0.01, 3, np.sqrt(6), 2, 1]
    sets = [random.normal([at, 0, 0, 0, 0], spreads, (200, 5)) for at in (-30, 0, 30)]
    space = fit_space(sets)
    assert space.themes == 2
    axes = np.abs(space.turn / np.linalg.norm(space.turn, axis=0))
    assert axes[1:3, :2] == pytest.approx(np.eye(2), abs=0.2)
    assert axes[0, :2] == pytest.approx(0, abs=0.01)
    assert axes[0, 4] == pytest.approx(1, abs=0.01)  # what tells the sets apart comes last


def test_cka_of_vectors_that_share_most_of_their_length_is_not_lost_in_rounding() -> None:
    random = np.random.default_rng(0)
    english = random.normal(size=(200, 64))
    other = english + 0.3 * random.normal(size=(200, 64))
    far = 30 * random.normal(size=64)  # as anisotropic encoders have it
    plain, moved = (
        compared("linear_cka", *(Texts.of(side.astype(np.float32), 0, 3, 0) for side in sides))
        for sides in ((english, other), (english + far, other + far))
    )
    np.testing.assert_allclose(moved, plain, rtol=1e-4)
