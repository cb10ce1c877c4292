"""`xstilts fit`, `predict` and `power`: on tables and configs as users have them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from xstilts.cli import main
from xstilts.degradation.outcomes import CELLS, add_outcomes
from xstilts.degradation.simulation import (
    EXPECTED,
    simulated_grid,
    simulated_outcome,
)
from xstilts.io.tables import read_table, write_table
from xstilts.similarity.table import SIMILARITY

LANGUAGES = ["de", "sw", "zh", "fr", "hi", "th", "tr", "ru"]
EFFECTS = {"by_cell": -1.0, "by_target_language": -1.0, "by_language": -6.0}
QUIET = tuple(spread._replace(sd=spread.sd / 4) for spread in EXPECTED)


def scores(seeds: int = 2) -> pd.DataFrame:
    """A simulated table of scores as somebody may have it, with English and a similarity."""
    random = np.random.default_rng(0)
    languages = dict.fromkeys(("xnli", "pawsx", "udpos"), LANGUAGES)
    frame = simulated_grid(languages, ["none", "mnli", "qqp", "ccg"], range(seeds), random)
    frame["value"] = 70 - simulated_outcome(frame, EFFECTS, QUIET, random)
    keys = ["intermediate", "target", "seed"]
    english = frame[keys].drop_duplicates().assign(language="en", value=80.0)
    columns = [*keys, "language", "value", "similarity"]
    return pd.concat([frame, english])[columns].reset_index(drop=True)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    scores().to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert main([*map(str, words)]) == 0
    return json.loads(capsys.readouterr().out)


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([*map(str, words)]) == 1
    return capsys.readouterr().err


def test_a_formula_is_fitted_to_any_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Published values of lme4 (Bates et al. 2015, section 5; the ML ones MixedModels.jl's tests).
    mixedlm.load_sleepstudy().to_parquet(tmp_path / "sleep.parquet")
    formula = "Reaction ~ Days + (Days | Subject)"
    found = printed(capsys, "fit", tmp_path / "sleep.parquet", "--formula", formula, "--json")
    assert found["neg2loglik"] == pytest.approx(1743.628, abs=1e-3)
    assert [row["estimate"] for row in found["fixed"]] == pytest.approx([251.405, 10.467], abs=1e-3)
    assert [row["sd"] for row in found["random"]] == pytest.approx(
        [24.741, 5.922, 25.592], abs=2e-3
    )
    assert found["random"][1]["correlation"] == pytest.approx(0.07, abs=0.005)
    assert (found["n"], found["converged"], found["singular"]) == (180, True, False)
    likely = printed(
        capsys, "fit", tmp_path / "sleep.parquet", "--formula", formula, "--json", "--ml"
    )
    assert likely["neg2loglik"] == pytest.approx(1751.939, abs=1e-3)
    assert not likely["reml"]


def test_a_gap_and_the_parts_of_similarity_are_made_of_scores(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    formula = "trained + by_cell + by_language + (1 | language) + (1 | target)"
    found = printed(capsys, "fit", table, "--formula", formula, "--json")
    assert found["n"] == 3 * 8 * 4  # means over seeds, without English
    (slope,) = (row for row in found["fixed"] if row["term"] == "by_language")
    assert slope["low"] < EFFECTS["by_language"] < slope["high"]
    every = f"{formula} + (1 | intermediate:target:seed)"
    assert printed(capsys, "fit", table, "--formula", every, "--json")["n"] == 2 * 3 * 8 * 4


def test_other_outcomes_can_be_asked_for(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--formula", "trained + (1 | language) + (1 | target)", "--json")
    gain = printed(capsys, "fit", table, *words, "--outcome", "gain")
    assert gain["n"] == 3 * 9 * 3  # English too, but not what comes after none
    assert gain["dropped"] == ["trained"]


def test_the_table_is_printed_with_what_was_dropped(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(table).assign(constant=1.0)
    rows.to_csv(table, index=False)
    assert main(["fit", str(table), "--formula", "constant + trained + (1 | language)"]) == 0
    text = capsys.readouterr().out
    assert "REML criterion" in text and "trained" in text and "Residual" in text
    assert "dropped, as these data cannot hold it: constant" in text


def test_scores_that_are_not_there_are_left_out_and_noted(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(table)
    rows["size"] = np.arange(len(rows), dtype=float)
    rows.loc[:5, "size"] = np.nan
    rows.loc[20:25, "value"] = np.nan
    rows.to_csv(table, index=False)
    formula = "size + (1 | language) + (1 | target)"
    found = printed(capsys, "fit", table, "--formula", formula, "--json")
    assert found["n"] == 2 * 3 * 8 * 4 - 6 - 6
    assert found["notes"][:2] == [
        "6 rows left out: without a score",
        "6 rows left out, without size",
    ]


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        (lambda rows: rows, "--formula nope+(1|language)", "unknown column 'nope'"),
        (lambda rows: rows, "--formula (1|xlanguage)", "did you mean 'language'?"),
        (lambda rows: rows, "--formula 1+((1|language)", "formula '"),
        (lambda rows: rows, "--formula trained", "no random effect; add one"),
        (lambda rows: rows, "--formula 1+(1|language) --outcome gapp", "did you mean 'gap'?"),
        (
            lambda rows: rows[rows["intermediate"] != "none"],
            "--formula 1+(1|language) --outcome gain",
            "no cell has a gain: there are no cells of none",
        ),
        (
            lambda rows: rows[rows["language"] != "en"],
            "--formula 1+(1|language)",
            "no cell has a gap: there are no cells of English",
        ),
        (
            lambda rows: pd.concat([rows.assign(model="a"), rows.assign(model="b")]),
            "--formula 1+(1|language)",
            "several models; keep the rows of one",
        ),
        (
            lambda rows: pd.concat([rows.assign(metric="f1"), rows.assign(metric="em")]),
            "--formula 1+(1|language)",
            "more than one score; keep one metric",
        ),
        (
            lambda rows: pd.concat([rows, rows[:1]]),
            "--formula 1+(1|language)",
            "more than one score",
        ),
        (
            lambda rows: rows.drop(columns="similarity"),
            "--formula by_cell+(1|language)",
            "the parts of similarity need column(s) similarity",
        ),
        (
            lambda rows: rows.drop(columns="value"),
            "--formula 1+(1|language)",
            "gap needs column(s) value",
        ),
        (
            lambda rows: rows[rows["language"].isin(["en", "de"]) & (rows["target"] == "xnli")],
            "--formula trained+(1|language)+(1|target)",
            "too few cells",
        ),
    ],
)
def test_what_cannot_be_fitted_is_one_line(
    table: Path, capsys: pytest.CaptureFixture[str], change: Any, words: str, message: str
) -> None:
    change(pd.read_csv(table)).to_csv(table, index=False)
    error = complaint(capsys, "fit", table, *words.split())
    assert message in error and error.count("\n") == 1


def test_a_reader_that_has_seen_enough_is_no_error(table: Path) -> None:
    """As `| head`: the pipe is closed before anything is printed."""
    command = [sys.executable, "-m", "xstilts.cli", "fit", str(table)]
    command += ["--formula", "1 + (1 | language)", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_table_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no table 'none.csv'" in complaint(capsys, "fit", "none.csv", "--formula", "(1|a)")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of a simulated study, and its config: eight languages run, `fi` measured besides."""
    random = np.random.default_rng(1)
    languages = {target: [*LANGUAGES, "fi"] for target in ("xnli", "pawsx", "udpos")}
    recipes = ["none", "mnli", "qqp", "ccg"]
    frame = simulated_grid(languages, recipes, [1], random)
    size = dict(zip([*LANGUAGES, "fi"], random.normal(size=9), strict=True))
    gap = simulated_outcome(frame, EFFECTS, QUIET, random) - 3 * frame["language"].map(size)
    run = frame.assign(value=70 - gap)[frame["language"] != "fi"]
    keys = ["intermediate", "target", "seed"]
    english = run[keys].drop_duplicates().assign(language="en", value=80.0)
    whole = {"model": "xlm-r-large", "metric": "accuracy", "reported": True, "diverged": ""}
    whole |= {"low": 50.0, "high": 50.0, "n": 100, "chance": 0.0, "seconds": 1.0}
    whole |= {"floor": np.nan, "lost": np.nan}
    whole |= dict.fromkeys(("checkpoint", "data", "source", "key", "device", "versions"), "")
    cells = add_outcomes(pd.concat([run, english], ignore_index=True).assign(**whole))
    folder = tmp_path / "results"
    write_table(folder / "cells.parquet", pa.Table.from_pandas(cells[CELLS.names]), CELLS)
    values = {
        "centroid_cosine": frame["similarity"],
        "pretraining_size": frame["language"].map(size),
        "same_data": (frame["intermediate"] == "mnli") & (frame["target"] == "xnli"),
    }
    for name, value in values.items():
        rows = frame.assign(
            value=value.astype(float), measure=name, model="xlm-r-large", is_default=True
        )
        rows = rows[rows["intermediate"] != "none"]
        rows = rows.assign(level="cell", direction="similarity", layer=0, se=0.0, p=0.0, reason="")
        rows["resamples"] = None
        path = folder / f"similarity/measure={name}/model=xlm-r-large/similarity.parquet"
        write_table(path, pa.Table.from_pandas(rows[SIMILARITY.names]), SIMILARITY)
    steps = {
        "language": "pretraining_size",
        "intermediate": "trained + same_data",
        "similarity by task": "by_cell + by_target_language",
    }
    section = {"steps": steps, "groups": "(1 | language) + (1 | target)"}
    (tmp_path / "part.yaml").write_text(
        yaml.safe_dump({"results": str(folder), "degradation": section}), encoding="utf-8"
    )
    return tmp_path / "part.yaml"


