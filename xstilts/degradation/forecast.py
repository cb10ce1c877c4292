"""What a language that was not run would lose: the model's prediction, with its interval.

Where the headline measure has been measured for the language (`snakemake` can measure similarity
before anything is evaluated), the whole model predicts; else its part without similarity, from
facts of languages alone. The interval holds one observation, mean over seeds, of a language whose
own effect is not known: `skill.csv` says how often such intervals were right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

from xstilts.degradation.design import add_controls, design
from xstilts.degradation.formulas import PARTS, TRAINED, Specification, absent, without
from xstilts.degradation.kriging import predict
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS, analysed, seed_means
from xstilts.errors import InputError
from xstilts.measuring import measured, read_similarity, signed
from xstilts.recipes import NONE
from xstilts.similarity import measures
from xstilts.tables import read_table

FACTS, WHOLE = "facts of the language", "similarity"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What is asked.

    Attributes:
        language: its code.
        known: facts of it and of English, by model and code (`xstilts.grid.language_facts`).
        headline: the measure whose parts predict.
        wanted: the model.
    """

    language: str
    known: Mapping[str, Mapping[str, Mapping[str, Any]]]
    headline: str
    wanted: Specification


def forecast(results: Path, asked: Forecast) -> pd.DataFrame:
    """Rows (model, intermediate, target, predicted, low, high, from) for a language.

    Raises:
        InputError: there are no results, or the language was run.
    """
    cells = results / "cells.parquet"
    if not cells.is_file():
        raise InputError(f"no cells '{cells}': run the workflow first, or name another --config")
    rows = analysed(read_table(cells, CELLS).to_pandas(), asked.wanted.outcome)
    if asked.language in set(rows["language"]):
        raise InputError(f"language '{asked.language}' was run: its scores are in {cells}")
    outcomes = seed_means(rows, asked.wanted.outcome)
    tables = read_similarity([str(path) for path in results.glob("similarity/*/*/*.parquet")])
    tables = tables[tables["own"]]
    found = [
        _of_model(str(model), mine, tables[tables["model"] == model], asked)
        for model, mine in outcomes.groupby("model")
    ]
    if not found:
        raise InputError(f"{cells}: no cell has a {asked.wanted.outcome}: nothing to predict from")
    return pd.concat(found, ignore_index=True)


def _of_model(
    model: str, outcomes: pd.DataFrame, tables: pd.DataFrame, asked: Forecast
) -> pd.DataFrame:
    new = _cells(outcomes, asked.language)
    rows = pd.concat([outcomes, new], ignore_index=True)
    chosen = tables[tables["measure"] == asked.headline]
    others = _with_facts(tables[tables["measure"] != asked.headline], model, new, asked)
    formula = asked.wanted.formula
    whole = bool((chosen["language"] == asked.language).any())
    if whole:
        frame = design(rows, chosen, others, formula)
    else:
        formula = without(formula, PARTS)
        trained = (rows["intermediate"] != NONE).astype(float)
        frame = add_controls(rows.assign(**{TRAINED: trained}), others, formula)
    formula = without(formula, absent(formula, frame.columns))
    unseen = frame["language"] == asked.language
    fitted = fit_formula(formula, frame[~unseen], intervals=False)
    mean, sd = predict(fitted, frame[unseen])
    half = stats.t.ppf(0.975, fitted.data["language"].nunique() - 1) * sd
    predicted = {"predicted": mean, "low": mean - half, "high": mean + half}
    asked_for = frame.loc[unseen, ["model", "intermediate", "target"]].reset_index(drop=True)
    return asked_for.assign(**predicted, **{"from": WHOLE if whole else FACTS})


def _cells(outcomes: pd.DataFrame, language: str) -> pd.DataFrame:
    """Every (intermediate, target) of a model's outcomes, in the language, without outcome."""
    axes = [outcomes[name].unique() for name in ("model", "intermediate", "target")]
    cells = pd.DataFrame(list(product(*axes)), columns=["model", "intermediate", "target"])
    return cells.assign(language=language)


def _with_facts(
    tables: pd.DataFrame, model: str, new: pd.DataFrame, asked: Forecast
) -> pd.DataFrame:
    """The tables of other measures, with facts of the language where they lack it."""
    keys = ["intermediate", "target", "language"]
    cells = [row for row in new[keys].itertuples(index=False, name=None) if row[0] != NONE]
    there = set(tables[tables["language"] == asked.language]["measure"])
    facts = [
        row
        for name in sorted(asked.wanted.formula.all_variables & set(measures()) - there)
        if measures()[name].reads in ("languages", "tasks")
        for row in measured(name, model, cells, asked.known[model])
    ]
    return pd.concat([tables, signed(pd.DataFrame(facts))]) if facts else tables


def known_of(config: Mapping[str, Any], grid: Any, language: str) -> Iterator[tuple[str, Any]]:
    """(model, facts of a language and of English) for every model of a grid.

    Raises:
        InputError: the language is in no table.
    """
    from xstilts.grid import language_facts, language_names

    names = language_names(config)
    if language not in names:
        raise InputError(
            f"unknown language '{language}': give it a row in xstilts/languages.csv first; "
            f"known: {', '.join(names)}"
        )
    for name, model in grid.models.items():
        yield name, language_facts(config, [language, "en"], model.pretraining)
