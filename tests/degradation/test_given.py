"""Tables of scores as other programs write them: the same fit, or one line that names the cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_commands import complaint, printed, scores

from xstilts.cli import main
from xstilts.degradation.fit_table import fit_table
from xstilts.degradation.outcomes import add_outcomes, has_outcome, left_out

FORMULA = "trained + by_cell + by_language + (1 | language) + (1 | target)"
Frame = pd.DataFrame


def frame() -> Frame:
    """Scores with languages whose codes other programs take for something else."""
    return scores().replace({"language": {"tr": "nan", "ru": "no"}})


def fitted(path: Path, formula: str = FORMULA, outcome: str = "gap") -> dict[str, Any]:
    summary = fit_table(path, formula, outcome, reml=True).summary()
    found: dict[str, Any] = json.loads(json.dumps(summary))
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("table") / "scores.csv"
    frame().to_csv(path, index=False)
    return fitted(path)


def in_parts(rows: Frame) -> Frame:
    """What `pd.concat` of a frame per target leaves: row numbers that begin anew in each."""
    parts = [
        rows[rows["target"] == name].reset_index(drop=True) for name in rows["target"].unique()
    ]
    return pd.concat(parts)


WRITTEN: dict[str, Callable[[Frame, Path], None]] = {
    "scores.parquet": lambda rows, path: rows.to_parquet(path),
    "repeated.parquet": lambda rows, path: in_parts(rows).to_parquet(path),
    "odd.parquet": lambda rows, path: rows.set_index(np.arange(len(rows))[::-1] * 7).to_parquet(
        path
    ),
    "language-as-index.parquet": lambda rows, path: rows.set_index("language").to_parquet(path),
    "two-levels.parquet": lambda rows, path: rows.set_index(["target", "seed"]).to_parquet(path),
    "categories.parquet": lambda rows, path: rows.astype(
        dict.fromkeys(("target", "language"), "category")
    ).to_parquet(path),
    "texts.parquet": lambda rows, path: rows.astype({"value": str, "seed": str}).to_parquet(path),
    "with-index.csv": lambda rows, path: rows.to_csv(path),
    "scores.csv.gz": lambda rows, path: rows.to_csv(path, index=False),
    "scores.csv.xz": lambda rows, path: rows.to_csv(path, index=False),
    "scores.tsv": lambda rows, path: rows.to_csv(path, index=False, sep="\t"),
    "scores.tsv.bz2": lambda rows, path: rows.to_csv(path, index=False, sep="\t"),
    "europe.csv": lambda rows, path: rows.to_csv(path, index=False, sep=";", decimal=","),
    "excel.csv": lambda rows, path: rows.to_csv(
        path, index=False, encoding="utf-8-sig", lineterminator="\r\n"
    ),
    "r.csv": lambda rows, path: rows.to_csv(path, index=False, na_rep="NA", quoting=1),
    "reported.csv": lambda rows, path: rows.assign(reported=1, diverged="").to_csv(
        path, index=False
    ),
    "seeds-as-floats.csv": lambda rows, path: rows.astype({"seed": float}).to_csv(
        path, index=False
    ),
    "sound.parquet": lambda rows, path: rows.assign(diverged=False).to_parquet(path),
    "sound.csv": lambda rows, path: rows.assign(diverged="NA").to_csv(path, index=False),
    "SHOUTED.CSV": lambda rows, path: rows.to_csv(path, index=False),
    "spaces.csv": lambda rows, path: rows.assign(language=rows["language"] + " ").to_csv(
        path, index=False
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_table_in_any_form_gives_the_same_fit(
    tmp_path: Path, expected: dict[str, Any], name: str
) -> None:
    WRITTEN[name](frame(), tmp_path / name)
    found = fitted(tmp_path / name)
    for table in ("fixed", "random"):
        for row, wanted in zip(found.pop(table), expected[table], strict=True):
            assert row == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    assert found.pop("neg2loglik") == pytest.approx(expected["neg2loglik"], rel=1e-9)
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize("filler", [0.0, 1.0, -3.0])
def test_a_similarity_of_none_says_nothing_whatever_stands_there(
    tmp_path: Path, expected: dict[str, Any], filler: float
) -> None:
    rows = frame()
    rows.loc[rows["intermediate"] == "none", "similarity"] = filler
    rows.to_csv(tmp_path / "filled.csv", index=False)
    found = fitted(tmp_path / "filled.csv")
    assert found["fixed"] == expected["fixed"]
    none = int((rows["intermediate"] == "none").sum())
    assert found["notes"][0].startswith(f"similarity set aside in {none} rows of none")


def test_cells_without_an_english_score_are_counted(tmp_path: Path) -> None:
    """By hand: of one target after one intermediate, two seeds of eight languages."""
    rows = frame()
    lost = (
        (rows["language"] == "en") & (rows["target"] == "udpos") & (rows["intermediate"] == "ccg")
    )
    rows[~lost].to_csv(tmp_path / "lost.csv", index=False)
    found = fitted(tmp_path / "lost.csv")
    assert found["notes"][0] == "16 rows left out: without an English score to set them against"
    assert found["n"] == 3 * 8 * 4 - 8


def cells() -> Frame:
    """One target in English and German, after none and mnli; by hand below."""
    rows = [(at, code) for at in ("none", "mnli") for code in ("en", "de")]
    found = pd.DataFrame(rows, columns=["intermediate", "language"])
    whole = {"model": "m", "target": "xnli", "seed": 1, "metric": "accuracy", "reported": True}
    return found.assign(**whole, value=50.0, n=100, chance=0.0, low=45.0, high=55.0, diverged="")


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({"value": {3: np.nan}}, "gap", "without a score"),
        ({"value": {2: np.nan}}, "gap", "without an English score to set them against"),
        ({"diverged": {3: "nan loss"}}, "gap", "of a run that diverged, or set against one"),
        ({"reported": {3: False}}, "gap", "of a metric that is not the reported one"),
        ({"value": {1: np.nan}}, "gain", "without a score after none to set them against"),
        ({"diverged": {1: "nan loss"}}, "gain", "of a run that diverged, or set against one"),
        ({"value": {2: 0.0}}, "relative_gap", "for which relative_gap is not defined"),
        ({"n": {3: np.nan}}, "logit_gap", "for which logit_gap is not defined"),
    ],
)
def test_every_reason_for_leaving_a_cell_out_is_told_apart(
    change: dict[str, dict[int, Any]], outcome: str, reason: str
) -> None:
    rows = cells().astype({"value": float, "n": float})
    for name, values in change.items():
        for at, value in values.items():
            rows.loc[at, name] = value
    made = add_outcomes(rows)
    found = left_out(made, outcome)
    assert reason in found
    abroad = made[(made["language"] == "de") | ("gap" not in outcome)]
    defined = abroad[(abroad["intermediate"] == "mnli") | (outcome != "gain")]
    assert sum(found.values()) + has_outcome(made, outcome).sum() == len(defined)


def test_nothing_is_left_out_of_whole_cells() -> None:
    made = add_outcomes(cells())
    assert left_out(made, "gap") == {} == left_out(made, "gain")
    assert has_outcome(made, "gap").sum() == 2


BROKEN: dict[str, tuple[Callable[[Frame], Frame], str]] = {
    "percent signs": (
        lambda rows: rows.assign(value=rows["value"].map("{:.1f}%".format)),
        "value is '",
    ),
    "a word among numbers": (
        lambda rows: rows.assign(value=rows["value"].astype(str).mask(rows.index == 4, "n.d.")),
        "value is 'n.d.' in row 5, not a number",
    ),
    "shares": (
        lambda rows: rows.assign(value=rows["value"] / 100),
        "every score lies between 0 and 1; scores are percent here",
    ),
    "more than everything": (
        lambda rows: rows.assign(value=rows["value"] * 10),
        "in row 1; scores are 0 to 100",
    ),
    "chance as a share": (
        lambda rows: rows.assign(chance=rows["target"].map({"xnli": 1 / 3}).fillna(0.0)),
        "chance is 0.333333 for xnli, a share; scores are percent here, so write 33.33",
    ),
    "chance above all": (lambda rows: rows.assign(chance=150.0), "chance is 150 in row 1; scores"),
    "no example": (lambda rows: rows.assign(n=0), "n is 0 in row 1; it counts test examples"),
    "an infinite predictor": (
        lambda rows: rows.assign(size=float("inf")),
        "size is 'inf' in row 1, not a number",
    ),
    "no language": (
        lambda rows: rows.assign(language=rows["language"].mask(rows.index == 2)),
        "language is missing in row 3; every score has one",
    ),
    "a seed that is none": (
        lambda rows: rows.assign(seed="first"),
        "seed is 'first' in row 1, not a number",
    ),
    "half a seed": (lambda rows: rows.assign(seed=1.5), "seed is '1.5' in row 1, no whole number"),
    "perhaps": (
        lambda rows: rows.assign(reported="perhaps"),
        "reported is 'perhaps' in row 1, neither true nor false",
    ),
    "thousands": (
        lambda rows: rows.assign(size="1,000"),
        "size is '1,000' in row 1, not a number",
    ),
    "numbers but for one": (
        lambda rows: rows.assign(size=["5"] * (len(rows) - 1) + ["many"]),
        "size is 'many' in row 216, not a number",
    ),
    "names of a grouping factor": (
        lambda rows: rows.assign(size=rows["language"] + "-name"),
        "size is a text with 8 levels, and each is of one language: as a predictor it leaves",
    ),
}


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_cell_that_does_not_fit_its_column_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, form: str
) -> None:
    change, message = BROKEN[name]
    rows, path = change(scores()), tmp_path / f"table.{form}"
    if form == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path)
    size = " + size" if "size" in rows else ""
    error = complaint(capsys, "fit", path, "--formula", f"1{size} + (1 | language) + (1 | target)")
    assert message in error and error.count("\n") == 1
    assert str(path) in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2,3\n", "row 1: 3 cells under 2 names of columns"),
        (b"a,a\n1,2\n", "column a is there twice"),
        (b"a,b\n", "holds no row"),
        (b"", "holds no row"),
        ("a,b\n1,é\n".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    error = complaint(capsys, "fit", tmp_path / "table.csv", "--formula", "a ~ 1 + (1 | b)")
    assert error.count("\n") == 1 and "table.csv" in error
    assert message in error


def test_a_text_predictor_is_a_factor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = scores()
    rows["script"] = rows["language"].map({"zh": "Han", "hi": "Deva", "th": "Thai"}).fillna("Latn")
    rows.to_csv(tmp_path / "table.csv", index=False)
    words = ("--formula", "script + (1 | language) + (1 | target)", "--json")
    found = printed(capsys, "fit", tmp_path / "table.csv", *words)
    assert sum("script" in row["term"] for row in found["fixed"]) == 3


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_predictor_is_what_it_is_in_every_form(tmp_path: Path, form: str) -> None:
    """Numbers with an exponent are numbers; a missing text is missing, however it is written."""
    rows = scores()
    rates = dict(zip(sorted(rows["language"].unique()), np.arange(1, 10) * 1e-5, strict=True))
    rows["rate"] = rows["language"].map(rates)
    rows["family"] = rows["language"].map({"de": "G", "fr": "R", "es": "R"}).fillna("other")
    rows.loc[rows["language"] == "hi", "family"] = None if form == "parquet" else "NA"
    path = tmp_path / f"table.{form}"
    if form == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path)
    found = fitted(path, "rate + family + (1 | language) + (1 | target)")
    assert [row["term"] for row in found["fixed"] if "rate" in row["term"]] == ["rate"]
    assert not [row for row in found["fixed"] if "NA" in row["term"]]
    assert found["n"] == 3 * 7 * 4  # without Hindi
    assert any("left out, without family" in note for note in found["notes"])


def test_a_target_in_shares_among_others_in_percent_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = scores()
    rows["value"] = rows["value"].where(rows["target"] != "udpos", rows["value"] / 100)
    rows.to_csv(tmp_path / "table.csv", index=False)
    words = ["fit", str(tmp_path / "table.csv"), "--formula", "1 + (1 | language) + (1 | target)"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "note: udpos: every score lies between 0 and 1, and is taken for percent" in said


def test_runs_that_did_not_learn_are_left_out_of_a_table_of_gaps(tmp_path: Path) -> None:
    """As of the workflow's own cells: one training of eight languages, in each of two seeds."""
    rows = frame()
    english = rows[rows["language"] == "en"].set_index(["intermediate", "target", "seed"])["value"]
    runs = pd.MultiIndex.from_frame(rows[["intermediate", "target", "seed"]])
    rows["gap"] = english.reindex(runs).to_numpy() - rows["value"]
    rows = rows[rows["language"] != "en"]
    bad = (rows["target"] == "udpos") & (rows["intermediate"] == "ccg")
    rows.assign(not_learnt=np.where(bad, "collapsed", "")).to_csv(tmp_path / "t.csv", index=False)
    notes = fitted(tmp_path / "t.csv")["notes"]
    said = (
        f"{bad.sum()} rows left out: of another metric, or of a run that diverged or did not learn"
    )
    assert said in notes and bad.sum() == 16
