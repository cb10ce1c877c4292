"""What is lost example by example: by hand, against scikit-learn, and by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from xstilts.degradation.by_example import (
    agreement_of,
    by_example,
    examples_right,
    family_kappas,
    kappas,
    pair_means,
)
from xstilts.degradation.outcomes import CELLS, collect_cells
from xstilts.evaluation.metrics import PREDICTIONS, SCORES
from xstilts.io.tables import read_table, rows_table, write_table


def answered(folder: Path, right: str, statistic: str = "correct", **axes: Any) -> str:
    """A score file's path; beside it predictions that are right (1) or wrong (0), by example."""
    whole = {"target": "xnli", "model": "m", "intermediate": "none", "seed": 1, "language": "en"}
    place = folder / "/".join(f"{name}={value}" for name, value in {**whole, **axes}.items())
    rows = [
        {"id": str(at), "prediction": "", "statistics": [("f1", 1.0), (statistic, float(one))]}
        for at, one in enumerate(right)
        if one != " "
    ]
    write_table(place / "predictions.parquet", rows_table(rows, PREDICTIONS), PREDICTIONS)
    return str(place / "scores.parquet")


RUNS = pd.DataFrame(
    [("m", "none", "xnli", 1), ("m", "mnli", "xnli", 1)],
    columns=["model", "intermediate", "target", "seed"],
)


def test_the_share_lost_is_of_what_is_right_in_english(tmp_path: Path) -> None:
    """By hand: of the three that English has right, Swahili has one wrong, and Thai answers two."""
    scores = [
        answered(tmp_path, "11100"),
        answered(tmp_path, "10111", language="sw"),
        answered(tmp_path, "0 100", language="th"),
        answered(tmp_path, "00", intermediate="mnli"),
        answered(tmp_path, "11", intermediate="mnli", language="sw"),
    ]
    lost, _ = by_example(scores, RUNS)
    found = lost.set_index(["intermediate", "language"])["lost"].to_dict()
    assert found == pytest.approx({("none", "sw"): 100 / 3, ("none", "th"): 50.0})


def test_what_counts_as_right_is_the_statistic_of_the_kind(tmp_path: Path) -> None:
    scores = [
        answered(tmp_path, "10", "exact_match", target="xquad"),
        answered(tmp_path, "01", "reciprocal_rank", target="lareqa"),
        answered(tmp_path, "11", target="udpos"),  # its sentences are others in every language
    ]
    found = examples_right(scores).groupby("target")["right"].apply(list).to_dict()
    assert found == {"xquad": [True, False], "lareqa": [False, True]}


def test_scores_without_predictions_say_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "target=xnli/seed=1/language=en/scores.parquet")
    lost, pairs = by_example([path], RUNS)
    assert lost.empty and pairs == []


def test_kappa_is_scikit_learns_over_the_examples_that_both_answered() -> None:
    random = np.random.default_rng(0)
    common = random.uniform(size=200)
    table = pd.DataFrame({name: (random.uniform(size=200) < common) * 1.0 for name in "abc"})
    table.loc[:30, "b"] = np.nan
    for row in kappas(table).itertuples():
        both = table[[row.one, row.other]].dropna()
        expected = cohen_kappa_score(both[row.one], both[row.other])
        assert row.kappa == pytest.approx(expected) and row.examples == len(both)
    assert kappas(pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, 1.0]}))["kappa"].isna().all()


def test_languages_and_intermediates_are_compared_over_all_runs(tmp_path: Path) -> None:
    scores = [
        answered(tmp_path, right, intermediate=intermediate, language=language)
        for intermediate, language, right in [
            ("none", "en", "1100"),
            ("none", "sw", "1100"),  # as English: kappa 1
            ("mnli", "en", "1100"),
            ("mnli", "sw", "1010"),  # by chance: kappa 0
        ]
    ]
    rows = pd.DataFrame(agreement_of(examples_right(scores)))
    found = rows.set_index(["axis", "one", "other"])[["kappa", "examples"]].T.to_dict()
    assert found == {
        ("language", "en", "sw"): {"kappa": 0.5, "examples": 4},
        ("intermediate", "mnli", "none"): {"kappa": 0.5, "examples": 4},  # English 1, Swahili 0
    }


