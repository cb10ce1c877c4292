"""Outcomes by hand, the rows of a model by hand, and its effects on simulated grids."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xstilts.degradation.answer import NOTHING, answer, write_answer
from xstilts.degradation.cross_check import (
    CrossCheckError,
    statsmodels_criterion,
    statsmodels_difference,
)
from xstilts.degradation.design import design, join, split_similarity
from xstilts.degradation.effects import (
    EFFECTS,
    TRUTH,
    VARIANCES,
    Fitted,
    Row,
    effects_of,
    fit_degradation,
    nested_rows,
    permutation_p,
    variance_rows,
    with_multiplicity,
)
from xstilts.degradation.formulas import (
    PARTS,
    Specification,
    absent,
    parse,
    without,
    without_fixed,
)
from xstilts.degradation.inference import adjusted, permuted_languages
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL, fit_formula
from xstilts.degradation.outcomes import CELLS, add_outcomes, analysed, gaps, seed_means
from xstilts.degradation.simulation import EXPECTED, simulated_grid, simulated_outcome
from xstilts.errors import InputError
from xstilts.measuring import SIMILARITY
from xstilts.tables import read_table, rows_table, write_table

KEYS = ["intermediate", "target", "language"]
PLANTED = {"within": -1.5, "between_targets": -1.0, "between_languages": -3.0}
INTERCEPTS = (
    "(1 | language) + (1 | target) + (1 | intermediate) + (1 | intermediate:target)"
    " + (1 | language:target)"
)
WANTED = Specification(
    "gap",
    {
        "intermediate": "trained",
        "by task": "within + between_targets + (0 + within | language) + (0 + within | target)",
        "by language": "between_languages",
    },
    INTERCEPTS,
)
NO_OTHERS = pd.DataFrame(columns=["measure", "intermediate", "target", "language", "similarity"])


def simulated(
    seed: int = 0,
    targets: int = 5,
    languages: int = 10,
    intermediates: str = "abcd",
    effects: dict[str, float] | None = None,
) -> pd.DataFrame:
    """A grid whose gap has effects of PLANTED, in points per standard deviation of each part."""
    random = np.random.default_rng(seed)
    codes = [f"l{at}" for at in range(languages)]
    of_targets = {f"t{at}": codes for at in range(targets)}
    frame = simulated_grid(of_targets, ["none", *intermediates], [1], random)
    outcome = simulated_outcome(frame, effects or PLANTED, EXPECTED, random)
    return frame.assign(gap=15 + outcome, sampling_variance=1.0).drop(columns="seed")


def cells_of(frame: pd.DataFrame, seeds: int = 1, noise: float = 0.5) -> pd.DataFrame:
    """Cells that score 80 in English and lose a frame's gap elsewhere, and noise of each seed."""
    random = np.random.default_rng(0)
    runs = []
    for seed in range(1, seeds + 1):
        value = 80 - frame["gap"] + random.normal(0, noise, len(frame))
        english = frame[["intermediate", "target"]].drop_duplicates()
        runs.append(frame[KEYS].assign(seed=seed, value=value))
        runs.append(english.assign(language="en", seed=seed, value=80.0))
    joined = pd.concat(runs, ignore_index=True)
    return add_outcomes(pd.DataFrame([cell(**row) for row in records(joined)]))


