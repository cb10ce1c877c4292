"""Each measure gives what other programs, closed forms and loops over its definition give."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import ot
import pytest
from scipy import stats
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, jensenshannon, pdist
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from xstilts.similarity.kernel_means import within_set
from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import NoValueError
from xstilts.similarity.measures import measures, mmd
from xstilts.similarity.measures.sinkhorn import cost
from xstilts.similarity.measures.sliced_wasserstein import DIRECTIONS
from xstilts.similarity.projection import fit_space
from xstilts.similarity.subword_counts import Pieces
from xstilts.similarity.text_set import Texts, bootstrap
from xstilts.similarity.uriel import KINDS, distance, distance_between

RESAMPLES = 3


def texts(vectors: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> Texts:
    """A side of which every axis is one of themes."""
    return Texts.of(vectors, vectors.shape[1], resamples, seed)


def normal(seed: int, count: int, *means: float, spread: float = 0.4) -> np.ndarray:
    """Normal texts around a point; in three dimensions their median distance is about 1."""
    return np.random.default_rng(seed).normal(means, spread, (count, len(means)))


def pieces(*lists: list[int], words: list[int] | None = None, seed: int = 0) -> Pieces:
    arrays = [np.array(each) for each in lists]
    return Pieces.of(arrays, np.array(words or [1] * len(lists)), "Latin", RESAMPLES, seed)


def compared(name: str, x: Any, y: Any) -> np.ndarray:
    """The values of a measure: of the sample, then of each pair of resamples."""
    measure = measures()[name]
    describe = measure.describe or (lambda side: side)
    found: np.ndarray = measure.compute(describe(x), describe(y))
    return found


def drawn(side: Texts | Pieces, row: int) -> np.ndarray:
    """Which texts the sample (row 0) or a resample has, as often as they were drawn."""
    counts = np.rint(side.weights[row] * len(side)).astype(int)
    return np.repeat(np.arange(len(side)), counts)


def same(pairs: int, first: int, second: int) -> Iterator[tuple[Texts, Texts]]:
    """Pairs of samples, of so many texts, of one distribution."""
    for seed in range(pairs):
        x, y = normal(2 * seed, first, 0, 0, 0), normal(2 * seed + 1, second, 0, 0, 0)
        yield texts(x, 0), texts(y, 1)


def rows() -> range:
    """The sample and its resamples."""
    return range(1 + RESAMPLES)


# Resamples


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


# Fréchet distance


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


# Sliced Wasserstein distance


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


# Sinkhorn divergence


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


# Maximum mean discrepancy


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


# Theme overlap


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


# Nearest-neighbour overlap


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


# Centroid cosine


@pytest.mark.parametrize("name", ["centroid_cosine", "text_embedding"])
def test_centroid_cosine_by_hand(name: str) -> None:
    # centroids (1, 0) and (3, 3): 45 degrees
    x, y = texts(np.array([[2.0, 0.0], [0.0, 0.0]])), texts(np.array([[3.0, 3.0]]), 1)
    assert compared(name, x, y)[0] == pytest.approx(1 / np.sqrt(2))


# Subwords


def test_the_subword_divergence_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    lists = [[random.integers(low, low + 30, 20).tolist() for _ in range(15)] for low in (0, 10)]
    x, y = pieces(*lists[0]), pieces(*lists[1], seed=1)
    expected = []
    for row in rows():
        p, q = (
            np.bincount(np.concatenate([given[at] for at in drawn(side, row)]), minlength=40)
            for given, side in zip(lists, (x, y), strict=True)
        )
        expected.append(jensenshannon(p, q, base=2) ** 2)
    assert compared("jensen_shannon", x, y) == pytest.approx(np.array(expected))


def test_the_subword_divergence_is_0_for_the_same_and_1_for_disjoint_pieces() -> None:
    x = pieces([1, 2, 2], [1, 3])
    assert compared("jensen_shannon", x, pieces([3, 1, 1, 2, 2]))[0] == pytest.approx(0, abs=1e-12)
    assert compared("jensen_shannon", x, pieces([4, 5])) == pytest.approx(1)


def test_subword_type_overlap_by_hand() -> None:
    # types 1, 2, 3 and 3, 4: one in both, of 3 + 2
    assert compared("type_overlap", pieces([1, 2, 2], [3]), pieces([3, 4]))[0] == 1 / 5


def test_subword_types_of_a_resample_are_those_of_the_texts_drawn() -> None:
    lists = [[1, 2], [3], [4, 4], [5]], [[3, 6], [4], [7], [8]]
    x, y = pieces(*lists[0], seed=3), pieces(*lists[1], seed=4)
    expected = []
    for row in rows():
        own, other = (
            {piece for at in drawn(side, row) for piece in given[at]}
            for given, side in zip(lists, (x, y), strict=True)
        )
        expected.append(len(own & other) / (len(own) + len(other)))
    assert len(set(expected)) > 1
    assert compared("type_overlap", x, y) == pytest.approx(np.array(expected))


def test_fertility_by_hand() -> None:
    # 6 pieces of 2 + 1 words are 2 a word, 5 of 4 are 1.25
    x, y = pieces([1, 2, 3, 4, 5], [6], words=[2, 1]), pieces([1, 2], [3, 4, 5], words=[2, 2])
    found = compared("fertility", x, y)
    assert found[0] == pytest.approx(0.75)
    for row in rows():
        own, other = drawn(x, row), drawn(y, row)
        first = np.array([5, 1])[own].sum() / np.array([2, 1])[own].sum()
        second = np.array([2, 3])[other].sum() / np.array([2, 2])[other].sum()
        assert found[row] == pytest.approx(abs(first - second))


def test_a_script_without_spaces_has_no_fertility() -> None:
    side = Pieces.of([np.array([1, 2])], np.array([1]), "Thai", RESAMPLES, 0)
    with pytest.raises(NoValueError, match="Thai"):
        compared("fertility", pieces([1]), side)


# Alignment


def translations(count: int = 24) -> tuple[Texts, Texts]:
    """Sentences, and their translations: the same vectors with noise."""
    x = normal(0, count, 0, 0, 0, 0)
    return texts(x), texts(x + normal(1, count, 0, 0, 0, 0))


def all_cosines(x: Texts, y: Texts) -> list[list[float]]:
    return [[float(a @ b / np.sqrt((a @ a) * (b @ b))) for b in y.vectors] for a in x.vectors]


def near(cosines: list[float]) -> float:
    """The mean of the four largest."""
    return sum(sorted(cosines)[-4:]) / 4


def test_the_cosine_gap_is_a_loop_over_pairs() -> None:
    x, y = translations()
    cosines, expected = all_cosines(x, y), []
    for row in rows():
        chosen = drawn(x, row)
        others = [cosines[i][j] for i in chosen for j in chosen if i != j]
        expected.append(np.mean([cosines[i][i] for i in chosen]) - np.mean(others))
    assert compared("cosine_gap", x, y) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("name", ["precision_at_1", "csls"])
def test_a_translation_is_found_if_no_other_sentence_scores_more(name: str) -> None:
    x, y = translations()
    cosines = all_cosines(x, y)
    columns = list(zip(*cosines, strict=True))
    hubs = float(name == "csls")  # CSLS takes off how near each is to what is nearest to it
    hits = []
    for i in range(24):
        there = [2 * cosines[i][j] - hubs * near(list(columns[j])) for j in range(24)]
        back = [2 * cosines[j][i] - hubs * near(cosines[j]) for j in range(24)]
        hits.append(((max(there) == there[i]) + (max(back) == back[i])) / 2)
    expected = np.array([np.mean([hits[i] for i in drawn(x, row)]) for row in rows()])
    assert 0 < expected[0] < 1
    assert compared(name, x, y) == pytest.approx(expected)


def test_csls_finds_what_a_hub_hides() -> None:
    """By hand: sentences at 22 and 0 degrees, translations at 46 and 0.

    The first is nearer to the second's translation (22 degrees) than to its own (24). But that one
    is near to both sentences, by (cos 22 + cos 0) / 2 = .964, its own by (cos 24 + cos 46) / 2 =
    .804: 2 cos 24 - .804 = 1.023 is more than 2 cos 22 - .964 = .891.
    """

    def at(*degrees: float) -> Texts:
        return texts(np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1))

    assert compared("precision_at_1", at(22, 0), at(46, 0))[0] == 3 / 4
    assert compared("csls", at(22, 0), at(46, 0))[0] == 1


def test_the_ratio_margin_is_a_loop_over_translations() -> None:
    x, y = translations()
    cosines = all_cosines(x, y)
    columns = list(zip(*cosines, strict=True))
    ratios = [cosines[i][i] / ((near(cosines[i]) + near(list(columns[i]))) / 2) for i in range(24)]
    expected = [np.mean([ratios[i] for i in drawn(x, row)]) for row in rows()]
    assert compared("margin", x, y) == pytest.approx(np.array(expected))


def test_linear_cka_is_its_definition_on_the_rows_drawn() -> None:
    x, y = texts(normal(0, 30, 1, 2, 3)), texts(normal(0, 30, 1, 2, 3) @ np.ones((3, 5)) + 7)
    y = texts(y.vectors + normal(1, 30, 0, 0, 0, 0, 0))
    norm, expected = np.linalg.norm, []
    for row in rows():
        a, b = (side.vectors[drawn(side, row)] for side in (x, y))
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        expected.append(norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b)))
    assert compared("linear_cka", x, y) == pytest.approx(np.array(expected))


def test_linear_cka_of_a_turned_scaled_and_shifted_copy_is_1() -> None:
    x = normal(0, 30, 1, 2, 3, 4)
    turned = 3 * x @ stats.ortho_group.rvs(4, random_state=0) + 5
    assert compared("linear_cka", texts(x), texts(turned)) == pytest.approx(1)


# URIEL

PAIRS = [(kind, "eng", other) for kind in KINDS for other in ("swh", "deu", "zho", "tha")]
EMPTY = [("genetic", "eng", "eus"), ("phonological", "eng", "heb")]  # all features known are 0
ASK_URIELPLUS = """
import json, logging, sys
from urielplus.urielplus import URIELPlus
logging.disable()
asked, uriel = json.loads(sys.argv[1]), URIELPlus()
print(json.dumps([float(uriel.new_distance(*each)) for each in asked]))
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], float]:
    """The distances of a copy of the package, which writes into its own folder."""
    spec = find_spec("urielplus")
    assert spec and spec.origin
    folder = tmp_path_factory.mktemp("uriel")
    copied = folder / "urielplus"
    shutil.copytree(Path(spec.origin).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for table in (copied / "database").glob("*.npz"):
        table.unlink()  # so that it takes the original tables, whatever happened to the others
    asked = [*PAIRS, *EMPTY]
    command = [sys.executable, "-c", ASK_URIELPLUS, json.dumps(asked)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert all((copied / "database" / name).exists() for name, _ in KINDS.values())
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.mark.xdist_group("uriel")
@pytest.mark.parametrize("asked", PAIRS, ids=" ".join)
def test_distances_are_those_of_urielplus_which_rounds_them(
    asked: tuple[str, str, str], theirs: dict[tuple[str, str, str], float]
) -> None:
    assert distance(*asked) == pytest.approx(theirs[asked], abs=5.1e-5)


@pytest.mark.xdist_group("uriel")
@pytest.mark.parametrize("asked", EMPTY, ids=" ".join)
def test_a_language_without_a_present_feature_is_no_constant_vector_as_in_urielplus(
    asked: tuple[str, str, str], theirs: dict[tuple[str, str, str], float]
) -> None:
    assert theirs[asked] < 1  # Basque, of no family, would be nearer to English than Swahili is
    if asked[0] == "genetic":
        assert distance(*asked) == 1.0
    else:
        with pytest.raises(NoValueError, match="of at least 15"):
            distance(*asked)


def test_what_uriel_does_not_know_has_no_distance() -> None:
    with pytest.raises(NoValueError, match="no language 'qqq'"):
        distance("syntactic", "eng", "qqq")
    with pytest.raises(NoValueError, match="knows 0 phonological features of both 'eng' and 'por'"):
        distance("phonological", "eng", "por")
    english = Known(code="en", name="English", script="Latin", iso3="eng", gigabytes=None)
    invented = Known(code="qa", name="Invented", script="Latin", iso3=None, gigabytes=None)
    with pytest.raises(NoValueError, match="no ISO 639-3 code"):
        distance_between("genetic", english, invented)


# The space of all sets


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