def test_only_runs_that_count_are_compared(tmp_path: Path) -> None:
    scores = [
        answered(tmp_path, right, intermediate=intermediate, language=language)
        for intermediate in ("none", "mnli")
        for language, right in (("en", "1100"), ("sw", "1010"))
    ]
    _, pairs = by_example(scores, RUNS.head(1))
    assert [(row["axis"], row["one"], row["other"]) for row in pairs] == [("language", "en", "sw")]
    assert len(by_example(scores, RUNS)[0]) == 2  # what is lost is known of all


def test_targets_that_differ_in_kappa_are_levelled() -> None:
    """By hand: means of 0.1 and 0.5 are set to that of all, 0.3, before pairs are averaged."""
    rows = [("t", "a", "b", 0.0), ("t", "a", "c", 0.2), ("u", "a", "b", 0.4), ("u", "b", "c", 0.6)]
    found = pair_means(pd.DataFrame(rows, columns=["target", "one", "other", "kappa"]))
    values = found.set_index(["one", "other"])["kappa"].to_dict()
    assert values == pytest.approx({("a", "b"): 0.2, ("a", "c"): 0.4, ("b", "c"): 0.4})


def test_families_that_fail_alike_are_found_and_others_are_not() -> None:
    """By simulation: 12 languages in 4 families, kappa 0.1 higher within them, or not."""
    random = np.random.default_rng(1)
    families = {f"l{at}": f"f{at % 4}" for at in range(12)}
    codes = [*families]
    pairs = pd.DataFrame(
        [(a, b) for at, a in enumerate(codes) for b in codes[at + 1 :]], columns=["one", "other"]
    )
    noise = random.normal(0.3, 0.05, len(pairs))
    pairs["target"] = "xnli"
    alike = pairs["one"].map(families) == pairs["other"].map(families)
    within, between, p = family_kappas(pairs.assign(kappa=noise + 0.1 * alike), families) or ()
    assert within - between == pytest.approx(0.1, abs=0.05) and p < 0.01
    *_, p = family_kappas(pairs.assign(kappa=noise), families) or ()
    assert p > 0.05
    assert family_kappas(pairs.assign(kappa=noise), dict.fromkeys(codes, "one")) is None


def test_scores_that_lack_a_column_are_collected_without_it(tmp_path: Path) -> None:
    """Score files of before there was a `floor`, and one beside them that has it."""
    scores = []
    for language, right in (("en", "1110"), ("sw", "1010")):
        path = Path(answered(tmp_path, right, language=language))
        value = 100 * right.count("1") / len(right)
        row = {"metric": "accuracy", "reported": True, "value": value, "low": value, "high": value}
        row |= {"n": len(right), "chance": 100 / 3, "floor": 25.0, "diverged": ""}
        table = rows_table([row], SCORES)
        write_table(path, table if language == "sw" else table.drop_columns("floor"))
        scores.append(str(path))
    axes = {"models": ["m"], "intermediates": ["none"], "targets": ["xnli"], "seeds": [1]}
    collect_cells(
        scores=scores,
        axes={**axes, "languages": {"xnli": ["en", "sw"]}},
        factors={},
        cells=str(tmp_path / "cells.parquet"),
        missing=str(tmp_path / "missing.csv"),
        agreement=str(tmp_path / "agreement.parquet"),
    )
    cells = read_table(tmp_path / "cells.parquet", CELLS).to_pandas().set_index("language")
    assert np.isnan(cells.loc["en", "floor"]) and cells.loc["sw", "floor"] == 25.0
    assert cells.loc["sw", "gap"] == 25.0 and cells.loc["sw", "lost"] == pytest.approx(100 / 3)
