"""Measures of two sets of texts equal other programs and closed forms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import ot
import pytest
from helpers.samples import RESAMPLES, compared, drawn, normal, rows, texts
from scipy import stats
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from xstilts.similarity.kernel_means import within_set
from xstilts.similarity.measures import mmd
from xstilts.similarity.measures.sinkhorn import cost
from xstilts.similarity.measures.sliced_wasserstein import DIRECTIONS
from xstilts.similarity.text_set import Texts, bootstrap


def same(pairs: int, first: int, second: int) -> Iterator[tuple[Texts, Texts]]:
    """Pairs of samples, of so many texts, of one distribution."""
    for seed in range(pairs):
        x, y = normal(2 * seed, first, 0, 0, 0), normal(2 * seed + 1, second, 0, 0, 0)
        yield texts(x, 0), texts(y, 1)


def test_weights_are_even_first_and_then_how_often_each_text_was_drawn() -> None:
    weights = bootstrap(30, 50, seed=1)
    assert weights.shape == (51, 30)
    assert weights.sum(axis=1) == pytest.approx(1)
    assert weights[0] == pytest.approx(1 / 30)
    assert weights * 30 == pytest.approx(np.rint(weights * 30))
    # a text is left out of a resample with probability (1 - 1/30)^30 = 0.362
    assert (weights[1:] == 0).mean() == pytest.approx(0.362, abs=0.02)


def test_a_few_texts_have_resamples_of_their_own() -> None:
    side = texts(normal(0, 700, 0, 0))
    few = side.subsample(500)
    assert len(few) == 500
    assert len({tuple(vector) for vector in few.vectors}) == 500  # none twice
    assert {tuple(vector) for vector in few.vectors} <= {tuple(vector) for vector in side.vectors}
    assert few.weights.shape == (1 + RESAMPLES, 500)
    assert few.weights.sum(axis=1) == pytest.approx(1)
    assert few.weights[0] == pytest.approx(1 / 500)
    assert few.weights * 500 == pytest.approx(np.rint(few.weights * 500))
    assert side.subsample(700) is side


@pytest.mark.parametrize(
    "name", ["centroid_cosine", "mmd", "frechet", "sinkhorn", "sliced_wasserstein", "theme_overlap"]
)
def test_resamples_spread_as_new_samples_do(name: str) -> None:
    def pair(seed: int, resamples: int) -> tuple[Texts, Texts]:
        x, y = normal(2 * seed, 200, 0.4, 0, 0), normal(2 * seed + 1, 200, 0.4, 1, 0)
        return texts(x, 0, resamples), texts(y, 1, resamples)

    fresh = [compared(name, *pair(seed, 0))[0] for seed in range(1, 201)]
    resampled = compared(name, *pair(0, 200))[1:]
    # Each of the two standard deviations is itself known to about 5%.
    assert np.std(resampled) == pytest.approx(np.std(fresh), rel=0.35)


def test_frechet_is_the_closed_form_for_diagonal_covariances() -> None:
    # means .3, .2, .1 apart; of commuting covariances the rest is the squared difference of
    # standard deviations: .09 + .04 + .01 + .3^2 + 0 + .4^2 = .39
    random = np.random.default_rng(0)
    x = random.normal([0.3, 0, 0], [0.5, 0.3, 0.2], (20000, 3))
    y = random.normal([0, 0.2, 0.1], [0.2, 0.3, 0.6], (20000, 3))
    assert compared("frechet", texts(x), texts(y, 1))[0] == pytest.approx(0.39, abs=0.02)


def test_frechet_is_that_of_scipys_square_root_and_sklearns_covariances() -> None:
    x, y = normal(0, 30, 0, 0, 0, 0, 0), normal(1, 25, 0.5, 0, 0, 0, 0) * [1, 2, 1, 0.5, 1]
    found = compared("frechet", texts(x), texts(y, 1))[0]
    (a, _), (b, _) = ledoit_wolf(x), ledoit_wolf(y)
    apart = np.square(x.mean(axis=0) - y.mean(axis=0)).sum()
    assert found == pytest.approx(apart + np.trace(a + b - 2 * sqrtm(a @ b).real), rel=1e-6)


def test_frechet_of_a_resample_is_that_of_the_rows_drawn_shrunk_as_the_sample() -> None:
    x, y = texts(normal(0, 30, 0, 0, 0)), texts(normal(1, 25, 0.5, 0, 0), 1)
    found = compared("frechet", x, y)
    for row in rows():
        means, covariances = [], []
        for side in (x, y):
            share = ledoit_wolf(side.vectors)[1]
            some = side.vectors[drawn(side, row)]
            raw = np.cov(some.T, bias=True)
            means.append(some.mean(axis=0))
            covariances.append((1 - share) * raw + share * np.trace(raw) / 3 * np.eye(3))
        a, b = covariances
        apart = np.square(means[0] - means[1]).sum()
        expected = apart + np.trace(a + b - 2 * sqrtm(a @ b).real)
        assert found[row] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("sizes", "tolerance"), [((100, 100), 1e-9), ((300, 300), 0.02), ((230, 470), 0.02)]
)
def test_on_a_line_sliced_wasserstein_is_scipys_wasserstein_distance(
    sizes: tuple[int, int], tolerance: float
) -> None:
    """It takes 100 quantiles, so it is exact for 100 texts."""
    x, y = normal(0, sizes[0], 0.0), normal(1, sizes[1], 0.5, spread=0.8)
    found = compared("sliced_wasserstein", texts(x), texts(y, 1))[0]
    assert found == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]), rel=tolerance)


def test_sliced_wasserstein_is_that_of_pot_along_the_same_directions() -> None:
    x, y = texts(normal(0, 100, 0, 0, 0, 0)), texts(normal(1, 100, 0.5, 0, 0, 0, spread=0.6), 1)
    directions = np.random.default_rng(0).normal(size=(4, DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    expected = [
        ot.sliced_wasserstein_distance(
            x.vectors, y.vectors, x.weights[row], y.weights[row], projections=directions, p=1
        )
        for row in rows()
    ]
    assert compared("sliced_wasserstein", x, y) == pytest.approx(np.array(expected))


def test_sliced_wasserstein_of_a_shift_is_its_mean_length_along_random_directions() -> None:
    # In the plane the mean of |cos| is 2 / pi = .637; over 64 directions its standard error is
    # sqrt(1/2 - 4/pi^2) / 8 = .038.
    x = normal(0, 100, 0, 0)
    found = compared("sliced_wasserstein", texts(x), texts(x + np.array([3, 4]), 1))[0]
    assert found / 5 == pytest.approx(2 / np.pi, abs=3 * 0.038)


@pytest.mark.parametrize("row", rows())
def test_the_transport_cost_is_that_of_pots_plan(row: int) -> None:
    x, y = texts(normal(0, 60, 0, 0, 0)), texts(normal(1, 50, 0.5, 0, 0), 1)
    own, other = drawn(x, row), drawn(y, row)
    distances = cdist(x.vectors[own], y.vectors[other], "sqeuclidean")  # drawn twice: two rows
    plan = ot.sinkhorn([], [], distances, 0.1, stopThr=1e-12, numItermax=100_000)
    assert cost(x, y)[row] == pytest.approx((plan * distances).sum(), rel=1e-6)


def test_the_sinkhorn_divergence_of_a_set_with_itself_is_0() -> None:
    x = texts(normal(0, 60, 0, 0, 0))
    assert compared("sinkhorn", x, x) == pytest.approx(0, abs=1e-12)


def test_the_sinkhorn_divergence_of_two_far_clusters_is_their_squared_distance() -> None:
    x, y = texts(normal(0, 60, 0, 0, spread=0.01)), texts(normal(1, 50, 3, 4, spread=0.01), 1)
    assert compared("sinkhorn", x, y) == pytest.approx(25, rel=0.01)


@pytest.mark.parametrize("share", [60, 55, 52])
def test_the_sinkhorn_divergence_of_sets_on_two_clusters_is_what_has_to_move(share: int) -> None:
    """By hand: of texts at two points, (2 share - 100)% move a squared distance of 2.

    The penalty moves e^(-2 / .1) = 2e-9 of the texts back and forth.
    """
    far, more, less = np.array([[0.0, 0.0], [1.0, 1.0]]), share, 100 - share
    x, y = (np.repeat(far, counts, axis=0) for counts in ([more, less], [less, more]))
    expected = 2 * (2 * share - 100) / 100
    assert compared("sinkhorn", texts(x), texts(y, 1))[0] == pytest.approx(expected, rel=1e-3)


def brute_mmd(x: np.ndarray, y: np.ndarray, own: np.ndarray, other: np.ndarray) -> float:
    """A mean over pairs of different texts of each set, and one over pairs across."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-sum((a - b) ** 2) / 2))

    within = [
        np.mean([k(side[i], side[j]) for i in chosen for j in chosen if i != j])
        for side, chosen in ((x, own), (y, other))
    ]
    across = np.mean([k(x[i], y[j]) for i in own for j in other])
    return float(sum(within) - 2 * across)


