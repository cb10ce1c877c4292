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
    effects_of_frame,
    effects_rows,
    records,
    simulated,
)

from xstilts.degradation.formulas import absent, parse, without
from xstilts.degradation.model_frame import design, join
from xstilts.degradation.parts import AXES, PARTS, parts_of, split_similarity
from xstilts.errors import InputError
from xstilts.similarity.measure import Level

# Similarity in parts


def test_a_grid_without_holes_splits_as_an_analysis_of_variance() -> None:
    """Against double and triple centring by means, which is right where no cell lacks."""
    frame = simulated()
    trained = frame[frame["trained"] == 1]
    means = {
        axes: trained.groupby([*axes])["similarity"].transform("mean")
        for axes in [(), *PARTS.values()][1:]
    }
    whole = trained["similarity"].mean()
    parts = parts_of(trained, "similarity")
    for (axis,) in (("language",), ("target",), ("intermediate",)):
        assert np.allclose(parts[f"by_{axis}"], means[(axis,)] - whole)
    for part, axes in PARTS.items():
        if len(axes) == 2:
            by_hand = means[axes] - means[(axes[0],)] - means[(axes[1],)] + whole
            assert np.allclose(parts[part], by_hand), part
    assert np.allclose(sum(parts.values()), trained["similarity"] - whole)
    table = pd.DataFrame(parts)
    assert np.allclose(table.corr(), np.eye(len(PARTS)), atol=1e-9)


def test_parts_of_a_grid_with_holes_add_up_and_do_not_hang_on_which_cells_lack() -> None:
    """What is only of languages, targets and intermediates stays there, whatever was run."""
    frame = simulated()
    trained = frame[frame["trained"] == 1].sample(frac=0.7, random_state=0)
    effect = {axis: trained[axis].str[-1:].map(ord).astype(float) for axis in AXES}
    sums = effect["language"] + 2 * effect["target"] - 3 * effect["intermediate"]
    parts = parts_of(trained.assign(similarity=sums), "similarity")
    assert np.allclose(parts["by_language"], effect["language"] - effect["language"].mean())
    assert np.allclose(parts["by_target"], 2 * (effect["target"] - effect["target"].mean()))
    assert max(parts[part].abs().max() for part in PARTS if len(PARTS[part]) > 1) < 1e-9
    real = parts_of(trained, "similarity")
    deviation = trained["similarity"] - trained["similarity"].mean()
    assert np.allclose(sum(real.values()), deviation)


def test_parts_are_in_standard_deviations_of_the_cells_that_were_trained() -> None:
    parts = split_similarity(simulated())
    trained = parts[parts["trained"] == 1]
    assert trained[list(PARTS)].std().to_numpy() == pytest.approx(np.ones(len(PARTS)))
    seeds = pd.concat([simulated().assign(seed=seed) for seed in (1, 2)])
    twice = split_similarity(seeds.drop(columns=[*PARTS]).reset_index(drop=True))
    assert np.allclose(twice[list(PARTS)], pd.concat([parts, parts])[list(PARTS)])


def test_none_has_no_similarity_of_its_own() -> None:
    parts = split_similarity(simulated())
    none = parts["intermediate"] == "none"
    assert (parts["trained"] == (~none).astype(float)).all()
    own, other = (rows.set_index(["target", "language"]) for rows in (parts[none], parts[~none]))
    other = other[~other.index.duplicated()]
    for part, axes in PARTS.items():
        if "intermediate" in axes:
            assert (own[part] == 0).all(), part
        else:
            assert np.allclose(own[part], other.loc[own.index, part]), part