def test_a_language_whose_similarity_is_measured_is_predicted_by_the_whole_model(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed(capsys, "predict", "--language", "fi", "--config", results, "--json")
    assert len(rows) == 3 * 4
    assert {row["from"] for row in rows} == {"similarity"}
    # The truth of the simulation, without its small random effects.
    random = np.random.default_rng(1)
    languages = {target: [*LANGUAGES, "fi"] for target in ("xnli", "pawsx", "udpos")}
    frame = simulated_grid(languages, ["none", "mnli", "qqp", "ccg"], [1], random)
    size = dict(zip([*LANGUAGES, "fi"], random.normal(size=9), strict=True))
    frame["truth"] = 10 - 3 * frame["language"].map(size)
    for part, effect in EFFECTS.items():
        frame["truth"] += effect * frame[part]
    truth = frame[frame["language"] == "fi"].set_index(["intermediate", "target"])["truth"]
    inside = [row["low"] < truth[row["intermediate"], row["target"]] < row["high"] for row in rows]
    assert sum(inside) >= 11
    assert all(row["high"] - row["low"] < 12 for row in rows)  # English is 80, gaps reach 25


def test_a_language_without_texts_is_predicted_from_its_facts(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed(capsys, "predict", "--language", "uk", "--config", results, "--json")
    assert {row["from"] for row in rows} == {"facts of the language"}
    measured = printed(capsys, "predict", "--language", "fi", "--config", results, "--json")
    width = [np.mean([row["high"] - row["low"] for row in found]) for found in (rows, measured)]
    assert width[0] > width[1]  # it knows less of it


def test_a_target_without_measured_similarity_is_predicted_from_facts(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = results.parent.glob("results/similarity/measure=centroid_cosine/*/*.parquet")
    rows = read_table(path, SIMILARITY).to_pandas()
    partly = rows[~((rows["language"] == "fi") & (rows["target"] != "xnli"))]
    write_table(path, pa.Table.from_pandas(partly, preserve_index=False), SIMILARITY)
    found = printed(capsys, "predict", "--language", "fi", "--config", results, "--json")
    sources = {row["target"]: row["from"] for row in found}
    facts = "facts of the language"
    assert sources == {"xnli": "similarity", "pawsx": facts, "udpos": facts}
    path.unlink()
    for other in results.parent.glob("results/similarity/*/*/*.parquet"):
        other.unlink()
    words = ("predict", "--language", "fi", "--config", results)
    assert "no similarity tables in" in complaint(capsys, *words)


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "language 'en' has no gap: it is zero by definition"),
        ("de", "language 'de' was run: its scores are in"),
        ("xx", "unknown language 'xx': give it a row in a language_table first"),
    ],
)
def test_a_language_that_cannot_be_predicted_is_one_line(
    results: Path, capsys: pytest.CaptureFixture[str], language: str, message: str
) -> None:
    error = complaint(capsys, "predict", "--language", language, "--config", results)
    assert message in error and error.count("\n") == 1