def test_mmd_is_a_double_loop_over_pairs_of_different_texts() -> None:
    x, y = texts(normal(0, 12, 0, 0, 0)), texts(normal(1, 9, 0.5, 0, 0), 1)
    expected = [brute_mmd(x.vectors, y.vectors, drawn(x, row), drawn(y, row)) for row in rows()]
    assert compared("mmd", x, y) == pytest.approx(np.array(expected))


def test_mmd_is_0_on_average_for_samples_of_one_distribution() -> None:
    values = [compared("mmd", x, y)[0] for x, y in same(400, 20, 25)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(400)


def p_value(x: Texts, y: Texts) -> float:
    first, second = (within_set(side, mmd.kernel) for side in (x, y))
    return mmd.permutation_p(first, second)


def test_the_permutation_test_is_as_often_significant_by_chance_as_it_says() -> None:
    found = np.array([p_value(x, y) for x, y in same(200, 20, 25)])
    for level in (0.1, 0.5, 0.9):  # p-values are whole hundredths
        low, high = stats.binom.interval(0.999, 200, level)
        assert low <= (found < level + 0.005).sum() <= high


def test_far_sets_have_the_least_p_value_that_99_permutations_can_give() -> None:
    x, y = texts(normal(0, 20, 0, 0, 0)), texts(normal(1, 25, 3, 0, 0), 1)
    assert p_value(x, y) == 1 / 100


def test_theme_overlap_of_texts_on_far_themes_is_the_cosine_of_their_shares() -> None:
    """Lengths, and axes that are not of themes, do not count."""
    random = np.random.default_rng(0)
    shares, others = np.array([250, 150, 100]), np.array([60, 100, 240])

    def side(counts: np.ndarray, seed: int) -> Texts:
        on = np.repeat(np.eye(3), counts, axis=0) * random.uniform(0.5, 2, (counts.sum(), 1))
        return Texts.of(np.hstack([on, random.normal(seed, 1, (len(on), 2))]), 3, RESAMPLES, seed)

    def within(counts: np.ndarray) -> float:
        # k is 1 for two texts of one theme, e^-5 for two of different ones; n(n - 1) pairs
        n, same = counts.sum(), (counts * (counts - 1)).sum()
        different = n**2 - (counts**2).sum()
        return float((same + np.exp(-5) * different) / (n * (n - 1)))

    same = shares @ others
    across = (same + np.exp(-5) * (500 * 400 - same)) / (500 * 400)
    found = compared("theme_overlap", side(shares, 0), side(others, 1))[0]
    assert found == pytest.approx(across / np.sqrt(within(shares) * within(others)))
    cosine = same / np.linalg.norm(shares) / np.linalg.norm(others)
    assert found == pytest.approx(cosine, abs=0.02)


def test_theme_overlap_of_two_samples_of_one_distribution_is_about_1() -> None:
    values = [compared("theme_overlap", x, y)[0] for x, y in same(50, 80, 300)]
    assert np.mean(values) == pytest.approx(1, abs=0.02)


def test_neighbour_overlap_is_counted_among_sklearns_nearest_neighbours() -> None:
    x, y = texts(normal(0, 40, 0, 0, 0)), texts(normal(1, 70, 0.5, 0, 0), 1)
    search = NearestNeighbors(n_neighbors=10).fit(np.concatenate([x.vectors, y.vectors]))
    others = search.kneighbors(return_distance=False)  # of each point, itself not among them
    # by chance 70 of the 109 others of a text of x are of y, 40 of those of a text of y of x
    of_x = (others[:40] >= 40).mean(axis=1) / (70 / 109)
    of_y = (others[40:] < 40).mean(axis=1) / (40 / 109)
    expected = [(of_x[drawn(x, row)].mean() + of_y[drawn(y, row)].mean()) / 2 for row in rows()]
    assert compared("neighbour_overlap", x, y) == pytest.approx(np.array(expected))


def test_neighbour_overlap_of_samples_of_one_distribution_is_1_whatever_their_sizes() -> None:
    values = [compared("neighbour_overlap", x, y)[0] for x, y in same(40, 60, 300)]
    assert abs(np.mean(values) - 1) < 3 * np.std(values) / np.sqrt(40)


@pytest.mark.parametrize("name", ["centroid_cosine", "text_embedding"])
def test_centroid_cosine_by_hand(name: str) -> None:
    # centroids (1, 0) and (3, 3): 45 degrees
    x, y = texts(np.array([[2.0, 0.0], [0.0, 0.0]])), texts(np.array([[3.0, 3.0]]), 1)
    assert compared(name, x, y)[0] == pytest.approx(1 / np.sqrt(2))
