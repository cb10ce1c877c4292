"""Predictions of what was left out: by hand and by simulation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
import pytest
from helpers.grids import (
    KEYS,
    NO_OTHERS,
    STRONG,
    WANTED,
    cells_of,
    chosen_of,
    records,
    similarity_table,
    simulated,
)
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor

from xstilts.degradation import held_out as module
from xstilts.degradation.formulas import Specification
from xstilts.degradation.held_out import (
    HELD_OUT,
    held_out,
    predict_held_out,
    predictors,
    skills,
    with_english,
)
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.model_frame import design
from xstilts.degradation.outcomes import CELLS, add_factors
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, write_table

MANY = 9  # languages of the larger grid
BARE = " without similarity"
pytestmark = pytest.mark.filterwarnings("ignore:An input array is constant")  # of no skill


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """What is tested of gradient boosting needs no hundred trees, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        few = HistGradientBoostingRegressor(random_state=0, max_iter=3, min_samples_leaf=5)
        patch.setitem(module.LEARNERS, "gradient boosting", lambda rows: few)
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
@pytest.mark.slow
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
    family = dict(zip((f"l{at}" for at in range(6)), "uvwwwx", strict=True))
    frame = grid()
    found = pd.DataFrame(held_out(frame.assign(family=frame["language"].map(family)), WANTED))
    mine = of(found, "mixed model", "family")
    languages = mine.groupby("group")["language"].unique().map(sorted).to_dict()
    assert languages == {"u": ["l0"], "v": ["l1"], "w": ["l2", "l3", "l4"], "x": ["l5"]}
    assert set(mine["df"]) == {2.0}
    # To leave out a family of one language is to leave out the language.
    alone = of(found, "mixed model").set_index(KEYS)["predicted"]
    first = mine[mine["group"] == "u"].set_index(KEYS)["predicted"]
    assert first.to_numpy() == pytest.approx(alone.loc[first.index].to_numpy(), abs=1e-9)


def test_two_groups_are_too_few_to_leave_one_out(caplog: pytest.LogCaptureFixture) -> None:
    frame = grid(targets=2)
    family = frame["language"].map({"l0": "u"}).fillna("v")
    with caplog.at_level(logging.INFO):
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
    frame = simulated(1, 2, 7, "ab", {"trained": 0.0})
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
    # The groups contribute 2 (2.5 - 0) / 5 and 2 (2.5 - 4) / 5, of variance 1.28; times 1/2 + 1.
    half = stats.t.ppf(0.975, 1) * (1.28 * 1.5) ** 0.5
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((0.2 - half, 0.2 + half))


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
    rows = design(left[[*KEYS, "family", "gap"]], chosen_of(left), NO_OTHERS, WANTED.formula)
    assert len(list(held_out(rows, WANTED))) > 0


def test_a_new_target_with_a_fixed_effect_is_not_taken_for_another() -> None:
    fixed = Specification("gap", {"all": "target + by_cell + by_language"}, "(1 | language)")
    frame = grid()
    out = frame["target"] == "t0"
    with pytest.raises(InputError, match="no effect is known of it"):
        predictors(frame, fixed, "target")["mixed model"](frame[~out], frame[out])


def test_held_out_predictions_are_written_with_their_skill(tmp_path: Path) -> None:
    frame = simulated(0, 2, 6, "ab", STRONG)
    families = {"l0": "u", "l1": "u", "l2": "v", "l3": "w", "l4": "w"}  # l5 is its own
    cells = records(add_factors(cells_of(frame, noise=0.0), {"family": families}))
    write_table(tmp_path / "cells.parquet", rows_table(cells, CELLS), CELLS)
    table = similarity_table(tmp_path / "a.parquet", frame, measure="centroid_cosine", level="cell")
    predict_held_out(
        cells=str(tmp_path / "cells.parquet"),
        similarity=[table],
        headline="centroid_cosine",
        degradation={"outcome": "gap", "steps": WANTED.steps, "groups": WANTED.groups},
        predictions=str(tmp_path / "held_out.parquet"),
        skill=str(tmp_path / "skill.csv"),
    )
    found = read_table(tmp_path / "held_out.parquet", HELD_OUT).to_pandas()
    assert set(found["scheme"]) == {"language", "family", "intermediate"}  # of two targets, none
    observed = found.merge(frame, on=KEYS)
    assert observed["observed"].to_numpy() == pytest.approx(observed["gap"].to_numpy())
    skill = pd.read_csv(tmp_path / "skill.csv")
    assert len(skill) == len(found.drop_duplicates(["scheme", "predictor"]))
    groups = skill.groupby("scheme")["groups"].unique().map(list).to_dict()
    assert groups == {"language": [6], "family": [4], "intermediate": [3]}


