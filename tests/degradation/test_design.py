"""The rows that a model is fitted to: parts of similarity, controls, formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.grids import (
    INTERCEPTS,
    KEYS,
    NO_OTHERS,
    WANTED,
    chosen_of,
    effects_rows,
    records,
    simulated,
)

from xstilts.degradation.effects import (
    effects_of,
)
from xstilts.degradation.formulas import (
    PARTS,
    absent,
    parse,
    without,
    without_fixed,
)
from xstilts.degradation.model_frame import design, join, split_similarity
from xstilts.errors import InputError

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
        tested = effects_of(rows, wanted, tested="uriel_syntactic")
        assert {row["absent"] for row in tested} == {""}  # it is known: the parts are its own
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
    with pytest.raises(InputError, match="steps: second: unknown name 'langauges'"):
        wrong.check("degradation")
    WANTED.check("degradation")
