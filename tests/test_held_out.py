"""Predictions of what was left out, and slopes under other choices: by hand and by simulation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as formulas
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor
from test_degradation import (
    INTERCEPTS,
    KEYS,
    NO_OTHERS,
    WANTED,
    cells_of,
    chosen_of,
    records,
    similarity_table,
    simulated,
)

from xstilts.degradation import held_out as module
from xstilts.degradation.design import design
from xstilts.degradation.formulas import PARTS, Specification
from xstilts.degradation.held_out import HELD_OUT, held_out, predict_held_out, predictors, skills
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS
from xstilts.degradation.sensitivity import (
    VARIANTS,
    Headline,
    check_sensitivity,
    fit_weighted,
    resampled,
    variants,
)
from xstilts.errors import InputError
from xstilts.tables import read_table, rows_table, write_table

MANY = 9  # languages of the larger grid
STRONG = {"between_languages": -6.0, "within": -2.0}
BARE = " without similarity"
pytestmark = pytest.mark.filterwarnings("ignore:An input array is constant")  # of no skill


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """What is tested of gradient boosting needs no hundred trees, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        few = HistGradientBoostingRegressor(random_state=0, max_iter=3, min_samples_leaf=5)
        patch.setattr(module, "_boosting", lambda: few)
        yield


