"""The headline under other outcomes, data and methods: by hand and by simulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as formulas
from helpers.grids import (
    INTERCEPTS,
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

from xstilts.degradation.formulas import PARTS, Specification
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS
from xstilts.degradation.sensitivity import (
    VARIANTS,
    HeadlineFit,
    check_sensitivity,
    fit_weighted,
    resampled,
    variants,
)
from xstilts.errors import InputError
from xstilts.io.tables import rows_table, write_table

pytestmark = pytest.mark.filterwarnings("ignore:An input array is constant")  # of no skill


# Other choices


def headline(frame: pd.DataFrame, seeds: int = 1, **change: Any) -> HeadlineFit:
    asked = HeadlineFit(
        cells=cells_of(frame, seeds),
        chosen=chosen_of(frame),
        others=NO_OTHERS,
        wanted=WANTED,
        resamples=4,
    )
    return replace(asked, **change)


def rows_of(asked: HeadlineFit, variant: str) -> dict[str, dict[str, Any]]:
    """Rows of one variant by level."""
    return {row["level"]: row for row in VARIANTS[variant](asked)}


@pytest.fixture(scope="module")
def asked() -> HeadlineFit:
    """Two seeds of a grid; one run of the second seed diverged."""
    given = headline(simulated(2, 4, 8, "abc", STRONG), seeds=2)
    bad = (given.cells["seed"] == 2) & (given.cells["intermediate"] == "a")
    bad &= given.cells["target"] == "t0"
    return replace(given, cells=given.cells.assign(diverged=np.where(bad, "loss nan", "")))


@pytest.fixture(scope="module")
def found(asked: HeadlineFit) -> list[dict[str, Any]]:
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


def test_gaps_of_another_scale_have_slopes_of_that_scale(asked: HeadlineFit) -> None:
    # English scores 80 everywhere, and chance is 20: both shares are of 80, so 5 / 4 of the points.
    main = rows_of(asked, "main fit")
    for variant in ("relative gap", "chance-corrected"):
        for level, row in rows_of(asked, variant).items():
            assert row["estimate"] == pytest.approx(1.25 * main[level]["estimate"], rel=1e-3)
            assert row["se"] == pytest.approx(1.25 * main[level]["se"], rel=1e-3)
    for level, row in rows_of(asked, "logit gap").items():
        assert row["estimate"] * main[level]["estimate"] > 0


def test_runs_that_diverged_are_in_the_variant_that_keeps_them(asked: HeadlineFit) -> None:
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
    asked: HeadlineFit, found: list[dict[str, Any]]
) -> None:
    others = replace(asked, cells=asked.cells[asked.cells["target"] != "t2"])
    expected = rows_of(others, "main fit")
    for row in found:
        if row["variant"] == "without t2":
            assert row["rows"] == 3 * 4 * 8
            assert row["estimate"] == expected[row["level"]]["estimate"]


def test_without_controls_is_the_formula_without_them(asked: HeadlineFit) -> None:
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
def test_clustered_least_squares_are_those_of_statsmodels(
    asked: HeadlineFit, by: list[str]
) -> None:
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


def test_bootstrap_intervals_hold_the_estimate(asked: HeadlineFit) -> None:
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
        sensitivity=str(tmp_path / "sensitivity.csv"),
    )
    written = pd.read_csv(tmp_path / "sensitivity.csv")
    assert list(written["variant"].unique()) == [*VARIANTS, "without t0", "without t1"]
    assert set(written["model"]) == {"m"}
