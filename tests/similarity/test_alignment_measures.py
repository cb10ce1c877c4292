"""Measures of translations equal loops over pairs."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.samples import compared, drawn, normal, rows, texts
from scipy import stats

from xstilts.similarity.text_set import Texts


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


def test_mutual_retrieval_is_a_loop_over_translations() -> None:
    """MEXA's: a translation counts if no other sentence is as near, in either language."""
    x, y = translations()
    cosines = all_cosines(x, y)
    hits = [
        all(cosines[i][i] > max(cosines[i][j], cosines[j][i]) for j in range(24) if j != i)
        for i in range(24)
    ]
    expected = [np.mean([hits[i] for i in drawn(x, row)]) for row in rows()]
    assert 0 < expected[0] < 1
    assert compared("mutual_retrieval", x, y) == pytest.approx(np.array(expected))
    assert compared("mutual_retrieval", x, y)[0] <= compared("precision_at_1", x, y)[0]


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