def test_parts_of_a_small_grid_are_those_by_hand() -> None:
    value = {("a", "de"): 1.0, ("b", "de"): 3.0, ("a", "sw"): 5.0, ("b", "sw"): 9.0}
    rows = [
        {"intermediate": i, "target": "t", "language": code, "similarity": similarity}
        for (i, code), similarity in value.items()
    ]
    parts = parts_of(pd.DataFrame(rows), "similarity")
    # The mean is 4.5; de is 2 and sw 7, a is 3 and b 6; the rest is 1 - 4.5 + 2.5 + 1.5 = 0.5.
    assert parts["by_language"].tolist() == pytest.approx([-2.5, -2.5, 2.5, 2.5])
    assert parts["by_intermediate"].tolist() == pytest.approx([-1.5, 1.5, -1.5, 1.5])
    assert parts["by_intermediate_language"].tolist() == pytest.approx([0.5, -0.5, -0.5, 0.5])
    assert max(parts[part].abs().max() for part in ("by_target", "by_cell")) < 1e-12
    scaled = split_similarity(pd.DataFrame(rows))
    unit = np.sqrt(4 / 3)  # the standard deviation of -1, -1, 1, 1
    assert scaled["by_language"].tolist() == pytest.approx(np.array([-1, -1, 1, 1]) / unit)
    assert "by_target" not in scaled  # it does not vary


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("language", {"by_language"}),
        ("task", {"by_target", "by_intermediate", "by_intermediate_target"}),
        ("cell", {*PARTS}),
    ],
)
def test_a_measure_has_the_parts_of_its_level_and_no_others(
    level: Level, expected: set[str]
) -> None:
    """On a grid with holes, too, where languages have different targets."""
    frame = simulated()
    frame = frame[frame["language"].str[-1:].map(int) % 5 != frame["target"].str[-1:].map(int)]
    keys = {"language": ["language"], "task": ["intermediate", "target"], "cell": KEYS}[level]
    value = pd.Series(frame.groupby(keys).ngroup(), frame.index).astype(float) ** 1.5 % 7
    rows = frame.drop(columns=[*PARTS]).assign(similarity=value.where(frame["trained"] == 1))
    parts = split_similarity(rows, level)
    assert {*PARTS} & {*parts.columns} == expected
    if level != "cell":
        split = parts_of(rows[rows["trained"] == 1], "similarity", level)
        left = rows["similarity"] - rows["similarity"].mean() - sum(split.values())
        assert left.abs().max() < 1e-9  # nothing is left for other parts


def test_a_cell_without_a_value_is_left_out_and_none_where_no_cell_of_its_pair_has_one() -> None:
    frame = simulated()
    pair = (frame["target"] == "t0") & (frame["language"] == "l0")
    outcomes = frame.drop(columns="similarity")
    one = join(outcomes, chosen_of(frame[~(pair & (frame["intermediate"] == "a"))]))
    assert len(one) == len(frame) - 1
    whole = join(outcomes, chosen_of(frame[~pair]))
    assert len(whole) == (~pair).sum()


# Controls


def controlled(others: pd.DataFrame, controls: str, frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[[*KEYS, "gap"]]
    formula = f"gap ~ by_cell + {controls} + (1 | language)"
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
        found = effects_of_frame(rows, wanted)
        assert {row["absent"] for row in found} == {"uriel_syntactic"}
        tested = effects_of_frame(rows, wanted, tested="uriel_syntactic")
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
    assert list(named) == ["intermediate", "by language", "by the rest"]
    assert str(named["intermediate"]) == f"gap ~ trained + {INTERCEPTS}"
    assert str(named["by the rest"]) == str(WANTED.formula)
    assert str(WANTED.without_similarity) == f"gap ~ trained + {INTERCEPTS}"


def test_a_formula_without_a_variable_has_no_term_of_it() -> None:
    formula = (
        "gap ~ trained + by_cell + trained:by_cell"
        " + (1 + by_cell | language) + (0 + by_cell | target)"
    )
    assert str(without(formula, ["by_cell"])) == "gap ~ trained + (1 | language)"
    assert str(without(formula, ["language"])).count("|") == 1


def test_controls_without_a_column_are_found() -> None:
    formula = parse("gap ~ fertility + trained + same_data + (1 | language)")
    assert absent(formula, ["gap", "same_data", "language"]) == ["fertility"]


def test_a_step_that_names_no_column_is_an_error() -> None:
    wrong = replace(WANTED, steps={"first": "trained", "second": "langauges"})
    with pytest.raises(InputError, match="steps: second: unknown name 'langauges'"):
        wrong.check("degradation")
    WANTED.check("degradation")


def test_holes_among_the_scores_leave_the_parts_of_similarity_as_they_are() -> None:
    """A measure whose sum over intermediates is fixed has no part of languages, nor gets one."""
    grid = simulated().drop(columns=[*PARTS])
    trained = grid["intermediate"] != "none"
    pairs = [grid["target"], grid["language"]]
    grid["similarity"] -= grid["similarity"].groupby(pairs).transform("mean")
    measured = grid.loc[trained, [*AXES, "similarity"]]
    outcomes = grid[[*AXES, "gap"]]
    lost = trained & (outcomes.index % 7 == 0)
    kept = outcomes[~lost]
    whole, holes = (design(rows, measured, NO_OTHERS, "gap ~ 1") for rows in (outcomes, kept))
    assert not {"by_language", "by_target", "by_target_language"} & {*holes.columns}
    both = whole.merge(holes, on=[*AXES], suffixes=("", "_holes"))
    for part in {*PARTS} & {*whole.columns}:
        assert np.allclose(both[part], both[f"{part}_holes"]), part
    # On the cells with a score alone they would be mixed.
    mixed = split_similarity(join(kept, measured))
    assert "by_language" in mixed