def chosen_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The similarity table of a frame."""
    return frame.dropna(subset="similarity")[[*KEYS, "similarity"]]


@cache
def effects_rows() -> list[dict[str, Any]]:
    """Rows of the effects of a simulated grid, as another test may read but not change them."""
    return effects_of(simulated(), WANTED, check=True)


def by_level(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["level"]: row for row in rows}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def cell(**values: Any) -> dict[str, Any]:
    """A cell that scores 80 of 100 in English after none, and random answers 20."""
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
        "chance": 20.0,
        "n": 100,
    }
    half = 3.92 if values.get("language", "en") != "en" else 1.96
    value = values.get("value", row["value"])
    return {**row, "low": value - half, "high": value + half, **values}


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
    (row,) = gaps(cells).to_dict("records")
    assert row["gap"] == 18.0  # of 20 and 16
    (row,) = seed_means(analysed(cells, "gap", diverged=True), "gap").to_dict("records")
    assert row["gap"] == 37.0  # of 20, 16 and 75


def test_a_gain_over_a_run_of_none_that_diverged_is_left_out() -> None:
    bad = [{**row, "diverged": "loss nan"} for row in FOUR[:2]]
    good = [{**row, "seed": 2} for row in FOUR]
    cells = add_outcomes(pd.DataFrame([*bad, *FOUR[2:], *good]))
    for outcome, count in (("gain", 2), ("gap_change", 1), ("corrected_gain", 2)):
        assert analysed(cells, outcome)["seed"].tolist() == [2] * count
        assert len(analysed(cells, outcome, diverged=True)) == 2 * count
    # A gap is within one run: that after mnli is fine.
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


# Similarity in parts


def test_similarity_splits_into_parts_that_add_up() -> None:
    frame = simulated()
    parts = split_similarity(frame)
    pair = parts.groupby(["target", "language"])["similarity"].transform("mean")
    language = parts.groupby("language")["similarity"].transform("mean")
    raw = {
        "within": parts["similarity"].fillna(pair) - pair,
        "between_targets": pair - language,
        "between_languages": language - language.mean(),
    }
    for name, part in raw.items():
        assert parts[name].std() == pytest.approx(1.0), name
        assert np.allclose(parts[name] * part.std(), part), name
    deviations = np.array([raw[name].std() for name in PARTS])
    total = parts[list(PARTS)].to_numpy() @ deviations + language.mean()
    trained = (parts["trained"] == 1).to_numpy()
    assert np.allclose(total[trained], parts["similarity"].to_numpy()[trained])


def test_none_has_no_similarity_of_its_own() -> None:
    parts = split_similarity(simulated())
    none = parts["intermediate"] == "none"
    assert (parts["trained"] == (~none).astype(float)).all()
    assert (parts.loc[none, "within"] == 0).all()
    other = parts.drop_duplicates(["target", "language"]).set_index(["target", "language"])
    own = parts[none].set_index(["target", "language"])
    assert np.allclose(own["between_targets"], other.loc[own.index, "between_targets"])


def test_parts_of_a_small_grid_are_those_by_hand() -> None:
    value = {("a", "de"): 1.0, ("b", "de"): 3.0, ("a", "sw"): 5.0, ("b", "sw"): 7.0}
    rows = [
        {"intermediate": i, "target": "t", "language": code, "similarity": similarity}
        for (i, code), similarity in value.items()
    ]
    parts = split_similarity(pd.DataFrame(rows))
    # Within -1, 1, -1, 1 and between languages -2, -2, 2, 2: both over their standard deviations.
    unit = np.sqrt(4 / 3)
    assert parts["within"].tolist() == pytest.approx(np.array([-1, 1, -1, 1]) / unit)
    assert parts["between_languages"].tolist() == pytest.approx(np.array([-1, -1, 1, 1]) / unit)
    assert parts["between_targets"].tolist() == [0, 0, 0, 0]


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
    parts = split_similarity(frame)
    assert parts["between_languages"].abs().max() == 0
    means = parts.groupby("target")["between_targets"].first()
    # Points of a standard deviation apart, as the values are: (1 - 0) to (5 - 1) is 1 to 4.
    assert (means["t2"] - means["t1"]) / (means["t1"] - means["t0"]) == pytest.approx(4)


def test_a_target_and_language_that_lacks_a_value_is_left_out_whole() -> None:
    frame = simulated()
    lacking = (frame["target"] == "t0") & (frame["language"] == "l0")
    kept = chosen_of(frame[~(lacking & (frame["intermediate"] == "a"))])
    joined = join(frame.drop(columns="similarity"), kept)
    assert len(joined) == (~lacking).sum()
    assert not ((joined["target"] == "t0") & (joined["language"] == "l0")).any()


# Controls


def controlled(others: pd.DataFrame, controls: str, frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[[*KEYS, "gap"]]
    formula = f"gap ~ within + {controls} + (1 | language)"
    return design(rows, chosen_of(frame), others, formula)


def test_a_fact_of_languages_is_centred_and_scaled_and_unknown_is_the_mean() -> None:
    frame = simulated(targets=1, languages=3, intermediates="a")
    size = {"l0": 1.0, "l1": 3.0, "l2": np.nan}
    others = frame[KEYS].assign(measure="pretraining_size", similarity=frame["language"].map(size))
    found = controlled(others, "pretraining_size", frame)
    assert len(found) == len(frame)
    # Twice -1, 1 and nothing: their standard deviation is the root of 4 / 5.
    expected = {"l0": -np.sqrt(5 / 4), "l1": np.sqrt(5 / 4), "l2": 0.0}
    for code, values in found.groupby("language")["pretraining_size"]:
        assert values.to_numpy() == pytest.approx(expected[str(code)]), code


def test_a_fact_of_tasks_enters_as_it_is_and_is_zero_after_none() -> None:
    frame = simulated(targets=2, languages=2, intermediates="ab")
    same = {("a", "t0"): 1.0, ("b", "t0"): 0.0, ("a", "t1"): np.nan, ("b", "t1"): 0.5}
    trained = frame[frame["intermediate"] != "none"]
    value = [same[pair] for pair in zip(trained["intermediate"], trained["target"], strict=True)]
    others = trained[KEYS].assign(measure="same_data", similarity=value)
    found = controlled(others, "same_data", frame)
    assert len(found) == len(frame)
    expected = {**same, ("a", "t1"): 0.0, ("none", "t0"): 0.0, ("none", "t1"): 0.0}
    for row in records(found):
        assert row["same_data"] == expected[row["intermediate"], row["target"]]


def test_a_control_without_any_value_has_no_column_and_is_named() -> None:
    frame = simulated()
    wanted = replace(WANTED, steps={"language": "uriel_syntactic", **WANTED.steps})
    nothing = frame[KEYS].assign(measure="uriel_syntactic", similarity=np.nan)
    for others in (NO_OTHERS, nothing):
        rows = design(frame[[*KEYS, "gap"]], chosen_of(frame), others, wanted.formula)
        assert "uriel_syntactic" not in rows
        found = effects_of(rows, wanted)
        assert {row["absent"] for row in found} == {"uriel_syntactic"}
        assert found[0]["estimate"] == pytest.approx(effects_rows()[0]["estimate"], rel=1e-4)


def test_a_measure_that_no_formula_names_is_no_control() -> None:
    frame = simulated(targets=2, languages=2)
    others = frame[KEYS].assign(measure="fertility", similarity=1.0)
    assert "fertility" not in controlled(others, "trained", frame)


def test_a_fact_of_a_language_is_the_same_in_all_its_rows() -> None:
    # Else it is not known as one, and not controlled for where languages are permuted.
    frame = simulated()
    holes = frame[~((frame["target"] == "t1") & (frame["intermediate"] == "a"))]
    size = {f"l{at}": 0.1 * (at + 1) for at in range(10)}
    others = holes.dropna()[KEYS].assign(measure="pretraining_size")
    others["similarity"] = others["language"].map(size)
    found = controlled(others, "pretraining_size", frame)
    assert found.groupby("language")["pretraining_size"].nunique().eq(1).all()


# Formulas


def test_steps_join_into_one_formula_with_the_groups_in_each() -> None:
    named = dict(WANTED.nested())
    assert list(named) == ["intermediate", "by task", "by language"]
    assert str(named["intermediate"]) == f"gap ~ trained + {INTERCEPTS}"
    assert str(named["by language"]) == str(WANTED.formula)
    assert str(WANTED.without_similarity) == f"gap ~ trained + {INTERCEPTS}"


def test_a_formula_without_a_variable_has_no_term_of_it() -> None:
    formula = (
        "gap ~ trained + within + trained:within + (1 + within | language) + (0 + within | target)"
    )
    assert str(without(formula, ["within"])) == "gap ~ trained + (1 | language)"
    assert str(without(formula, ["language"])).count("|") == 1
    kept = str(without_fixed("gap ~ trained + within + (0 + within | target)", "within"))
    assert kept == "gap ~ trained + (0 + within | target)"


def test_controls_without_a_column_are_found() -> None:
    formula = parse("gap ~ fertility + trained + same_data + (1 | language)")
    assert absent(formula, ["gap", "same_data", "language"]) == ["fertility"]


def test_a_step_that_names_no_column_is_an_error() -> None:
    wrong = replace(WANTED, steps={"first": "trained", "second": "langauges"})
    with pytest.raises(InputError, match="steps: second, or groups: unknown name 'langauges'"):
        wrong.check("degradation")
    WANTED.check("degradation")


# Effects on simulated grids: the truth is known


def test_simulated_effects_are_inside_their_intervals() -> None:
    effects = by_level(effects_rows())
    assert list(effects) == list(PARTS)
    for level, planted in PLANTED.items():
        assert effects[level]["low"] < planted < effects[level]["high"], level
    assert effects["between_languages"]["high"] < 0
    assert effects["within"]["high"] < 0
    for row in effects.values():
        sizes = [row[f"{axis}s"] for axis in ("language", "target", "intermediate")]
        assert [row["rows"], *sizes] == [250, 10, 5, 5]
        assert row["dropped"] == ""


def test_an_effect_that_is_not_there_is_seldom_found() -> None:
    # Of 30 grids without effects more than 5 are found at 5% once in 300 times, by the binomial.
    found = dict.fromkeys(PARTS, 0)
    for seed in range(30):
        model = fit_formula(WANTED.formula, simulated(seed, effects={"trained": 0.0}))
        for part in PARTS:
            found[part] += model.estimate(part)["p"] < 0.05
    assert max(found.values()) <= 5, found


def test_a_part_adds_what_its_removal_loses() -> None:
    frame = simulated()
    full = fit_formula(WANTED.formula, frame, reml=False, intervals=False)
    bare = fit_formula(WANTED.without_similarity, frame, reml=False, intervals=False)
    for level, row in by_level(effects_rows()).items():
        formula = without_fixed(WANTED.formula, level)
        reduced = fit_formula(formula, frame, reml=False, intervals=False)
        assert row["chi2"] == pytest.approx(reduced.neg2loglik - full.neg2loglik, abs=1e-6)
        assert row["chi2_all"] == pytest.approx(bare.neg2loglik - full.neg2loglik, abs=1e-6)
        assert row["df_all"] == 5  # three slopes, and the spreads of two
        # A part that the others do not share explains its slope squared, by its unit.
        slope = full.estimate(level)["estimate"]
        assert row["part_r2"] == pytest.approx(slope**2 / frame["gap"].var(), abs=0.05)


def test_only_between_targets_is_there_no_permutation() -> None:
    p = {level: row["p_permutation"] for level, row in by_level(effects_rows()).items()}
    assert p.pop("between_targets") is None
    assert all(0 < value < 1 for value in p.values())


def test_facts_of_languages_are_controlled_for_where_languages_are_permuted() -> None:
    frame = simulated()
    size = frame["language"].str[1:].astype(float) - 3 * frame["between_languages"]
    rows = frame.assign(pretraining_size=size, fertility=frame["between_targets"])
    part = "between_languages"
    p = permutation_p(rows, "gap", part, [INTERCEPT, "pretraining_size", "fertility", part])
    assert p == permuted_languages(rows, "gap", part, ["pretraining_size"])
    assert p != permuted_languages(rows, "gap", part, [])


def test_terms_that_one_target_cannot_hold_are_named() -> None:
    rows = effects_of(simulated(targets=1), WANTED)
    dropped = set(rows[0]["dropped"].split(", "))
    alone = {"between_targets", "(1 | target)", "(0 + within | target)"}
    # With one target, these group what the intermediates and languages do.
    assert dropped == alone | {"(1 | intermediate:target)", "(1 | language:target)"}
    assert [row["level"] for row in rows] == ["within", "between_languages"]


def test_terms_that_one_language_cannot_hold_are_named() -> None:
    rows = effects_of(simulated(languages=1, targets=8), WANTED)
    dropped = set(rows[0]["dropped"].split(", "))
    assert {"between_languages", "(1 | language)", "(0 + within | language)"} < dropped
    assert [row["level"] for row in rows] == ["within", "between_targets"]


def test_similarity_that_never_varies_is_an_error() -> None:
    frame = split_similarity(simulated().assign(similarity=1.0))
    with pytest.raises(InputError, match="the same in every cell"):
        effects_of(frame, WANTED)


def test_one_target_in_one_language_is_an_error() -> None:
    with pytest.raises(InputError, match="too few cells"):
        effects_of(simulated(targets=1, languages=1), WANTED)


def test_a_measure_without_any_value_is_an_error() -> None:
    with pytest.raises(InputError, match="no cell has a value of similarity"):
        effects_of(simulated().iloc[:0], WANTED)


@pytest.mark.parametrize("seed", range(4))
def test_ten_rows_give_effects_or_a_refusal_in_words(seed: int) -> None:
    rows = simulated(seed).sample(10, random_state=seed)
    try:
        effects = pd.DataFrame(effects_of(rows, WANTED))
    except InputError as error:
        assert "too few cells" in str(error)
    else:
        assert np.isfinite(effects[["estimate", "se"]].to_numpy()).all()
        assert effects["dropped"].ne("").all()


# statsmodels, another program


def test_the_fit_agrees_with_statsmodels() -> None:
    assert {abs(row["statsmodels_difference"]) < 1e-3 for row in effects_rows()} == {True}
    model = fit_formula(WANTED.formula, simulated())
    assert statsmodels_criterion(model) == pytest.approx(model.neg2loglik, abs=1e-3)


@pytest.mark.parametrize(
    "by",
    [
        0.01,
        -0.01,
        np.nan,
    ],
)
def test_a_criterion_that_statsmodels_does_not_find_is_an_error(by: float) -> None:
    model = fit_formula("gap ~ within + between_languages + (1 | language)", simulated())
    assert abs(statsmodels_difference(model) or 0.0) < 1e-3
    wrong = replace(model, neg2loglik=model.neg2loglik + by)
    with pytest.raises(CrossCheckError, match="neither is reported"):
        statsmodels_difference(wrong)


def test_estimates_that_are_not_the_best_are_an_error() -> None:
    # The criterion of a wrong variance: statsmodels starts from it and finds a better one.
    formula = "gap ~ within + between_languages + (1 | language) + (1 | target)"
    model = fit_formula(formula, simulated())
    poor = fit_formula("gap ~ within + between_languages + (1 | language)", simulated())
    with pytest.raises(CrossCheckError, match="by statsmodels"):
        statsmodels_difference(replace(model, neg2loglik=poor.neg2loglik))


def test_correlated_slopes_are_not_compared() -> None:
    model = fit_formula("gap ~ within + (1 + within | language)", simulated())
    assert statsmodels_difference(model) is None


# Tables


def fitted(frame: pd.DataFrame) -> Fitted:
    return Fitted("m", "centroid_cosine", frame, [])


def test_every_step_is_compared_with_the_one_before() -> None:
    steps = pd.DataFrame(nested_rows(fitted(simulated()), WANTED)).set_index("step")
    assert list(steps.index) == ["intermediate", "by task", "by language"]
    assert np.isnan(steps["chi2"].iloc[0])
    falls = -steps["neg2loglik"].diff()
    assert steps["chi2"].iloc[1:].to_numpy() == pytest.approx(falls.iloc[1:].to_numpy())
    # By hand: a constant, trained, five intercepts, a residual; then two slopes and two variances.
    assert steps["parameters"].tolist() == [8, 12, 13]
    assert steps["df"].tolist()[1:] == [4, 1]
    assert (steps["aic"] - steps["neg2loglik"]).tolist() == pytest.approx([16, 24, 26])
    assert steps["p"].iloc[1] < 0.001  # within is planted
    assert steps["r2_marginal"].is_monotonic_increasing


def test_the_variance_between_languages_falls_where_similarity_explains_it() -> None:
    # Planted: 9 squared points are left to languages, and 36 are of similarity.
    frame = simulated(seed=5, languages=20, effects={"between_languages": -6.0})
    rows = variance_rows(frame, WANTED)
    found = {(row["group"], row["term"]): row for row in rows}
    languages = found["language", INTERCEPT]
    assert languages["variance"] == pytest.approx(9, abs=6)
    assert languages["without"] > 2 * languages["variance"]
    for row in rows:
        assert row["sd"] ** 2 == pytest.approx(row["variance"])
        assert (row["without"] is None) == (row["term"] == "within")
    residual = fit_formula(WANTED.without_similarity, frame).random["variance"].iloc[-1]
    assert found[RESIDUAL, ""]["without"] == pytest.approx(residual)


def test_holm_and_benjamini_hochberg_adjust_as_by_hand() -> None:
    p = pd.Series([0.5, 0.005, 0.02])
    # Holm: 3 x .005, 2 x .02, .5. Benjamini and Hochberg: 3 x .005, 3/2 x .02, .5.
    assert adjusted(p, "holm") == pytest.approx([0.5, 0.015, 0.04])
    assert adjusted(p, "fdr_bh") == pytest.approx([0.5, 0.015, 0.03])
    ties = pd.Series([0.01, 0.02, 0.03, 0.04])
    assert adjusted(ties, "holm") == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert adjusted(ties, "fdr_bh") == pytest.approx([0.04, 0.04, 0.04, 0.04])


def similarity_table(path: Path, frame: pd.DataFrame, **columns: Any) -> str:
    common = {"direction": "similarity", "model": "m", "own": True, "reason": "", **columns}
    rows = records(chosen_of(frame).rename(columns={"similarity": "value"}).assign(**common))
    write_table(path, rows_table(rows, SIMILARITY), SIMILARITY)
    return str(path)


def test_the_tables_are_written_with_p_values_for_all_tests_of_a_model(tmp_path: Path) -> None:
    frame = simulated()
    cells = records(cells_of(frame, noise=0.0))
    write_table(tmp_path / "cells.parquet", rows_table(cells, CELLS), CELLS)
    size = {f"l{at}": float(at) for at in range(10)}
    facts = frame.assign(similarity=frame["language"].map(size).where(frame["trained"] == 1))
    tables = [
        similarity_table(tmp_path / "a.parquet", frame, measure="centroid_cosine", level="cell"),
        similarity_table(
            tmp_path / "b.parquet", facts, measure="pretraining_size", level="language"
        ),
    ]
    expected = frame[[*KEYS, "gap", "similarity"]].assign(model="m")
    expected.to_parquet(tmp_path / "truth.parquet", index=False)
    fit_degradation(
        cells=str(tmp_path / "cells.parquet"),
        similarity=tables,
        truth=[str(tmp_path / "truth.parquet")],
        headline="centroid_cosine",
        degradation={"outcome": "gap", "steps": WANTED.steps, "groups": WANTED.groups},
        effects=str(tmp_path / "effects.parquet"),
        variances=str(tmp_path / "variances.parquet"),
        nested=str(tmp_path / "nested.csv"),
        diagnostics=str(tmp_path / "diagnostics.csv"),
    )
    effects = read_table(tmp_path / "effects.parquet", EFFECTS).to_pandas()
    found = effects.groupby("measure", sort=False)["level"].agg(list)
    assert found.to_dict() == {
        "centroid_cosine": list(PARTS),
        "pretraining_size": ["between_languages"],
        TRUTH: list(PARTS),
    }
    tested = effects[effects["measure"] != TRUTH].sort_values("p")
    by_hand = np.maximum.accumulate(tested["p"].to_numpy() * [4, 3, 2, 1]).clip(max=1)
    assert tested["p_holm"].to_numpy() == pytest.approx(by_hand)
    by_hand = np.minimum.accumulate((tested["p"].to_numpy() * 4 / [1, 2, 3, 4])[::-1])[::-1]
    assert tested["p_bh"].to_numpy() == pytest.approx(by_hand)
    assert effects.loc[effects["measure"] == TRUTH, "p_holm"].isna().all()
    # The cells lose what the truth says, so their slopes are one.
    slopes = effects.pivot(index="level", columns="measure", values="estimate")
    assert slopes["centroid_cosine"].tolist() == pytest.approx(slopes[TRUTH].tolist(), rel=1e-3)
    checked = effects.groupby("measure")["statsmodels_difference"].count()
    assert checked.to_dict() == {"centroid_cosine": 3, "pretraining_size": 0, TRUTH: 0}
    variances = read_table(tmp_path / "variances.parquet", VARIANCES).to_pandas()
    assert variances["group"].iloc[-1] == RESIDUAL
    steps = pd.read_csv(tmp_path / "nested.csv")["step"]
    assert steps.tolist() == list(WANTED.steps)


# The answer


def headline_rows(rows: list[Row], missing: int = 0) -> list[Row]:
    """Rows of the effects of one measure alone, as the table has them."""
    named = {"model": "nano", "measure": "centroid_cosine", "missing": missing}
    return with_multiplicity([{**named, **row} for row in rows])


def test_the_answer_says_effect_interval_and_truth() -> None:
    effects = headline_rows(effects_rows())
    planted = [{**row, "measure": TRUTH, "estimate": -5.04, "p_holm": None} for row in effects]
    text = answer("nano", [*effects, *planted], "centroid_cosine")
    (row,) = (row for row in effects if row["level"] == "between_languages")
    assert f"{-row['estimate']:.1f} points smaller between languages" in text
    assert f"(95% interval {-row['high']:.1f} to {-row['low']:.1f}" in text
    assert "the planted truth is 5.0 points smaller" in text
    assert "which includes none" in text  # between the targets of one language
    assert "Over 250 combinations of 5 intermediates, 5 targets and 10 languages" in text
    assert "dropped" not in text and "leaves out" not in text
    share = 100 * max(row["part_r2"] for row in effects)
    assert f"between languages explains {share:.0f}% of the variance" in text
    found = {row["level"]: int(row["p_holm"] < 0.05) for row in effects}
    said = f"{found['between_languages']} of 1 between languages; {found['between_targets']} of 1"
    assert f"an effect is found by {said} between the targets" in text


def test_the_answer_says_larger_and_zero() -> None:
    effects = headline_rows(effects_rows(), missing=12)
    flat = [{**row, "measure": TRUTH, "estimate": 0.04, "p_holm": None} for row in effects]
    turned = [{**row, "estimate": 1.5, "low": 0.5, "high": 2.5} for row in effects]
    assert "the planted truth is zero" in answer("nano", [*effects, *flat], "centroid_cosine")
    text = answer("nano", turned, "centroid_cosine")
    assert "It leaves out 12 more" in text
    assert "1.5 points larger between languages (95% interval 0.5 to 2.5)" in text


def test_the_answer_says_what_the_data_cannot_hold() -> None:
    rows = effects_of(simulated(targets=1), WANTED)
    effects = headline_rows(rows)
    text = answer("nano", effects, "centroid_cosine")
    assert "cannot hold were dropped: between_targets, " in text
    assert "between the targets of one language" not in text


def test_without_effects_there_is_no_answer_yet(tmp_path: Path) -> None:
    write_table(tmp_path / "effects.parquet", rows_table([], EFFECTS), EFFECTS)
    write_answer(
        effects=str(tmp_path / "effects.parquet"),
        headline="centroid_cosine",
        output=str(tmp_path / "answer.txt"),
    )
    assert (tmp_path / "answer.txt").read_text() == f"{NOTHING}\n"
