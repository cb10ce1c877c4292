"""Outcomes and the mixed model, against hand calculation, simulation and lme4's frozen answers."""

from __future__ import annotations

import mixedlm
import numpy as np
import pandas as pd
import pytest

from xstilts.degradation.answer import answer
from xstilts.degradation.mixed_model import (
    fit,
    join,
    split_similarity,
    statsmodels_criterion,
    terms,
)
from xstilts.degradation.outcomes import add_gap, gaps
from xstilts.errors import InputError

SLOPE = -6.0


def simulated(slope: float = SLOPE, seed: int = 0, targets: int = 6) -> pd.DataFrame:
    """A crossed grid whose gap falls by `slope` per unit of the language's similarity."""
    random = np.random.default_rng(seed)
    languages, intermediates = [f"l{at}" for at in range(14)], ["none", *"abcdef"]
    level = dict(zip(languages, random.normal(size=len(languages)), strict=True))
    noise = {name: random.normal(0, 2, 50) for name in ("language", "target", "pair")}
    rows = []
    for t in range(targets):
        for at, language in enumerate(languages):
            pair = random.normal(0, 0.3)
            for intermediate in intermediates:
                similarity = level[language] + pair + random.normal(0, 0.2)
                gap = 20 + slope * (level[language] + pair)
                gap += noise["language"][at] + noise["target"][t] + random.normal(0, 1.0)
                rows.append(
                    {
                        "intermediate": intermediate,
                        "target": f"t{t}",
                        "language": language,
                        "gap": gap,
                        "similarity": np.nan if intermediate == "none" else similarity,
                    }
                )
    return pd.DataFrame(rows)


def cell(**values: object) -> dict[str, object]:
    row = {
        "model": "m",
        "intermediate": "none",
        "target": "xnli",
        "seed": 1,
        "language": "en",
        "metric": "accuracy",
        "reported": True,
        "diverged": "",
        "value": 80.0,
    }
    return {**row, **values}


def test_the_gap_is_the_english_score_less_the_languages() -> None:
    cells = pd.DataFrame(
        [cell(), cell(language="sw", value=65.0), cell(target="xcopa", language="sw")]
    )
    gap = add_gap(cells).set_index(["target", "language"])["gap"]
    assert gap["xnli", "sw"] == 15.0
    assert np.isnan(gap["xnli", "en"])
    assert np.isnan(gap["xcopa", "sw"])


def test_gaps_are_means_over_seeds_that_did_not_diverge() -> None:
    runs = [
        cell(seed=seed, language=language, value=value, diverged="loss nan" if seed == 3 else "")
        for seed, values in ((1, (80, 60)), (2, (80, 64)), (3, (80, 5)))
        for language, value in zip(("en", "sw"), values, strict=True)
    ]
    (row,) = gaps(add_gap(pd.DataFrame(runs))).to_dict("records")
    assert row["gap"] == 18.0


def test_a_cell_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(InputError, match="seed 1, language en, metric accuracy: more than one"):
        add_gap(pd.DataFrame([cell(), cell()]))


def test_similarity_splits_into_parts_that_add_up() -> None:
    frame = simulated()
    parts = split_similarity(frame)
    assert parts.groupby(["target", "language"])["w"].mean().abs().max() < 1e-9
    assert parts["w"].std() == pytest.approx(1.0)
    assert (parts.loc[parts["intermediate"] == "none", "w"] == 0).all()
    assert parts.groupby("language")["b_language"].nunique().max() == 1


def test_a_simulated_effect_is_inside_its_interval() -> None:
    frame = simulated()
    effects = pd.DataFrame(fit(frame)).set_index("level")
    language = frame.groupby("language")["similarity"].transform("mean")
    truth = SLOPE * language.std()
    row = effects.loc["language"]
    assert row["low"] < truth < row["high"] < 0
    assert effects.loc["within", "low"] < 0 < effects.loc["within", "high"]