def test_what_shares_data_is_left_out_together() -> None:
    """ANLI+ holds MNLI, and `multi` holds all: it predicts neither, and nothing predicts it."""
    names = {"t0": "xquad", "t1": "mlqa", "t2": "xnli", "t3": "udpos", "t4": "pawsx"}
    recipes = {"a": "mnli", "b": "anli", "c": "qqp", "d": "multi"}
    rows = simulated(0, 5, 6, "abcd", STRONG).replace({"target": names, "intermediate": recipes})
    found = pd.DataFrame(held_out(rows.assign(family=np.nan), WANTED))
    groups = found.groupby("scheme")["group"].unique().map(sorted)
    assert groups["target"] == ["mlqa, xquad", "pawsx", "udpos", "xnli"]
    assert groups["intermediate"] == ["anli, mnli", "none", "qqp"]
    together = found[found["group"] == "anli, mnli"]
    assert set(together["intermediate"]) == {"anli", "mnli"}
    # Fitted to qqp and none, so by two groups less one; the other folds have more.
    assert set(together["df"].dropna()) == {1.0}


def test_the_english_score_times_the_alignment_predicts_where_it_makes_the_gap() -> None:
    """MEXA by hand: a score of English times alignment has a gap of English (1 - alignment)."""
    rows = simulated(0, 4, 9, "abc", STRONG).assign(family=np.nan)
    random = np.random.default_rng(0)
    alignment = dict(zip(rows["language"].unique(), random.uniform(0.2, 0.9, 9), strict=True))
    trainings = rows[["intermediate", "target"]].drop_duplicates()
    english = trainings.assign(value=random.uniform(60, 90, len(trainings)))
    cells = english.assign(language="en", reported=True, diverged="", not_learnt="")
    tables = pd.DataFrame({"language": alignment.keys(), "similarity": alignment.values()})
    tables = tables.assign(measure="mutual_retrieval")
    frame = with_english(rows, cells, tables)
    product = frame["english_score"] * frame["language"].map(alignment)
    assert frame["english_score_x_alignment"].tolist() == pytest.approx(product.tolist())
    frame = frame.assign(gap=frame["english_score"] - product)
    found = pd.DataFrame(held_out(frame, WANTED)).assign(model="m")
    skill = pd.DataFrame(skills(found)).set_index(["scheme", "predictor"])["r2"]
    assert skill["language", "English score x alignment"] > 0.99
    assert skill["language", "English score"] < 0.5
    # Of one language without parallel text, nothing is multiplied.
    assert with_english(rows, cells, tables.head(8)).equals(rows)


def test_what_shares_data_with_all_others_is_named_and_not_predicted() -> None:
    names = {"a": "mnli", "b": "qqp", "c": "multi"}
    rows = simulated(0, 3, 6, "abc", STRONG).replace({"intermediate": names})
    found = pd.DataFrame(held_out(rows.assign(family=np.nan), WANTED)).assign(model="m")
    skill = pd.DataFrame(skills(found)).set_index(["scheme", "predictor"])
    assert skill.loc[("intermediate", "mean"), "left_in"] == "multi"
    assert skill.loc[("language", "mean"), "left_in"] == ""
    # Of mnli and multi, each shares data with the other: only none is left, which is no scheme.
    few = rows[rows["intermediate"] != "qqp"]
    assert "intermediate" not in {row["scheme"] for row in held_out(few.assign(family="f"), WANTED)}


def test_one_group_alone_has_a_gain_without_an_interval() -> None:
    one = small_table()
    rows = skills(one[one["group"] == one["group"].iloc[0]])
    assert "gain" in rows[0] and "gain_low" not in rows[0]
