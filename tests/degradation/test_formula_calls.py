"""log(), factor(), offset() and weights of `xstilts fit`, against the same columns made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xstilts.cli import main
from xstilts.degradation.fit_table import fit_table
from xstilts.degradation.formula_calls import without_calls
from xstilts.degradation.mixed_model import MixedModel, fit_formula
from xstilts.errors import InputError


def rows() -> pd.DataFrame:
    """240 rows of 12 groups: a size, a year, a known part of the response, a weight."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"g": np.repeat([f"g{at:02d}" for at in range(12)], 20)})
    frame["size"] = np.exp(random.normal(10, 2, len(frame)))
    frame["year"] = random.choice([2018, 2020, 2022], len(frame))
    frame["known"] = random.normal(0, 5, len(frame))
    frame["weight"] = random.uniform(0.5, 2, len(frame))
    frame["y"] = 0.4 * np.log(frame["size"]) + (frame["year"] == 2020) + frame["known"]
    frame["y"] += np.repeat(random.normal(0, 1, 12), 20)
    frame["y"] += random.normal(0, 1, len(frame)) / np.sqrt(frame["weight"])
    return frame


def fitted(
    folder: Path, formula: str, frame: pd.DataFrame, weights: str | None = None
) -> MixedModel:
    frame.to_csv(folder / "table.csv", index=False)
    return fit_table(folder / "table.csv", formula, "gap", reml=True, weights=weights)


def test_functions_are_columns_made_by_hand(tmp_path: Path) -> None:
    frame = rows()
    found = fitted(tmp_path, "y ~ log(size) + factor(year) + offset(known) + (1 | g)", frame)
    by_hand = frame.assign(
        y=frame["y"] - frame["known"], size=np.log(frame["size"]), year=frame["year"].astype(str)
    )
    expected = fit_formula("y ~ size + year + (1 | g)", by_hand)
    for column in ("estimate", "se", "df"):
        assert np.allclose(found.fixed[column], expected.fixed[column])
    terms = ["(Intercept)", "log(size)", "factor(year)[2020]", "factor(year)[2022]"]
    assert found.fixed["term"].tolist() == terms
    assert found.notes == ["offset(known) taken off y"]
    slope = found.estimate("log(size)")
    assert slope["low"] < 0.4 < slope["high"]  # planted


def test_a_slope_of_a_logarithm_may_be_random(tmp_path: Path) -> None:
    found = fitted(tmp_path, "y ~ offset(known) + (0 + log(size) | g)", rows())
    assert found.random["term"].tolist() == ["log(size)", ""]


def test_weights_are_those_of_the_fit(tmp_path: Path) -> None:
    frame = rows()
    formula = "y ~ known + (1 | g)"
    found = fitted(tmp_path, formula, frame, weights="weight")
    expected = fit_formula(formula, frame, weights=frame["weight"].to_numpy())
    assert found.neg2loglik == pytest.approx(expected.neg2loglik)
    assert found.neg2loglik != pytest.approx(fit_formula(formula, frame).neg2loglik, abs=0.1)


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("y ~ offset(z) + (1 | g)", "y ~ (1 | g)"),
        ("y ~ offset(z)", "y ~ 1"),
        ("y ~ x + offset(z) + (1 | g)", "y ~ x  + (1 | g)"),
        ("y ~ log(a) * factor(b)", "y ~ `log(a)` * `factor(b)`"),
        ("y ~ catalog + (1 | g)", "y ~ catalog + (1 | g)"),
    ],
)
def test_functions_are_found_in_a_formula(formula: str, plain: str) -> None:
    assert without_calls(formula)[0].split() == plain.split()


@pytest.mark.parametrize(
    ("change", "formula", "message"),
    [
        ({"size": -1.0}, "y ~ log(size) + (1 | g)", r"log\(size\): size is '-1.0' in row 1"),
        ({}, "y ~ log(nope) + (1 | g)", r"log\(nope\): no column nope"),
        ({}, "y ~ offset(g) + (1 | g)", r"offset\(g\): g is 'g00' in row 1"),
    ],
)
def test_what_has_no_value_is_named(
    change: dict[str, float], formula: str, message: str, tmp_path: Path
) -> None:
    frame = rows()
    frame.loc[0, list(change)] = list(change.values())
    with pytest.raises(InputError, match=message):
        fitted(tmp_path, formula, frame)


def test_seeds_that_were_averaged_are_counted(tmp_path: Path) -> None:
    keys = [(i, t, c, s) for i in "abc" for t in "tuv" for c in "klmnop" for s in (1, 2)]
    frame = pd.DataFrame(keys, columns=["intermediate", "target", "language", "seed"])
    frame["gap"] = np.random.default_rng(6).normal(20, 5, len(frame))
    found = fitted(tmp_path, "1 + (1 | language) + (1 | target)", frame)
    assert (found.n, found.notes[0]) == (54, "108 rows became 54 means over seeds")


def test_json_is_all_that_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A product of factors with an empty cell: its column is left out, and named in `dropped`."""
    frame = rows().assign(c=lambda own: np.resize([*"abc"], len(own)))
    frame["k"] = np.where(frame["c"] == "a", "u", np.resize([*"uuuvvv"], len(frame)))
    frame.to_csv(tmp_path / "table.csv", index=False)
    words = ["fit", str(tmp_path / "table.csv"), "--formula", "y ~ c*k + (1 | g)", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["dropped"] and answer["notes"] == []


def test_a_perfect_correlation_is_noted() -> None:
    """The slope of a group is its intercept: their correlation is 1."""
    frame = rows()
    x, own = np.random.default_rng(7).normal(size=len(frame)), frame.groupby("g").ngroup() - 5.5
    frame = frame.assign(x=x, y=own * (1 + x) + np.random.default_rng(8).normal(size=len(frame)))
    notes = fit_formula("y ~ x + (x | g)", frame).notes
    assert notes == ["(Intercept) and x of g vary as one"]