def test_no_simulated_effect_is_not_found() -> None:
    row = pd.DataFrame(fit(simulated(slope=0.0, seed=3))).set_index("level").loc["language"]
    assert row["low"] < 0 < row["high"]


def test_the_fit_agrees_with_statsmodels() -> None:
    # Another program on the same data: the two REML criteria agree to 1e-3.
    row = fit(simulated(), check=True)[0]
    assert abs(row["statsmodels_difference"]) < 1e-3


def test_statsmodels_is_given_the_same_model() -> None:
    data = split_similarity(simulated())
    fixed, random, _ = terms(data)
    result = mixedlm.lmer(" + ".join([f"gap ~ {' + '.join(fixed)}", *random]), data)
    ours = statsmodels_criterion(data, fixed, random)
    assert ours == pytest.approx(result.REMLcrit(), abs=1e-3)


def test_terms_that_few_data_cannot_hold_are_named() -> None:
    row = fit(simulated(targets=1))[0]
    assert "(1|target)" in row["dropped"]
    assert "b_target" in row["dropped"]


def test_similarity_that_never_varies_is_an_error() -> None:
    with pytest.raises(InputError, match="the same in every cell"):
        fit(simulated().assign(similarity=1.0))


def test_too_few_cells_are_an_error() -> None:
    frame = simulated()
    one = frame[(frame["target"] == "t0") & (frame["language"] == "l0")]
    with pytest.raises(InputError, match="one target in one language"):
        fit(one)


def test_a_target_and_language_that_lacks_a_value_is_left_out_whole() -> None:
    frame = simulated()
    lacking = (frame["target"] == "t0") & (frame["language"] == "l0")
    kept = frame.dropna().drop(frame.index[lacking & (frame["intermediate"] == "a")])
    joined = join(frame.drop(columns="similarity"), kept)
    assert len(joined) == (~lacking).sum()
    assert not ((joined["target"] == "t0") & (joined["language"] == "l0")).any()


def test_a_measure_of_tasks_has_no_part_between_languages() -> None:
    # Each target has a value of its own, and the languages have different targets.
    value = {"t0": 0.0, "t1": 1.0, "t2": 5.0}
    frame = pd.DataFrame(
        [
            {"intermediate": i, "target": t, "language": code, "similarity": value[t]}
            for i in ("a", "b")
            for t, codes in (("t0", "de fr"), ("t1", "fr sw"), ("t2", "sw th de"))
            for code in codes.split()
        ]
    )
    assert split_similarity(frame)["b_language"].abs().max() > 0
    parts = split_similarity(frame, "task")
    assert parts["b_language"].abs().max() == 0
    means = parts.groupby("target")["b_target"].first()
    # Points of a standard deviation apart, as the values are: (1 - 0) to (5 - 1) is 1 to 4.
    assert (means["t2"] - means["t1"]) / (means["t1"] - means["t0"]) == pytest.approx(4)


def test_a_measure_without_any_value_has_no_fit() -> None:
    with pytest.raises(InputError, match="no cell has a value"):
        fit(simulated().iloc[:0])


def test_the_answer_says_effect_interval_and_truth() -> None:
    effects = [{**row, "measure": "centroid_cosine", "missing": 0} for row in fit(simulated())]
    planted = [{**row, "measure": "planted", "estimate": -5.04} for row in effects]
    text = answer("nano", [*effects, *planted], "centroid_cosine")
    (row,) = (row for row in effects if row["level"] == "language")
    assert f"{-row['estimate']:.1f} points smaller between languages" in text
    assert f"(95% interval {-row['high']:.1f} to {-row['low']:.1f}" in text
    assert "the planted truth is 5.0 points smaller" in text
    assert "which includes none" in text
    flat = [{**row, "estimate": 0.0} for row in planted]
    partly = [{**row, "missing": 12} for row in effects]
    assert "It leaves out 12 more" in answer("nano", partly, "centroid_cosine")
    assert "the planted truth is zero" in answer("nano", [*effects, *flat], "centroid_cosine")
