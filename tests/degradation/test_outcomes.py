"""What a cell loses or gains, by hand, and which rows are analysed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.grids import cell

from xstilts.degradation.outcomes import add_outcomes, analysed, seed_means
from xstilts.errors import InputError


def outcomes(*rows: dict[str, Any]) -> pd.DataFrame:
    return add_outcomes(pd.DataFrame(rows)).set_index(["intermediate", "language"])


FOUR = (
    cell(),
    cell(language="sw", value=60.0),
    cell(intermediate="mnli", value=85.0),
    cell(intermediate="mnli", language="sw", value=70.0),
)


# Outcomes, by hand


def test_the_gap_is_the_english_score_less_the_languages() -> None:
    found = outcomes(*FOUR)
    assert found["gap"]["none", "sw"] == 20.0
    assert found["relative_gap"]["none", "sw"] == 25.0  # of 80
    assert found["gap"]["mnli", "sw"] == 15.0
    assert found["relative_gap"]["mnli", "sw"] == pytest.approx(100 * 15 / 85)


def test_the_gain_is_the_score_less_that_after_none() -> None:
    found = outcomes(*FOUR)
    assert found["gain"]["mnli", "en"] == 5.0
    assert found["gain"]["mnli", "sw"] == 10.0
    assert found["gap_change"]["mnli", "sw"] == -5.0  # 15 after 20
    assert np.isnan(found["gap_change"]["mnli", "en"])
    assert found.loc[["none"], ["gain", "gap_change", "corrected_gain"]].isna().all(axis=None)


def test_corrected_outcomes_are_of_scores_above_chance() -> None:
    # Chance is 20: 80, 60, 85 and 70 are 75, 50, 81.25 and 62.5 of what is above it.
    found = outcomes(*FOUR)
    assert found["corrected_gap"]["none", "sw"] == pytest.approx(25.0)
    assert found["corrected_relative_gap"]["none", "sw"] == pytest.approx(100 / 3)
    assert found["corrected_gain"]["mnli", "sw"] == pytest.approx(12.5)
    assert found["corrected_gap_change"]["mnli", "sw"] == pytest.approx(18.75 - 25)


def test_the_logit_gap_is_of_counts_above_chance_and_a_half() -> None:
    # 75 right and 25 wrong of 100 examples, against 50 and 50; chance is all wrong.
    found = outcomes(*FOUR)["logit_gap"]
    assert found["none", "sw"] == pytest.approx(np.log(75.5 / 25.5))
    below = outcomes(cell(), cell(language="sw", value=11.0, n=50))["logit_gap"]
    assert below["none", "sw"] == pytest.approx(np.log(75.5 / 25.5) - np.log(0.5 / 50.5))


def test_only_the_reported_metric_is_corrected() -> None:
    other = [{**row, "metric": "f1", "reported": False} for row in FOUR]
    found = outcomes(*other)
    assert found["gap"]["none", "sw"] == 20.0
    assert found[["corrected_gap", "logit_gap"]].isna().all(axis=None)


def test_a_score_of_zero_in_english_has_no_relative_gap() -> None:
    found = outcomes(cell(value=0.0, chance=0.0), cell(language="sw", value=0.0, chance=0.0))
    assert found["gap"]["none", "sw"] == 0.0
    assert np.isnan(found["relative_gap"]["none", "sw"])


def test_cells_without_a_gap_say_why() -> None:
    rows = [*FOUR[:2], cell(target="xcopa", language="sw")]
    found = add_outcomes(pd.DataFrame(rows)).set_index(["target", "language"])
    assert found["without_gap"].to_dict() == {
        ("xnli", "en"): "English itself",
        ("xnli", "sw"): "",
        ("xcopa", "sw"): "no English cell",
    }
    assert np.isnan(found["gap"]["xnli", "en"])
    assert np.isnan(found["gap"]["xcopa", "sw"])


def test_english_of_another_seed_metric_or_intermediate_is_not_the_baseline() -> None:
    for axis, value in (("seed", 2), ("metric", "f1"), ("intermediate", "mnli"), ("model", "k")):
        found = add_outcomes(pd.DataFrame([cell(**{axis: value}), cell(language="sw")]))
        assert found["gap"].isna().all(), axis


def test_without_cells_of_none_there_is_no_gain() -> None:
    found = outcomes(*FOUR[2:])
    assert found["gap"]["mnli", "sw"] == 15.0
    assert found[["gain", "gap_change"]].isna().all(axis=None)


def test_a_cell_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(InputError, match="seed 1, language en, metric accuracy: more than one"):
        add_outcomes(pd.DataFrame([cell(), cell()]))


def test_a_score_that_is_not_a_number_has_no_outcome() -> None:
    nan = float("nan")
    cells = add_outcomes(pd.DataFrame([*FOUR[:3], {**FOUR[3], "value": nan}]))
    kept = analysed(cells, "gap")
    assert kept[["intermediate", "language"]].values.tolist() == [["none", "sw"]]
    assert analysed(cells, "gain")["language"].tolist() == ["en"]
    english = add_outcomes(pd.DataFrame([{**FOUR[0], "value": nan}, *FOUR[1:]]))
    assert analysed(english, "gap")["intermediate"].tolist() == ["mnli"]
    assert analysed(english, "gain")["language"].tolist() == ["sw"]


def test_an_unknown_outcome_is_an_error() -> None:
    with pytest.raises(InputError, match="'gaap'; did you mean 'gap'"):
        analysed(add_outcomes(pd.DataFrame(FOUR)), "gaap")


# Which rows are analysed


def test_gaps_are_means_over_seeds_that_did_not_diverge() -> None:
    runs = [
        cell(seed=seed, language=language, value=value, diverged="loss nan" if seed == 3 else "")
        for seed, values in ((1, (80.0, 60.0)), (2, (80.0, 64.0)), (3, (80.0, 5.0)))
        for language, value in zip(("en", "sw"), values, strict=True)
    ]
    cells = add_outcomes(pd.DataFrame(runs))
    (row,) = seed_means(analysed(cells, "gap"), "gap").to_dict("records")
    assert row["gap"] == 18.0  # of 20 and 16
    (row,) = seed_means(analysed(cells, "gap", keeping=["diverged"]), "gap").to_dict("records")
    assert row["gap"] == 37.0  # of 20, 16 and 75


def test_a_gain_over_a_run_of_none_that_diverged_is_left_out() -> None:
    bad = [{**row, "diverged": "loss nan"} for row in FOUR[:2]]
    good = [{**row, "seed": 2} for row in FOUR]
    cells = add_outcomes(pd.DataFrame([*bad, *FOUR[2:], *good]))
    for outcome, count in (("gain", 2), ("gap_change", 1), ("corrected_gain", 2)):
        assert analysed(cells, outcome)["seed"].tolist() == [2] * count
        assert len(analysed(cells, outcome, keeping=["diverged"])) == 2 * count
    # A gap is by_cell one run: that after mnli is fine.
    kept = analysed(cells, "gap")[["seed", "intermediate"]].values.tolist()
    assert kept == [[1, "mnli"], [2, "none"], [2, "mnli"]]


def test_only_the_reported_metric_is_analysed() -> None:
    other = [{**row, "metric": "f1", "reported": False} for row in FOUR]
    assert len(analysed(add_outcomes(pd.DataFrame([*FOUR, *other])), "gap")) == 2


def test_the_variance_of_an_outcome_is_that_of_its_own_score() -> None:
    # The intervals are 1.96 standard errors either way: of 1 in English, of 2 in Swahili. That of
    # the score it is set against is shared by all rows of a run. Chance is 50 of 100 points.
    cells = add_outcomes(pd.DataFrame(FOUR))
    assert analysed(cells, "gap")["sampling_variance"].tolist() == pytest.approx([4.0, 4.0])
    assert analysed(cells, "gain")["sampling_variance"].tolist() == pytest.approx([1.0, 4.0])
    corrected = analysed(cells.assign(chance=50.0), "corrected_gap")
    assert corrected["sampling_variance"].tolist() == pytest.approx([16.0, 16.0])
