"""Effects on simulated grids, whose truth is known; their tables; the answer in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.grids import (
    KEYS,
    PLANTED,
    WANTED,
    by_level,
    cells_of,
    effects_rows,
    headline_rows,
    records,
    similarity_table,
    simulated,
)

from xstilts.degradation.answer import NO_ANSWER, answer_of, write_answer
from xstilts.degradation.cross_check import (
    CrossCheckError,
    statsmodels_criterion,
    statsmodels_difference,
)
from xstilts.degradation.effects import (
    EFFECTS,
    TRUTH,
    VARIANCES,
    Fitted,
    effects_of,
    fit_degradation,
    fits,
    nested_rows,
    permutation_p,
    variance_rows,
)
from xstilts.degradation.formulas import (
    PARTS,
    without_fixed,
)
from xstilts.degradation.hypothesis_tests import adjusted, permuted_languages
from xstilts.degradation.missing_cells import missing_cells
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL, fit_formula
from xstilts.degradation.model_frame import split_similarity
from xstilts.degradation.outcomes import CELLS
from xstilts.errors import InputError
from xstilts.grid import cells_of as cells_of_axes
from xstilts.io.tables import read_table, rows_table, write_table
from xstilts.similarity.table import read_default_layer

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
    rows = variance_rows(fit_formula(WANTED.formula, frame), WANTED)
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
        random_effects=str(tmp_path / "random_effects.parquet"),
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
    own = tested[tested["measure"] == "centroid_cosine"]
    by_hand = np.maximum.accumulate(own["p"].to_numpy() * [3, 2, 1]).clip(max=1)
    assert own["p_family"].to_numpy() == pytest.approx(by_hand)
    # The cells lose what the truth says, so their slopes are one.
    slopes = effects.pivot(index="level", columns="measure", values="estimate")
    assert slopes["centroid_cosine"].tolist() == pytest.approx(slopes[TRUTH].tolist(), rel=1e-3)
    checked = effects.groupby("measure")["statsmodels_difference"].count()
    assert checked.to_dict() == {"centroid_cosine": 3, "pretraining_size": 0, TRUTH: 0}
    variances = read_table(tmp_path / "variances.parquet", VARIANCES).to_pandas()
    assert variances["group"].iloc[-1] == RESIDUAL
    steps = pd.read_csv(tmp_path / "nested.csv")["step"]
    assert steps.tolist() == list(WANTED.steps)


def test_a_grid_of_none_alone_has_nothing_to_fit_and_no_error(tmp_path: Path) -> None:
    """Its truth has no similarity, as its cells have none."""
    frame = simulated()
    alone = frame[frame["trained"] == 0].assign(similarity=np.nan)
    alone[[*KEYS, "gap", "similarity"]].assign(model="m").to_parquet(tmp_path / "truth.parquet")
    similarity = read_default_layer(
        [similarity_table(tmp_path / "a.parquet", alone, measure="mmd")]
    )
    truth = [str(tmp_path / "truth.parquet")]
    cells = cells_of(alone).assign(model="m", sampling_variance=1.0)
    assert [*fits(cells, similarity, truth, "mmd", WANTED)] == []


# The answer


def test_the_answer_says_effect_interval_and_truth() -> None:
    effects = headline_rows(effects_rows())
    planted = [{**row, "measure": TRUTH, "estimate": -5.04, "p_holm": None} for row in effects]
    text = answer_of("nano", [*effects, *planted], "centroid_cosine")
    (row,) = (row for row in effects if row["level"] == "between_languages")
    assert f"{-row['estimate']:.1f} points smaller between languages" in text
    assert f"(95% interval {-row['high']:.1f} to {-row['low']:.1f}" in text
    assert "the planted truth is 5.0 points smaller" in text
    assert "which includes zero" in text  # between the targets of one language
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
    assert "the planted truth is zero" in answer_of("nano", [*effects, *flat], "centroid_cosine")
    text = answer_of("nano", turned, "centroid_cosine")
    assert "The fit leaves out 12 more" in text
    assert "1.5 points larger between languages (95% interval 0.5 to 2.5)" in text


def test_the_answer_says_what_the_data_cannot_hold() -> None:
    rows = effects_of(simulated(targets=1), WANTED)
    effects = headline_rows(rows)
    text = answer_of("nano", effects, "centroid_cosine")
    assert "cannot hold were dropped: between_targets, " in text
    assert "between the targets of one language" not in text


GRID = {
    "models": ["nano"],
    "intermediates": ["none", "mnli", "qqp"],
    "targets": ["xnli", "udpos"],
    "languages": {"xnli": ["en", "qa"], "udpos": ["en", "qa", "qb"]},
    "seeds": [1],
}


def write_missing(folder: Path, *gone: tuple[str, str, str]) -> None:
    """Cells of the grid that were not run, by intermediate, target and language."""
    there = [cell for cell in cells_of_axes(GRID) if cell[1:4] not in gone]
    frame = missing_cells(GRID, pd.DataFrame(there))
    frame.to_csv(folder / "missing.csv", index=False)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ((), None),
        ((("mnli", "xnli", "qa"),), "Not run: 1 of 15 cells (1 single ones)."),
        (
            (("none", "udpos", "qb"), ("mnli", "udpos", "qb"), ("qqp", "udpos", "qb")),
            "Not run: 3 of 15 cells (all of language qb).",
        ),
        (
            (
                *(("qqp", target, code) for target in ("xnli", "udpos") for code in ("en", "qa")),
                ("qqp", "udpos", "qb"),
                ("none", "xnli", "qa"),
            ),
            "Not run: 6 of 15 cells (all of intermediate qqp; 1 others).",
        ),
    ],
)
def test_without_effects_there_is_no_answer_yet_and_what_was_not_run_is_said(
    tmp_path: Path, gone: tuple[tuple[str, str, str], ...], sentence: str | None
) -> None:
    write_table(tmp_path / "effects.parquet", rows_table([], EFFECTS), EFFECTS)
    write_missing(tmp_path, *gone)
    write_answer(
        effects=str(tmp_path / "effects.parquet"),
        missing=str(tmp_path / "missing.csv"),
        axes=GRID,
        headline="centroid_cosine",
        answer=str(tmp_path / "answer.txt"),
    )
    found = (tmp_path / "answer.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert found == [NO_ANSWER, sentence] if sentence else [NO_ANSWER]