def test_there_is_nothing_to_predict_from_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.yaml").write_text(f"results: {tmp_path}/nothing\n", encoding="utf-8")
    words = ("predict", "--language", "uk", "--config", tmp_path / "new.yaml")
    for content, message in (("a: [", "bad.yaml: not YAML"), ("- a", "bad.yaml: not a mapping")):
        (tmp_path / "bad.yaml").write_text(content, encoding="utf-8")
        error = complaint(capsys, *words[:-1], tmp_path / "bad.yaml")
        assert message in error and error.count("\n") == 1
    assert "run the workflow first" in complaint(capsys, *words)
    assert "no config 'no.yaml'" in complaint(capsys, *words[:-1], "no.yaml")


def test_a_similarity_that_is_missing_is_not_filled_in(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(table)
    at = rows.index[(rows["intermediate"] == "mnli") & (rows["language"] == "de")]
    rows.loc[at, "similarity"] = np.nan
    rows.to_csv(table, index=False)
    formula = "by_cell + (1 | language) + (1 | target)"
    found = printed(capsys, "fit", table, "--formula", formula, "--json")
    assert found["n"] == 3 * 8 * 4 - 3
    assert found["notes"][1] == "3 rows left out, without by_cell"


def test_power_of_a_config_is_printed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {"targets": ["xnli", "pawsx", "udpos"], "intermediates": ["none", "mnli", "qqp"]}
    small |= {"languages": ["en", "de", "zh", "fr", "es"], "seeds": [1]}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    words = ["power", "--config", str(tmp_path / "small.yaml"), "--draws", "3"]
    assert main([*words, "--output", str(tmp_path / "power")]) == 0
    assert "by_language" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("power.*")} == {"power.csv", "power.svg"}
    small |= {"targets": ["tatoeba"], "languages": "all"}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    assert "no target is run in English and elsewhere" in complaint(capsys, *words)
