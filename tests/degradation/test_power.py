"""Power: by its formula, by simulation, with the facts that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xstilts.config import read_config, specification
from xstilts.degradation.formulas import Specification
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.power import (
    GridSize,
    Study,
    chance_beyond,
    expected_spreads,
    facts_of,
    power_table,
    resized,
    sizes,
    slope_errors,
)
from xstilts.degradation.simulation import (
    EXPECTED,
    Spread,
    seed_means,
    simulated_grid,
    simulated_outcome,
)
from xstilts.errors import InputError
from xstilts.io.tables import rows_table, write_table
from xstilts.report.power_figure import plot_power

LANGUAGES = ["de", "sw", "zh", "fr", "hi", "th", "tr", "ru"]
EFFECTS = {"by_cell": -1.0, "by_target_language": -1.0, "by_language": -6.0}
QUIET = tuple(spread._replace(sd=spread.sd / 4) for spread in EXPECTED)


SHAPE = GridSize(
    languages={"xnli": LANGUAGES, "udpos": LANGUAGES[:6], "pawsx": LANGUAGES[2:]},
    intermediates=["none", "mnli", "qqp", "ccg"],
    seeds=[1, 2],
)


def test_power_varies_one_axis_at_a_time() -> None:
    asked = list(sizes(SHAPE))
    assert ("languages", 8, True) in asked and ("languages", 4, False) in asked
    assert ("targets", 3, True) in asked and ("intermediates", 3, True) in asked
    assert ("seeds", 2, True) in asked and ("seeds", 5, False) in asked
    random = np.random.default_rng(0)
    assert len(resized(SHAPE, "languages", 4, random).codes) == 4
    assert len(resized(SHAPE, "targets", 2, random).languages) == 2
    fewer = resized(SHAPE, "intermediates", 2, random).intermediates
    assert len(fewer) == 3 and fewer[0] == "none"
    assert len(resized(SHAPE, "seeds", 5, random).seeds) == 5


NO_FACTS = pd.DataFrame(columns=["measure", "similarity"])


def asked(effect: float, **change: Any) -> Study:
    wanted = specification(read_config()[0])
    study = Study(
        shape=SHAPE, specification=wanted, facts=NO_FACTS, effect=effect, spreads=QUIET, tests=21
    )
    return replace(study, **change)


def test_power_is_the_level_without_an_effect_and_grows_with_it(tmp_path: Path) -> None:
    none, table = (power_table(asked(effect), 3) for effect in (0.0, -5.0))
    # A drawn grid in which a part has no test counts as 0: of three, one or two at small sizes.
    draws = (none["power"] / (0.05 / 3)).round(9)
    assert set(draws) <= {0.0, 1.0, 2.0, 3.0}
    assert (draws[none["configured"]] == 3).all()
    assert table["power"].mean() > 0.6
    assert (table["power_all"] <= table["power"]).all()
    assert table["power"].between(table["low"] - 1e-9, table["high"] + 1e-9).all()
    figure, data = tmp_path / "power.svg", tmp_path / "power.csv"
    plot_power(power=table, effect=-5.0, figure=str(figure), data=str(data))
    assert "power to find -5 points per SD" in figure.read_text(encoding="utf-8")
    assert len(pd.read_csv(data)) == len(table)


@pytest.mark.slow
def test_power_is_how_often_fits_of_simulated_outcomes_find_the_effect() -> None:
    """300 outcomes of two seeds on one drawn similarity; the binomial error of a share is 3%."""
    terms = "trained + by_language + by_target_language + (0 + by_language | target)"
    groups = "(1 | language) + (1 | intermediate:target) + (1 | target:language)"
    wanted = Specification("gap", {"all": terms}, groups)
    spreads = [
        Spread("language", "(Intercept)", 2.0),
        Spread("target:language", "(Intercept)", 1.5),
        Spread("intermediate:target", "(Intercept)", 1.0),
        Spread("intermediate:target:seed", "(Intercept)", 1.0),
        Spread("target", "by_language", 1.0),
        Spread("Residual", "", 2.0),
    ]
    shape = {target: [f"l{at}" for at in range(12)] for target in "tuvwxyz"}
    frame = simulated_grid(shape, ["none", "a", "b"], [1, 2], np.random.default_rng(1))
    effect = {"by_language": -2.5, "by_target_language": 0.6}
    error, freedom = slope_errors(frame[frame["seed"] == 1], wanted.formula, spreads, 2)
    hits = dict.fromkeys(effect, 0)
    for draw in range(300):
        random = np.random.default_rng([draw, 5])
        rows = frame.assign(gap=simulated_outcome(frame, effect, spreads, random))
        model = fit_formula(wanted.formula, seed_means(rows, "gap"), df="containment")
        for part in effect:
            hits[part] += model.estimate(part)["p"] < 0.05
    for part, size in effect.items():
        expected = chance_beyond(size / error[part], freedom[part], 0.05)
        assert 0.3 < expected < 0.95
        assert hits[part] / 300 == pytest.approx(expected, abs=0.09), part


def test_facts_of_languages_cost_power() -> None:
    """Four facts of eight languages leave less to compare similarity by."""
    _, grid = read_config()
    facts = facts_of(grid, asked(-1.0).specification)
    assert set(facts["measure"]) == {
        "pretraining_size",
        "seen_in_pretraining",
        "uriel_syntactic",
        "same_data",
        "head_match",
    }
    plain, controlled = (
        power_table(asked(-5.0, facts=rows), 2).set_index(["axis", "configured", "level"])
        for rows in (NO_FACTS, facts)
    )
    at = ("seeds", True, "by_language")
    assert controlled.loc[[at], "power"].mean() < plain.loc[[at], "power"].mean()


def test_power_takes_the_spreads_that_a_fit_found(tmp_path: Path) -> None:
    from xstilts.degradation.effects import VARIANCES

    rows = [
        {"model": "m", "group": "language", "term": "(Intercept)", "sd": 2.0, "variance": 4.0},
        {"model": "m", "group": "Residual", "term": "", "sd": 1.0, "variance": 1.0},
    ]
    write_table(tmp_path / "variances.parquet", rows_table(rows, VARIANCES), VARIANCES)
    found = expected_spreads(tmp_path / "variances.parquet")
    assert found == [Spread("language", "(Intercept)", 2.0), Spread("Residual", "", 1.0)]
    write_table(tmp_path / "empty.parquet", rows_table([], VARIANCES), VARIANCES)
    with pytest.raises(InputError, match="no variance was estimated"):
        expected_spreads(tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="no table '"):
        expected_spreads(tmp_path / "none.parquet")