def grid(seed: int = 0, languages: int = 6, targets: int = 3, **columns: Any) -> pd.DataFrame:
    """Rows of a small grid with strong effects; no language's family is known."""
    frame = simulated(seed, targets, languages, "abc", STRONG)
    return frame.assign(**{"family": np.nan, **columns})


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Everything that is predicted of the larger grid."""
    return pd.DataFrame(held_out(grid(languages=MANY), WANTED)).assign(model="m")


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    """Everything that is predicted of one grid of six languages."""
    return pd.DataFrame(held_out(grid(), WANTED))


def of(predictions: pd.DataFrame, predictor: str, scheme: str = "language") -> pd.DataFrame:
    mine = (predictions["predictor"] == predictor) & (predictions["scheme"] == scheme)
    return predictions[mine]


# Leaving out


def test_every_row_is_predicted_once_by_every_scheme_and_predictor(
    predictions: pd.DataFrame,
) -> None:
    assert set(predictions["scheme"]) == {"language", "target", "intermediate"}
    for (scheme, name), mine in predictions.groupby(["scheme", "predictor"]):
        assert len(mine) == MANY * 3 * 4 == len(mine.drop_duplicates(KEYS)), (scheme, name)
        assert (mine["group"] == mine[str(scheme)]).all()
    observed = predictions.merge(grid(languages=MANY), on=KEYS)
    assert (observed["observed"] == observed["gap"]).all()


def test_the_mixed_model_predicts_what_mixedlm_does_of_the_other_rows(
    predictions: pd.DataFrame,
) -> None:
    frame = grid(languages=MANY)
    for scheme, group in (("language", "l3"), ("target", "t1"), ("intermediate", "b")):
        out = frame[scheme] == group
        formula = fit_formula(WANTED.formula, frame[~out]).formula
        fit = mixedlm.lmer(formula, frame[~out])
        mine = of(predictions, "mixed model", scheme)
        mine = mine[mine["group"] == group].set_index(KEYS).loc[frame[out].set_index(KEYS).index]
        expected = fit.predict(frame[out], allow_new_levels=True)
        assert mine["predicted"].to_numpy() == pytest.approx(expected, abs=1e-4), scheme


@pytest.mark.parametrize(
    ("scheme", "group"), [("language", "l2"), ("target", "t1"), ("intermediate", "a")]
)
def test_no_outcome_of_what_is_left_out_is_used(
    scheme: str, group: str, small: pd.DataFrame
) -> None:
    frame = grid()
    out = frame[scheme] == group
    random = np.random.default_rng(0)
    other = frame.assign(gap=frame["gap"].where(~out, random.normal(50, 20, len(frame))))
    found, changed = small, pd.DataFrame(held_out(other, WANTED))
    mine = (found["scheme"] == scheme) & (found["group"] == group)
    assert mine.sum() == out.sum() * found["predictor"].nunique()
    assert not np.allclose(found.loc[mine, "observed"], changed.loc[mine, "observed"])
    for column in ("predicted", "sd"):
        same = found.loc[mine, column].to_numpy(dtype=float)
        assert np.array_equal(same, changed.loc[mine, column].to_numpy(dtype=float), True), column
    rest = (found["scheme"] == scheme) & (found["group"] != group)
    assert not np.allclose(found.loc[rest, "predicted"], changed.loc[rest, "predicted"])


def test_degrees_of_freedom_are_of_the_groups_that_were_fitted(predictions: pd.DataFrame) -> None:
    fitted = {"language": MANY - 1, "target": 3 - 1, "intermediate": 4 - 1}
    for scheme, count in fitted.items():
        assert set(of(predictions, "mixed model", scheme)["df"]) == {count - 1}
    for name in ("mean", "linear", "gradient boosting"):
        assert of(predictions, name)[["sd", "df"]].isna().all(axis=None)


def test_families_are_left_out_where_they_are_known() -> None:
    family = dict(zip(("l0", "l1", "l2", "l3", "l4"), "uvwww", strict=True))  # none of l5
    frame = grid()
    found = pd.DataFrame(held_out(frame.assign(family=frame["language"].map(family)), WANTED))
    mine = of(found, "mixed model", "family")
    languages = mine.groupby("group")["language"].unique().map(sorted).to_dict()
    assert languages == {"u": ["l0"], "v": ["l1"], "w": ["l2", "l3", "l4"]}
    assert set(mine["df"]) == {1.0}
    # To leave out a family of one language is to leave out the language.
    alone = of(found, "mixed model").set_index(KEYS)["predicted"]
    first = mine[mine["group"] == "u"].set_index(KEYS)["predicted"]
    assert first.to_numpy() == pytest.approx(alone.loc[first.index].to_numpy(), abs=1e-9)


def test_two_groups_are_too_few_to_leave_one_out(caplog: pytest.LogCaptureFixture) -> None:
    frame = grid(targets=2)
    family = frame["language"].map({"l0": "u", "l1": "v"})
    with caplog.at_level(logging.WARNING):
        found = pd.DataFrame(held_out(frame.assign(family=family), WANTED))
    assert set(found["scheme"]) == {"language", "intermediate"}
    assert "target: 2 of them; leaving out needs 3" in caplog.text
    assert "family: 2 of them" in caplog.text


def test_only_facts_that_differ_predict() -> None:
    assert list(predictors(grid(), WANTED, "language")) == [
        "mean",
        "similarity alone",
        "linear",
        f"linear{BARE}",
        "nearest neighbours",
        f"nearest neighbours{BARE}",
        "gradient boosting",
        f"gradient boosting{BARE}",
        "mixed model",
        f"mixed model{BARE}",
    ]
    size = grid()["language"].str[1:].astype(float)
    known = grid(pretraining_size=size, uriel_syntactic=1.0)
    assert set(predictors(known, WANTED, "language")) - set(
        predictors(grid(), WANTED, "language")
    ) == {"pretraining size"}
    both = known.assign(uriel_syntactic=-size)
    assert "URIEL" in predictors(both, WANTED, "language")


def test_facts_predict_where_the_outcome_follows_them() -> None:
    frame = simulated(0, 2, 8, "a", STRONG)
    size = frame["language"].str[1:].astype(float)
    known = frame.assign(pretraining_size=size, gap=size + 0.01 * frame["gap"])
    out = known["language"].isin(["l1", "l6"])
    errors = {
        name: float(np.abs(make(known[~out], known[out])[0] - known.loc[out, "gap"]).mean())
        for name, make in predictors(known, WANTED, "language").items()
    }
    assert errors["pretraining size"] < 0.5
    assert errors[f"linear{BARE}"] < 0.5
    assert errors["mean"] > 2


# Skill


def test_similarity_that_has_an_effect_predicts(predictions: pd.DataFrame) -> None:
    # Planted: 36 squared points of similarity between languages, which else differ by 9.
    found = {(row["scheme"], row["predictor"]): row for row in skills(predictions)}
    with_it, without_it = (found["language", f"mixed model{bare}"] for bare in ("", BARE))
    assert with_it["r2"] > without_it["r2"] + 0.2
    assert with_it["mae"] < without_it["mae"]
    assert with_it["gain"] == pytest.approx(with_it["r2"] - without_it["r2"])
    assert with_it["gain_high"] > with_it["gain"] > with_it["gain_low"]
    assert with_it["groups"] == MANY
    assert "gain" not in without_it


def test_similarity_without_an_effect_predicts_nothing() -> None:
    frame = simulated(1, 2, 7, "ab", {"trained": 0.0}).assign(family=np.nan)
    found = skills(pd.DataFrame(held_out(frame, WANTED)).assign(model="m"))
    (row,) = (
        row for row in found if (row["scheme"], row["predictor"]) == ("language", "mixed model")
    )
    assert row["gain"] < 0.1
    assert row["gain_low"] < 0


def small_table() -> pd.DataFrame:
    """Two groups of two rows, predicted by a model and by it without similarity."""
    common = {"model": "m", "scheme": "language", "intermediate": "a", "target": ["t", "u"] * 2}
    rows = {**common, "group": list("xxyy"), "language": list("xxyy"), "observed": [1.0, 2, 3, 4]}
    sure = pd.DataFrame(rows).assign(
        predictor="mixed model", predicted=[1.0, 2.0, 3.0, 6.0], sd=2.0, df=3.0
    )
    bare = pd.DataFrame(rows).assign(
        predictor=f"mixed model{BARE}", predicted=2.5, sd=[3.0, 0.5, 0.25, 0.5], df=3.0
    )
    return pd.concat([sure, bare])


def test_skill_is_that_by_hand() -> None:
    row, bare = skills(small_table())
    assert row["mae"] == 0.5
    assert row["r2"] == pytest.approx(1 - 4 / 5)  # 2 squared, over 1.5, 0.5, 0.5, 1.5 squared
    assert row["spearman"] == pytest.approx(1)
    assert (bare["mae"], bare["r2"]) == (1.0, 0.0)
    assert np.isnan(bare["spearman"])  # all are predicted alike
    assert row["gain"] == pytest.approx(0.2)
    # Of the first group alone 2.5 less 0 of 2.5; of the second 2.5 less 4: each a draw in four.
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((-0.6, 1.0))


def test_the_share_inside_intervals_is_that_by_hand() -> None:
    # Student's t of 3 degrees of freedom: 0.765, 1.638 and 3.182 for 50, 80 and 95%.
    row, bare = skills(small_table())
    assert [row[f"inside_{level}"] for level in (50, 80, 95)] == [0.75, 1.0, 1.0]  # 0, 0, 0, 1
    assert [bare[f"inside_{level}"] for level in (50, 80, 95)] == [0.25, 0.5, 1.0]  # .5, 1, 2, 3


def test_without_intervals_nothing_is_said_of_them() -> None:
    plain = small_table().assign(sd=None)
    assert not any(name.startswith("inside") for row in skills(plain) for name in row)
    assert skills(plain.iloc[:0]) == []


def test_intervals_of_the_mixed_model_hold(predictions: pd.DataFrame) -> None:
    # Rows of a language are wrong together, so with few languages the shares are only roughly so.
    for row in skills(predictions):
        if (row["scheme"], row["predictor"]) == ("language", "mixed model"):
            assert row["inside_50"] < row["inside_80"] < row["inside_95"]
            assert row["inside_95"] > 0.8


# What cannot be predicted


def test_a_target_and_language_run_after_none_only_is_no_obstacle() -> None:
    frame = grid()
    other = (frame["target"] == "t0") & (frame["language"] == "l0") & (frame["trained"] == 1)
    left = frame[~other]
    rows = design(left[[*KEYS, "gap"]], chosen_of(left), NO_OTHERS, WANTED.formula)
    assert len(list(held_out(rows.assign(family=np.nan), WANTED))) > 0


def test_a_new_target_with_a_fixed_effect_is_not_taken_for_another() -> None:
    fixed = Specification("gap", {"all": "target + within + between_languages"}, "(1 | language)")
    frame = grid()
    out = frame["target"] == "t0"
    with pytest.raises(InputError, match="no effect is known of it"):
        predictors(frame, fixed, "target")["mixed model"](frame[~out], frame[out])


def test_held_out_predictions_are_written_with_their_skill(tmp_path: Path) -> None:
    frame = simulated(0, 2, 6, "ab", STRONG)
    cells = records(cells_of(frame, noise=0.0))
    write_table(tmp_path / "cells.parquet", rows_table(cells, CELLS), CELLS)
    table = similarity_table(tmp_path / "a.parquet", frame, measure="centroid_cosine", level="cell")
    predict_held_out(
        cells=str(tmp_path / "cells.parquet"),
        similarity=[table],
        headline="centroid_cosine",
        degradation={"outcome": "gap", "steps": WANTED.steps, "groups": WANTED.groups},
        families={"l0": "u", "l1": "u", "l2": "v", "l3": "w", "l4": "w"},
        output=str(tmp_path / "held_out.parquet"),
        skill=str(tmp_path / "skill.csv"),
    )
    found = read_table(tmp_path / "held_out.parquet", HELD_OUT).to_pandas()
    assert set(found["scheme"]) == {"language", "family", "intermediate"}  # of two targets, none
    observed = found.merge(frame, on=KEYS)
    assert observed["observed"].to_numpy() == pytest.approx(observed["gap"].to_numpy())
    skill = pd.read_csv(tmp_path / "skill.csv")
    assert len(skill) == len(found.drop_duplicates(["scheme", "predictor"]))
    groups = skill.groupby("scheme")["groups"].unique().map(list).to_dict()
    assert groups == {"language": [6], "family": [3], "intermediate": [3]}


# Other choices


def headline(frame: pd.DataFrame, seeds: int = 1, **change: Any) -> Headline:
    asked = Headline(
        cells=cells_of(frame, seeds),
        chosen=chosen_of(frame),
        others=NO_OTHERS,
        wanted=WANTED,
        resamples=4,
    )
    return replace(asked, **change)


def rows_of(asked: Headline, variant: str) -> dict[str, dict[str, Any]]:
    """Rows of one variant by level."""
    return {row["level"]: row for row in VARIANTS[variant](asked)}


@pytest.fixture(scope="module")
def asked() -> Headline:
    """Two seeds of a grid; one run of the second seed diverged."""
    given = headline(simulated(2, 4, 8, "abc", STRONG), seeds=2)
    bad = (given.cells["seed"] == 2) & (given.cells["intermediate"] == "a")
    bad &= given.cells["target"] == "t0"
    return replace(given, cells=given.cells.assign(diverged=np.where(bad, "loss nan", "")))


@pytest.fixture(scope="module")
def found(asked: Headline) -> list[dict[str, Any]]:
    return list(variants(asked))


def test_every_variant_has_slopes_or_says_why_not(found: list[dict[str, Any]]) -> None:
    named = list(dict.fromkeys(row["variant"] for row in found))
    assert named == [*VARIANTS, *(f"without t{at}" for at in range(4))]
    for name in named:
        mine = [row for row in found if row["variant"] == name]
        assert [row["level"] for row in mine] == list(PARTS), name
        for row in mine:
            assert row["low"] < row["high"], name
            assert name.startswith("bootstrap") or row["low"] < row["estimate"] < row["high"]
    few = headline(simulated(0, 2, 2, "a"))
    assert {row["variant"] for row in variants(few)} >= set(VARIANTS)
    for row in variants(few):
        assert "estimate" in row or "too few cells" in row["notes"]


def test_a_variant_has_the_unit_of_its_outcome(found: list[dict[str, Any]]) -> None:
    units = {row["variant"]: row["unit"] for row in found}
    assert units["relative gap"] == "percent"
    assert units["logit gap"] == "logits"
    assert units["chance-corrected"] == "of the main fit, chance-corrected"
    assert units["without t0"] == units["main fit"] == "of the main fit"


def test_gaps_of_another_scale_have_slopes_of_that_scale(asked: Headline) -> None:
    # English scores 80 everywhere, and chance is 20: both shares are of 80, so 5 / 4 of the points.
    main = rows_of(asked, "main fit")
    for variant in ("relative gap", "chance-corrected"):
        for level, row in rows_of(asked, variant).items():
            assert row["estimate"] == pytest.approx(1.25 * main[level]["estimate"], rel=1e-3)
            assert row["se"] == pytest.approx(1.25 * main[level]["se"], rel=1e-3)
    for level, row in rows_of(asked, "logit gap").items():
        assert row["estimate"] * main[level]["estimate"] > 0


def test_runs_that_diverged_are_in_the_variant_that_keeps_them(asked: Headline) -> None:
    runs = 4 * 4 * 8
    assert rows_of(asked, "main fit")["within"]["rows"] == runs
    assert rows_of(asked, "every seed")["within"]["rows"] == 2 * runs - 8
    main, kept = (
        rows_of(asked, name)["within"]["estimate"] for name in ("main fit", "with diverged runs")
    )
    assert main != kept
    # All seeds without the flag are the same as all seeds kept.
    clean = replace(asked, cells=asked.cells.assign(diverged=""))
    assert rows_of(clean, "main fit")["within"]["estimate"] == kept


def test_leaving_a_target_out_is_the_fit_of_the_others(
    asked: Headline, found: list[dict[str, Any]]
) -> None:
    others = replace(asked, cells=asked.cells[asked.cells["target"] != "t2"])
    expected = rows_of(others, "main fit")
    for row in found:
        if row["variant"] == "without t2":
            assert row["rows"] == 3 * 4 * 8
            assert row["estimate"] == expected[row["level"]]["estimate"]


def test_without_controls_is_the_formula_without_them(asked: Headline) -> None:
    size = {f"l{at}": float(at) for at in range(8)}
    facts = asked.chosen.assign(measure="pretraining_size")
    facts["similarity"] = facts["language"].map(size)
    wanted = replace(WANTED, steps={"language": "pretraining_size", **WANTED.steps})
    controlled = replace(asked, others=facts, wanted=wanted)
    plain = rows_of(asked, "main fit")["between_languages"]["estimate"]
    with_it, without_it = (
        rows_of(controlled, name)["between_languages"]["estimate"]
        for name in ("main fit", "without controls")
    )
    assert without_it == pytest.approx(plain, rel=1e-6)
    assert with_it != pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("by", [["language"], ["target"], ["language", "target"]])
def test_clustered_least_squares_are_those_of_statsmodels(asked: Headline, by: list[str]) -> None:
    _, frame = asked.data()
    codes = frame[by].apply(lambda column: pd.factorize(column)[0])
    groups = codes.to_numpy() if len(by) > 1 else codes[by[0]]
    direct = formulas.ols(f"gap ~ trained + {' + '.join(PARTS)}", frame).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    half = stats.t.ppf(0.975, min(frame[name].nunique() for name in by) - 1)
    for level, row in rows_of(asked, f"OLS, clustered by {' and '.join(by)}").items():
        assert row["estimate"] == pytest.approx(direct.params[level])
        assert row["se"] == pytest.approx(direct.bse[level])
        assert row["high"] - row["low"] == pytest.approx(2 * half * direct.bse[level])
        assert row["rows"] == len(frame)


# Weights


def noisy() -> tuple[pd.DataFrame, np.ndarray]:
    """A grid of residuals of 1 squared point and the error of a test: of half the languages 100."""
    random = np.random.default_rng(0)
    frame = simulated(3, 6, 10, "abcd", STRONG)
    loud = frame["language"].isin([f"l{at}" for at in range(5)]).to_numpy()
    clean = 2 * frame["within"] + random.normal(0, 1, len(frame))
    error = np.where(loud, random.normal(0, 10, len(frame)), 0.0)
    variance = np.where(loud, 100.0, 0.01)
    return frame.assign(gap=clean + error, sampling_variance=variance), loud


SIMPLE = Specification("gap", {"all": "trained + within"}, "(1 | target) + (1 | intermediate)")


def test_weights_bring_the_slope_nearer_to_the_truth() -> None:
    frame, _ = noisy()
    plain = fit_formula(SIMPLE.formula, frame).estimate("within")
    weighted = fit_weighted(SIMPLE.formula, frame).estimate("within")
    assert weighted["se"] < plain["se"] / 3  # 10 to 1 are the deviations
    assert weighted["low"] < 2 < weighted["high"]
    assert abs(weighted["estimate"] - 2) < abs(plain["estimate"] - 2)


def test_noisy_rows_have_less_weight() -> None:
    frame, loud = noisy()
    before = fit_weighted(SIMPLE.formula, frame).estimate("within")["estimate"]

    def moved(row: int) -> float:
        gap = frame["gap"].copy()
        gap.iloc[row] += 3
        after = fit_weighted(SIMPLE.formula, frame.assign(gap=gap)).estimate("within")
        return float(abs(after["estimate"] - before) / abs(frame["within"].iloc[row]))

    quiet_row, loud_row = (
        int(np.argmax(np.where(rows, frame["within"].abs(), 0))) for rows in (~loud, loud)
    )
    assert moved(loud_row) < moved(quiet_row) / 10


def test_equal_variances_are_equal_weights() -> None:
    frame = simulated().assign(sampling_variance=0.5)
    formula = WANTED.formula
    plain, weighted = fit_formula(formula, frame), fit_weighted(formula, frame)
    for part in PARTS:
        assert weighted.estimate(part)["estimate"] == pytest.approx(
            plain.estimate(part)["estimate"], rel=1e-4
        )


# Bootstraps


def test_copies_of_languages_are_new_languages() -> None:
    frame = simulated(0, 2, 5, "ab")
    drawn = resampled(frame, "language", np.random.default_rng(1))
    names = drawn["language"].unique()
    assert len(names) == 5
    origins = [name.split("#")[0] for name in names]
    assert len(set(origins)) < 5  # one was drawn twice, and is two languages now
    assert set(origins) <= set(frame["language"])
    for name, origin in zip(names, origins, strict=True):
        copy = drawn[drawn["language"] == name].drop(columns="language")
        original = frame[frame["language"] == origin].drop(columns="language")
        assert np.array_equal(copy["gap"], original["gap"])
        assert np.array_equal(copy[list(PARTS)], original[list(PARTS)])


def test_none_is_in_every_draw_of_intermediates_once() -> None:
    frame = simulated(0, 2, 3, "abc")
    for seed in range(5):
        drawn = resampled(frame, "intermediate", np.random.default_rng(seed))
        names = list(drawn["intermediate"].unique())
        assert names[0] == "none" and len(names) == 4
        assert all("#" in name for name in names[1:])
        none = drawn[drawn["intermediate"] == "none"].reset_index(drop=True)
        assert none.equals(frame[frame["intermediate"] == "none"].reset_index(drop=True))


def test_bootstrap_intervals_hold_the_estimate(asked: Headline) -> None:
    more = replace(asked, resamples=16)
    main = rows_of(more, "main fit")
    errors = []
    for axis in ("languages", "intermediates"):
        rows = rows_of(more, f"bootstrap over {axis}")
        assert list(rows) == list(PARTS)
        for level, row in rows.items():
            assert row["estimate"] == pytest.approx(main[level]["estimate"])
            assert row["low"] < row["estimate"] < row["high"]
            assert row["notes"] == "16 resamples"
        errors.append(rows["between_languages"]["se"])
    # The slope between languages rests on languages: other intermediates hardly change it.
    assert errors[1] < errors[0] / 2


# What cannot be checked


def test_one_language_is_no_cluster() -> None:
    asked = headline(simulated(0, 4, 1, "abc"))
    with pytest.raises(InputError, match="one language only"):
        VARIANTS["OLS, clustered by language"](asked)


def test_least_squares_leave_out_what_was_run_after_none_only() -> None:
    asked = headline(simulated(0, 4, 6, "abc"))
    cells = asked.cells
    other = (cells["target"] == "t0") & (cells["language"] == "l0")
    left = replace(asked, cells=cells[~(other & (cells["intermediate"] != "none"))])
    fitted = rows_of(left, "main fit")["within"]["rows"]
    assert rows_of(left, "OLS, clustered by language")["within"]["rows"] == fitted


def test_similarity_that_never_varies_is_said_to() -> None:
    asked = headline(simulated(0, 3, 4, "ab"))
    constant = replace(asked, chosen=asked.chosen.assign(similarity=1.0))
    named = {row["variant"] for row in variants(constant)}
    assert named >= set(VARIANTS)


def test_slopes_of_every_variant_are_written(tmp_path: Path) -> None:
    frame = simulated(0, 2, 4, "ab", STRONG)
    cells = records(cells_of(frame))
    write_table(tmp_path / "cells.parquet", rows_table(cells, CELLS), CELLS)
    table = similarity_table(tmp_path / "a.parquet", frame, measure="centroid_cosine", level="cell")
    check_sensitivity(
        cells=str(tmp_path / "cells.parquet"),
        similarity=[table],
        headline="centroid_cosine",
        degradation={"outcome": "gap", "steps": WANTED.steps, "groups": INTERCEPTS},
        resamples=3,
        output=str(tmp_path / "sensitivity.csv"),
    )
    written = pd.read_csv(tmp_path / "sensitivity.csv")
    assert list(written["variant"].unique()) == [*VARIANTS, "without t0", "without t1"]
    assert set(written["model"]) == {"m"}
