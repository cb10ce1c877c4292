"""Effects on simulated grids, whose truth is known; their tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.grids import (
    INTERCEPTS,
    KEYS,
    PLANTED,
    WANTED,
    by_level,
    cells_of,
    effects_of_frame,
    effects_rows,
    records,
    similarity_table,
    simulated,
)

from xstilts.degradation.cross_check import (
    CrossCheckError,
    statsmodels_criterion,
    statsmodels_difference,
)
from xstilts.degradation.effects import (
    EFFECTS,
    TRUTH,
    VARIANCES,
    fit_degradation,
    fit_similarity,
    fits,
    permutation_p,
    variance_rows,
)
from xstilts.degradation.estimable import random_words
from xstilts.degradation.hypothesis_tests import adjusted, permuted_languages
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL, fit_formula
from xstilts.degradation.nested_steps import nested_rows
from xstilts.degradation.outcomes import CELLS
from xstilts.degradation.parts import PARTS, parts_of, split_similarity
from xstilts.degradation.simulation import Spread, simulated_outcome
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, write_table
from xstilts.similarity.table import read_default_layer

# Effects on simulated grids: the truth is known


def test_simulated_effects_are_inside_their_intervals() -> None:
    effects = by_level(effects_rows())
    assert list(effects) == list(PARTS)
    for level, planted in PLANTED.items():
        assert effects[level]["low"] < planted < effects[level]["high"], level
    for row in effects.values():
        sizes = [row[f"{axis}s"] for axis in ("language", "target", "intermediate")]
        assert [row["rows"], *sizes] == [250, 10, 5, 5]
        assert row["dropped"] == ""


@pytest.mark.slow
def test_an_effect_that_is_not_there_is_seldom_found() -> None:
    # Of 20 grids without effects more than 4 are found at 5% once in 400 times, by the binomial.
    found = dict.fromkeys(PARTS, 0)
    for seed in range(20):
        model = fit_similarity(simulated(seed, effects={"trained": 0.0}), WANTED)
        for part in PARTS:
            found[part] += model.estimate(part)["p"] < 0.05
    assert max(found.values()) <= 4, found


def test_an_effect_has_the_degrees_of_freedom_of_its_own_error_term() -> None:
    """By hand, for 10 languages, 5 targets and 4 trained intermediates beside none.

    A slope by intermediate is of 4 groups where none has no part, else of 5; each loses one. What
    is the same by_cell a language is compared between 10, less constant and slope; and so on.
    """
    found = {level: row["df"] for level, row in by_level(effects_rows()).items()}
    assert found == {
        "by_language": min(5 - 1, 5 - 1, 10 - 2),
        "by_target": min(10 - 1, 5 - 1, 5 - 2),
        "by_target_language": min(5 - 1, 10 - 1, 5 - 1),
        "by_intermediate": min(10 - 1, 5 - 1, 5 - 3),  # constant, trained and slope
        "by_intermediate_target": min(4 - 1, 5 - 1, 10 - 1),
        "by_intermediate_language": min(4 - 1, 5 - 1, 10 - 1),
        "by_cell": min(4 - 1, 5 - 1, 10 - 1),
    }


def test_a_balanced_grid_without_slopes_is_the_analysis_of_variance_of_every_stratum() -> None:
    """Each part of the outcome regressed on the same part of similarity, by least squares."""
    frame = simulated()
    random = np.random.default_rng(2)
    spreads = [Spread(":".join(axes), INTERCEPT, 4.0) for axes in [*PARTS.values()][:-1]]
    outcome = simulated_outcome(frame, PLANTED, [*spreads, Spread(RESIDUAL, "", 1.0)], random)
    trained = frame.assign(gap=outcome)[frame["trained"] == 1]
    split = parts_of(trained, "gap")
    model = fit_formula(f"gap ~ {' + '.join(PARTS)} + {INTERCEPTS}", trained, df="containment")
    sizes = {"language": 10, "target": 5, "intermediate": 4}
    for part, axes in PARTS.items():
        x, y = trained[part].to_numpy(), split[part].to_numpy()
        slope = (x @ y) / (x @ x)
        freedom = np.prod([sizes[axis] - 1 for axis in axes]) - 1
        error = np.sqrt(((y - slope * x) ** 2).sum() / freedom / (x @ x))
        found = model.estimate(part)
        assert found["estimate"] == pytest.approx(slope, abs=1e-6), part
        assert found["df"] == freedom, part
        assert found["se"] == pytest.approx(error, rel=1e-4), part
    assert not model.singular  # no variance is zero, which an analysis of variance may have below


def test_what_a_slope_explains_is_its_square_over_the_variance_of_its_own_part() -> None:
    frame = simulated()
    own = parts_of(frame[frame["trained"] == 1], "gap")
    for level, row in by_level(effects_rows()).items():
        whole = own[level].var()
        assert row["explained"] == pytest.approx(min(row["estimate"] ** 2 / whole, 1.0))
        ends = sorted((row["low"] ** 2 / whole, row["high"] ** 2 / whole))
        assert row["explained_high"] == pytest.approx(min(ends[1], 1.0))
        spans = row["low"] < 0 < row["high"]
        assert row["explained_low"] == pytest.approx(0.0 if spans else min(ends[0], 1.0))


def test_two_parts_have_a_permutation() -> None:
    p = {level: row["p_permutation"] for level, row in by_level(effects_rows()).items()}
    permuted = {level for level, value in p.items() if value is not None}
    assert permuted == {"by_language", "by_intermediate_target"}
    assert all(0 < p[level] < 1 for level in permuted)


def test_facts_of_languages_are_controlled_for_where_languages_are_permuted() -> None:
    frame = simulated()
    size = frame["language"].str[1:].astype(float) - 3 * frame["by_language"]
    rows = frame.assign(pretraining_size=size, same_data=frame["by_target"])
    part = "by_language"
    p = permutation_p(rows, "gap", part, [INTERCEPT, "pretraining_size", "same_data", part])
    assert p == permuted_languages(rows, "gap", part, ["pretraining_size"])
    assert p != permuted_languages(rows, "gap", part, [])


def test_one_target_has_the_parts_without_targets() -> None:
    rows = effects_of_frame(simulated(targets=1))
    dropped = set(rows[0]["dropped"].split(", "))
    # With one target, these group what the intermediates and languages do.
    alone = {"(1 | target)", "(1 | target:language)", "(1 | intermediate:target)"}
    slopes = {f"(0 + {row['level']} | target)" for row in rows}
    assert dropped >= alone | slopes
    levels = {"by_language", "by_intermediate", "by_intermediate_language"}
    assert {row["level"] for row in rows} == levels


def test_one_language_has_the_parts_without_languages() -> None:
    rows = effects_of_frame(simulated(languages=1, targets=8))
    assert {"(1 | language)", "(0 + by_target | language)"} <= set(rows[0]["dropped"].split(", "))
    levels = {"by_target", "by_intermediate", "by_intermediate_target"}
    assert {row["level"] for row in rows} == levels


def test_slopes_go_from_the_last_where_rows_are_few() -> None:
    frame = simulated(0, 3, 4, "ab")
    model = fit_similarity(frame[frame["trained"] == 1], WANTED)  # 24 rows, two intermediates
    slopes = [random_words(term) for term in WANTED.formula.random if not term.has_intercept]
    enough = [name for name in slopes if "| intermediate)" not in name]  # three groups at least
    kept = [name for name in enough if name not in model.dropped]
    assert 0 < len(kept) < len(enough)
    assert kept == enough[: len(kept)]
    assert {*slopes} - {*enough} <= {*model.dropped}


def test_similarity_that_never_varies_is_an_error() -> None:
    frame = split_similarity(simulated().drop(columns=[*PARTS]).assign(similarity=1.0))
    with pytest.raises(InputError, match="the same in every cell"):
        effects_of_frame(frame)


def test_one_target_in_one_language_is_an_error() -> None:
    with pytest.raises(InputError, match="too few cells"):
        effects_of_frame(simulated(targets=1, languages=1))


def test_a_measure_without_any_value_is_an_error() -> None:
    with pytest.raises(InputError, match="no cell has a value of similarity"):
        effects_of_frame(simulated().iloc[:0])


@pytest.mark.parametrize("seed", range(4))
def test_ten_rows_give_effects_or_a_refusal_in_words(seed: int) -> None:
    rows = simulated(seed).sample(10, random_state=seed)
    try:
        effects = pd.DataFrame(effects_of_frame(rows))
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
    model = fit_formula("gap ~ by_cell + by_language + (1 | language)", simulated())
    assert abs(statsmodels_difference(model) or 0.0) < 1e-3
    wrong = replace(model, neg2loglik=model.neg2loglik + by)
    with pytest.raises(CrossCheckError, match="neither is reported"):
        statsmodels_difference(wrong)


def test_estimates_that_are_not_the_best_are_an_error() -> None:
    # The criterion of a wrong variance: statsmodels starts from it and finds a better one.
    formula = "gap ~ by_cell + by_language + (1 | language) + (1 | target)"
    model = fit_formula(formula, simulated())
    poor = fit_formula("gap ~ by_cell + by_language + (1 | language)", simulated())
    with pytest.raises(CrossCheckError, match="by statsmodels"):
        statsmodels_difference(replace(model, neg2loglik=poor.neg2loglik))


def test_correlated_slopes_are_not_compared() -> None:
    model = fit_formula("gap ~ by_cell + (1 + by_cell | language)", simulated())
    assert statsmodels_difference(model) is None


# Tables


def test_every_step_is_compared_with_the_one_before() -> None:
    frame = simulated()
    whole = fit_similarity(frame, WANTED).formula
    steps = pd.DataFrame(nested_rows(frame, whole, WANTED)).set_index("step")
    assert list(steps.index) == [*WANTED.steps]
    assert np.isnan(steps["chi2"].iloc[0])
    falls = -steps["neg2loglik"].diff()
    assert steps["chi2"].iloc[1:].to_numpy() == pytest.approx(falls.iloc[1:].to_numpy())
    # By hand: a constant, trained, six intercepts, a residual; a slope and two variances; then six
    # slopes and 16 variances.
    assert steps["parameters"].tolist() == [9, 12, 34]
    assert steps["df"].tolist()[1:] == [3, 22]
    assert (steps["aic"] - steps["neg2loglik"]).tolist() == pytest.approx([18, 24, 68])
    assert steps["p"].iloc[2] < 0.001  # most parts are planted


def test_the_variance_between_languages_falls_where_similarity_explains_it() -> None:
    # Planted: 9 squared points are left to languages, and 36 are of similarity.
    frame = simulated(seed=5, languages=20, effects={"by_language": -6.0})
    full = fit_similarity(frame, WANTED)
    rows = variance_rows(full, WANTED)
    found = {(row["group"], row["term"]): row for row in rows}
    languages = found["language", INTERCEPT]
    assert languages["variance"] == pytest.approx(9, abs=6)
    assert languages["without"] > 2 * languages["variance"]
    for row in rows:
        assert row["sd"] ** 2 == pytest.approx(row["variance"])
        assert (row["without"] is None) == (row["term"] in PARTS)
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
        "pretraining_size": ["by_language"],
        TRUTH: list(PARTS),
    }
    tested = effects[effects["measure"] != TRUTH].sort_values("p")
    by_hand = np.maximum.accumulate(tested["p"].to_numpy() * range(8, 0, -1)).clip(max=1)
    assert tested["p_holm"].to_numpy() == pytest.approx(by_hand)
    by_hand = np.minimum.accumulate((tested["p"].to_numpy() * 8 / range(1, 9))[::-1])[::-1]
    assert tested["p_bh"].to_numpy() == pytest.approx(by_hand)
    assert effects.loc[effects["measure"] == TRUTH, "p_holm"].isna().all()
    own = tested[tested["measure"] == "centroid_cosine"]
    by_hand = np.maximum.accumulate(own["p"].to_numpy() * range(7, 0, -1)).clip(max=1)
    assert own["p_family"].to_numpy() == pytest.approx(by_hand)
    # The cells lose what the truth says, so their slopes are one.
    slopes = effects.pivot(index="level", columns="measure", values="estimate")
    assert slopes["centroid_cosine"].tolist() == pytest.approx(slopes[TRUTH].tolist(), rel=1e-3)
    checked = effects.groupby("measure")["statsmodels_difference"].count()
    assert checked.to_dict() == {"centroid_cosine": 7, "pretraining_size": 0, TRUTH: 0}
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
