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

from xstilts.degradation.formulas import Specification
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS
from xstilts.degradation.parts import PARTS
from xstilts.degradation.sensitivity import (
    VARIANTS,
    HeadlineFit,
    check_sensitivity,
    fit_weighted,
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


# These cells have no control, two seeds, and equal errors; all learnt English, none is at chance.
UNCHANGED = (
    "without controls",
    "with runs that did not learn",
    "without cells at or below chance",
    "median over seeds",
    "weighted by test size",
)


@pytest.fixture(scope="module")
def found(asked: HeadlineFit) -> list[dict[str, Any]]:
    return list(variants(asked))


def test_every_variant_has_slopes_or_says_why_not(found: list[dict[str, Any]]) -> None:
    named = list(dict.fromkeys(row["variant"] for row in found))
    groups = [*(f"l{at}" for at in range(8)), *(f"t{at}" for at in range(4)), "a", "b", "c", "none"]
    assert named == [*VARIANTS, *(f"without {group}" for group in groups)]
    for name in named:
        mine = [row for row in found if row["variant"] == name]
        if name in UNCHANGED:
            assert [row["notes"] for row in mine] == ["it changes nothing here"], name
            continue
        assert [row["level"] for row in mine] == list(PARTS), name
        for row in mine:
            notes = row.get("notes") or ""  # on what has no interval
            said = "negative" in notes or "no test of" in notes
            assert row["low"] < row["estimate"] < row["high"] or said, name
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
    assert rows_of(asked, "main fit")["by_cell"]["rows"] == runs
    assert rows_of(asked, "every seed")["by_cell"]["rows"] == 2 * runs - 8
    main, kept = (
        rows_of(asked, name)["by_cell"]["estimate"] for name in ("main fit", "with diverged runs")
    )
    assert main != kept
    # All seeds without the flag are the same as all seeds kept.
    clean = replace(asked, cells=asked.cells.assign(diverged=""))
    assert rows_of(clean, "main fit")["by_cell"]["estimate"] == pytest.approx(kept, abs=1e-5)


def test_cells_at_chance_are_left_out_of_the_variant_without_them(asked: HeadlineFit) -> None:
    """Random answers score 20: three cells of one run are brought down to it, English is not."""
    cells = asked.cells
    low = (cells["seed"] == 1) & (cells["intermediate"] == "b") & (cells["target"] == "t1")
    low &= cells["language"].isin(["l0", "l1", "en"])
    fewer = replace(asked, cells=cells.assign(value=cells["value"].mask(low, 20.0)))
    found = rows_of(fewer, "without cells at or below chance")["by_cell"]
    # The second seed still has these cells, so no row goes; their mean is another.
    assert found["rows"] == 4 * 4 * 8
    assert found["estimate"] != rows_of(fewer, "main fit")["by_cell"]["estimate"]


def test_medians_over_seeds_leave_an_outlying_run_alone() -> None:
    given = headline(simulated(2, 4, 8, "abc", STRONG), seeds=3)
    outlying = given.cells["gap"].mask(given.cells["seed"] == 3, given.cells["gap"] + 100)
    far = replace(given, cells=given.cells.assign(gap=outlying))
    frames = [fit.data(seeds="median")[1]["gap"] for fit in (given, far)]
    # By hand: of three values of which one moves up, the median moves to the larger of the others.
    others = given.cells[given.cells["seed"] < 3].dropna(subset="gap")
    expected = others.groupby(["intermediate", "target", "language"])["gap"].max()
    assert sorted(frames[1]) == pytest.approx(sorted(expected))
    assert sorted(frames[0]) != sorted(frames[1])


def test_leaving_a_target_out_is_the_fit_of_the_others(
    asked: HeadlineFit, found: list[dict[str, Any]]
) -> None:
    others = replace(asked, cells=asked.cells[asked.cells["target"] != "t2"])
    expected = rows_of(others, "main fit")
    for row in found:
        if row["variant"] == "without t2":
            assert row["rows"] == 3 * 4 * 8
            assert row["estimate"] == pytest.approx(expected[row["level"]]["estimate"], abs=1e-5)


def test_without_controls_is_the_formula_without_them(asked: HeadlineFit) -> None:
    size = {f"l{at}": float(at) for at in range(8)}
    facts = asked.chosen.assign(measure="pretraining_size")
    facts["similarity"] = facts["language"].map(size)
    wanted = replace(WANTED, steps={"language": "pretraining_size", **WANTED.steps})
    controlled = replace(asked, others=facts, wanted=wanted)
    plain = rows_of(asked, "main fit")["by_language"]["estimate"]
    with_it, without_it = (
        rows_of(controlled, name)["by_language"]["estimate"]
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
        variance = direct.cov_params().loc[level, level]
        error = variance**0.5 if variance > 0 else np.nan
        assert row["estimate"] == pytest.approx(direct.params[level])
        assert row["se"] == pytest.approx(error, nan_ok=True)
        assert row["high"] - row["low"] == pytest.approx(2 * half * error, nan_ok=True)
        assert ("negative" in row["notes"]) == (not variance > 0)
        assert row["rows"] == len(frame)


# Weights


def noisy() -> tuple[pd.DataFrame, np.ndarray]:
    """A grid of residuals of 1 squared point and the error of a test: of half the languages 100."""
    random = np.random.default_rng(0)
    frame = simulated(3, 6, 10, "abcd", STRONG)
    loud = frame["language"].isin([f"l{at}" for at in range(5)]).to_numpy()
    clean = 2 * frame["by_cell"] + random.normal(0, 1, len(frame))
    error = np.where(loud, random.normal(0, 10, len(frame)), 0.0)
    variance = np.where(loud, 100.0, 0.01)
    return frame.assign(gap=clean + error, sampling_variance=variance), loud


SIMPLE = Specification("gap", {"all": "trained + by_cell"}, "(1 | target) + (1 | intermediate)")


def test_weights_bring_the_slope_nearer_to_the_truth() -> None:
    frame, _ = noisy()
    plain = fit_formula(SIMPLE.formula, frame).estimate("by_cell")
    weighted = fit_weighted(SIMPLE.formula, frame).estimate("by_cell")
    assert weighted["se"] < plain["se"] / 3  # 10 to 1 are the deviations
    assert weighted["low"] < 2 < weighted["high"]
    assert abs(weighted["estimate"] - 2) < abs(plain["estimate"] - 2)


def test_noisy_rows_have_less_weight() -> None:
    frame, loud = noisy()
    before = fit_weighted(SIMPLE.formula, frame).estimate("by_cell")["estimate"]

    def moved(row: int) -> float:
        gap = frame["gap"].copy()
        gap.iloc[row] += 3
        after = fit_weighted(SIMPLE.formula, frame.assign(gap=gap)).estimate("by_cell")
        return float(abs(after["estimate"] - before) / abs(frame["by_cell"].iloc[row]))

    quiet_row, loud_row = (
        int(np.argmax(np.where(rows, frame["by_cell"].abs(), 0))) for rows in (~loud, loud)
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
    fitted = rows_of(left, "main fit")["by_cell"]["rows"]
    assert rows_of(left, "OLS, clustered by language")["by_cell"]["rows"] == fitted


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
        sensitivity=str(tmp_path / "sensitivity.csv"),
    )
    written = pd.read_csv(tmp_path / "sensitivity.csv")
    assert list(written["variant"].unique()) == [
        *VARIANTS,
        *(f"without {group}" for group in ("l0", "l1", "l2", "l3", "a", "b", "none")),
    ]
    assert set(written["model"]) == {"m"}
