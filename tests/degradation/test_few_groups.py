"""Where a grid is small or odd: no test without groups to compare, clear words, whole figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.grids import KEYS, NO_OTHERS, WANTED, effects_of_frame, headline_rows, simulated

from xstilts.degradation.answer import answer_of
from xstilts.degradation.diagnostics import diagnosed
from xstilts.degradation.effects import EFFECTS
from xstilts.degradation.held_out import HELD_OUT, SKILL, held_out, skills
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.model_frame import design
from xstilts.degradation.parts import PARTS
from xstilts.degradation.sensitivity import SENSITIVITY
from xstilts.errors import InputError
from xstilts.io.tables import rows_table, write_csv, write_table
from xstilts.report.effect_figures import plot_effects, plot_sensitivity
from xstilts.report.held_out_figure import plot_held_out

pytestmark = pytest.mark.slow


def facts(languages: int, targets: int = 4, seed: int = 0) -> pd.DataFrame:
    """A grid with as many facts of a language as a small grid has languages."""
    frame = simulated(seed, targets, languages, "abc", {"trained": 0.0})
    random = np.random.default_rng(seed)
    for name in ("pretraining_size", "uriel_syntactic", "seen_in_pretraining"):
        of = dict(zip(frame["language"].unique(), random.normal(size=languages), strict=True))
        frame[name] = frame["language"].map(of)
    return frame


FACTS = "pretraining_size + uriel_syntactic + seen_in_pretraining + by_language"


def test_facts_that_say_all_of_the_languages_have_no_test() -> None:
    formula = f"gap ~ trained + by_cell + {FACTS} + (1 | language) + (1 | target)"
    model = fit_formula(formula, facts(languages=5))
    assert "(1 | language)" in model.dropped
    assert all(np.isnan(model.estimate(name)["p"]) for name in FACTS.split(" + "))
    assert np.isfinite(model.estimate("by_cell")["p"])
    assert any("5 groups of language" in note for note in model.notes)


def test_two_intermediates_have_no_test_of_training() -> None:
    frame = simulated(0, 4, 8, "a")
    formula = "gap ~ trained + by_target_language + (1 | intermediate) + (1 | language)"
    model = fit_formula(formula, frame)
    assert "(1 | intermediate)" in model.dropped
    assert np.isnan(model.estimate("trained")["p"])


@pytest.mark.parametrize(("languages", "facts_known"), [(2, False), (3, False), (6, True)])
def test_the_null_is_not_rejected_more_with_few_languages(
    languages: int, facts_known: bool
) -> None:
    # Of 40 grids without effect more than 7 are rejected at 5% once in 700 times, by the binomial.
    terms = FACTS if facts_known else "by_language"
    formula = f"gap ~ trained + by_cell + {terms} + (1 | language) + (1 | target)"
    models = [fit_formula(formula, facts(languages, seed=seed)) for seed in range(40)]
    assert sum(model.estimate("by_language")["p"] < 0.05 for model in models) <= 7


def test_a_measure_without_any_value_has_no_rows() -> None:
    frame = simulated()
    nothing = frame[[*KEYS, "similarity"]].assign(similarity=np.nan)
    rows = design(frame[[*KEYS, "gap"]], nothing, NO_OTHERS, WANTED.formula)
    assert rows.empty
    with pytest.raises(InputError, match="no cell has a value of similarity"):
        effects_of_frame(rows)


def test_an_exact_fit_is_refused() -> None:
    frame = simulated()
    exact = frame.assign(gap=2.0 * frame["by_language"])
    with pytest.raises(InputError, match="explains every row exactly"):
        fit_formula(WANTED.formula, exact)


def test_the_answer_has_no_interval_where_there_is_no_test() -> None:
    rows = headline_rows(effects_of_frame(simulated(0, 3, 8, "abc")))
    untested = [{**row, "low": None, "high": None, "p": None, "p_holm": None} for row in rows]
    assert "too few of them for an interval" in answer_of("m", untested, "centroid_cosine")


def test_the_answer_speaks_of_the_outcome_that_was_fitted() -> None:
    rows = headline_rows(effects_of_frame(simulated(0, 3, 8, "abc")))
    gains = [{**row, "outcome": "gain"} for row in rows]
    assert "goes with a gain over none\n" in answer_of("m", gains, "centroid_cosine")
    logits = [
        {**row, "outcome": "logit_gap", "estimate": 0.054, "low": 0.004, "high": 0.104}
        for row in rows
    ]
    text = answer_of("m", logits, "centroid_cosine")
    assert "0.05 logits larger between languages (95% interval 0.00 to 0.10 larger;" in text


def variant(**values: Any) -> dict[str, Any]:
    row = {"variant": "main fit", "level": "by_cell", "unit": "of the main fit", "rows": 9}
    return {**row, "estimate": 1.0, "low": 0.0, "high": 2.0, **values}


def test_an_interval_without_its_estimate_is_drawn(tmp_path: Path) -> None:
    # As a percentile bootstrap of few groups can have it.
    rows = [variant(model="m"), variant(model="m", variant="bootstrap", estimate=3.0)]
    write_csv(tmp_path / "table.csv", rows_table(rows, SENSITIVITY))
    figure = tmp_path / "figure.svg"
    plot_sensitivity(
        sensitivity=str(tmp_path / "table.csv"), figure=str(figure), data=str(tmp_path / "d.csv")
    )
    assert "bootstrap" in figure.read_text(encoding="utf-8")


def test_two_encoders_have_rows_of_their_own(tmp_path: Path) -> None:
    rows = effects_of_frame(simulated(0, 3, 8, "abc"))
    both = [{"model": name, "measure": "mmd", "missing": 0, **row} for name in "mn" for row in rows]
    write_table(tmp_path / "effects.parquet", rows_table(both, EFFECTS), EFFECTS)
    plot_effects(
        effects=str(tmp_path / "effects.parquet"),
        figure=str(tmp_path / "figure.svg"),
        data=str(tmp_path / "data.csv"),
    )
    assert set(pd.read_csv(tmp_path / "data.csv")["row"]) == {
        "maximum mean discrepancy (m)",
        "maximum mean discrepancy (n)",
    }


def test_a_dozen_rows_are_predicted_as_far_as_they_go(tmp_path: Path) -> None:
    frame = simulated(0, 2, 3, "a").assign(family=np.nan)
    rows = [{"model": "m", **row} for row in held_out(frame, WANTED)]
    assert {row["scheme"] for row in rows} == {"language"}
    assert "nearest neighbours" in {row["predictor"] for row in rows}  # of eight rows, not ten
    write_table(tmp_path / "held.parquet", rows_table(rows, HELD_OUT), HELD_OUT)
    write_csv(tmp_path / "skill.csv", rows_table(skills(pd.DataFrame(rows)), SKILL))
    plot_held_out(
        held_out=str(tmp_path / "held.parquet"),
        skill=str(tmp_path / "skill.csv"),
        languages={},
        figure=str(tmp_path / "figure.svg"),
        data=str(tmp_path / "data.csv"),
    )
    assert (tmp_path / "figure.svg").is_file()


def test_residuals_that_spread_more_in_one_target_are_seen() -> None:
    frame, random = simulated(0, 5, 10, "abc"), np.random.default_rng(0)
    loud = frame["target"] == "t3"
    noisy = frame.assign(
        gap=frame["gap"] + np.where(loud, 8.0, 0.0) * random.normal(size=len(frame))
    )
    rows = pd.DataFrame(diagnosed(fit_formula(WANTED.formula, noisy)))
    spread = rows[rows["check"] == "residual spread of a target"].set_index("of")["value"]
    assert spread.idxmax() == "t3" and spread["t3"] > 2 * spread.drop("t3").max()
    (kurtosis,) = rows[rows["check"] == "kurtosis"]["value"]
    assert kurtosis > 4  # a mixture of two spreads has heavy tails
    inflation = rows[rows["check"] == "variance inflation"].set_index("of")["value"]
    assert set(PARTS) <= set(inflation.index)
    assert inflation["by_cell"] == pytest.approx(1.0, abs=0.05)  # centred in each of its groups


def test_a_fit_that_the_optimiser_gives_up_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise RuntimeError("Linear optimization did not produce a valid fit")

    monkeypatch.setattr("mixedlm.mkLmerMod", gives_up)
    with pytest.raises(InputError, match="it cannot be fitted: Linear optimization"):
        fit_formula(WANTED.formula, simulated())
