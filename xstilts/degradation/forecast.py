"""What a language that was not run would lose: the model's prediction, with its interval.

The whole model predicts where the headline measure has been measured for the language (`snakemake`
can measure similarity before anything is evaluated); else its part without similarity predicts,
only from facts of languages. The interval is of one observation, mean over seeds, of a language
whose own effect is not known: `skill.csv` says how often such intervals were right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from mixedlm.formula.terms import Formula
from scipy import stats

from xstilts.degradation.formulas import Specification, of_columns, without
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.model_frame import add_controls, design
from xstilts.degradation.outcomes import CELLS, GAPS, add_factors, analysed, seed_means
from xstilts.degradation.parts import PARTS, TRAINED
from xstilts.errors import InputError
from xstilts.io.tables import read_table
from xstilts.languages import ENGLISH, language_factors, language_facts, languages
from xstilts.recipes import NONE
from xstilts.similarity.table import known_facts, read_default_layer

FACTS, WHOLE = "facts of the language", "similarity"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The prediction that is asked for.

    Attributes:
        language: the code of the language.
        known: facts of it and of English, by model and code (`xstilts.languages.language_facts`).
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
    outcome = asked.wanted.outcome
    if asked.language == ENGLISH and outcome in GAPS:
        raise InputError(f"language '{ENGLISH}' has no {outcome}: it is zero by definition")
    rows = analysed(read_table(cells, CELLS).to_pandas(), outcome)
    if rows.empty:
        raise InputError(f"{cells}: no cell has a {outcome}: nothing to predict from")
    if asked.language in set(rows["language"]):
        raise InputError(f"language '{asked.language}' was run: its scores are in {cells}")
    tables = _tables(results)
    predictions = [
        part
        for model, mine in seed_means(rows, outcome).groupby("model")
        if model in asked.known
        for part in _of_model(str(model), mine, tables[tables["model"] == model], asked)
    ]
    if not predictions:
        raise InputError(f"{cells}: has no cells of the config's models")
    return pd.concat(predictions, ignore_index=True)


def _tables(results: Path) -> pd.DataFrame:
    """The similarity tables of the results, at the models' default layers."""
    paths = sorted(map(str, results.glob("similarity/*/*/*.parquet")))
    if not paths:
        raise InputError(f"no similarity tables in '{results}/similarity': run the workflow first")
    return read_default_layer(paths)


def _of_model(
    model: str, outcomes: pd.DataFrame, tables: pd.DataFrame, asked: Forecast
) -> Iterator[pd.DataFrame]:
    """The whole model predicts targets where similarity was measured; facts predict the others."""
    new = _cells(outcomes, asked.language)
    rows = pd.concat([outcomes, new], ignore_index=True)
    similarity = tables[tables["measure"] == asked.headline]
    others = _with_facts(tables[tables["measure"] != asked.headline], model, new, asked)
    measured_in = similarity[
        (similarity["language"] == asked.language) & similarity["similarity"].notna()
    ]
    whole = new["target"].isin(set(measured_in["target"]))
    if whole.any():
        frame = design(rows, similarity, others, asked.wanted.formula)
        yield _predicted(frame, asked.wanted.formula, asked, set(new[whole]["target"]), WHOLE)
    if not whole.all():
        trained = (rows["intermediate"] != NONE).astype(float)
        formula = without(asked.wanted.formula, PARTS)
        frame = add_controls(rows.assign(**{TRAINED: trained}), others, formula)
        yield _predicted(frame, formula, asked, set(new[~whole]["target"]), FACTS)


def _predicted(
    frame: pd.DataFrame, formula: Formula, asked: Forecast, targets: set[str], source: str
) -> pd.DataFrame:
    """Means and 95% intervals for some targets, from a fit to all other languages."""
    formula = of_columns(formula, frame.columns)
    unseen = frame["language"] == asked.language
    fitted = fit_formula(formula, frame[~unseen], df=None)
    new = frame[unseen & frame["target"].isin(targets)].reset_index(drop=True)
    mean, sd = fitted.predict(new)
    half = stats.t.ppf(0.975, fitted.data["language"].nunique() - 1) * sd
    means = new[["model", "intermediate", "target"]].assign(predicted=mean)
    return means.assign(low=mean - half, high=mean + half, **{"from": source})


def _cells(outcomes: pd.DataFrame, language: str) -> pd.DataFrame:
    """Rows of the language for every (intermediate, target) of a model, without outcome."""
    axes = [outcomes[name].unique() for name in ("model", "intermediate", "target")]
    cells = pd.DataFrame(list(product(*axes)), columns=["model", "intermediate", "target"])
    return add_factors(cells.assign(language=language), language_factors([language]))


def _with_facts(
    tables: pd.DataFrame, model: str, new: pd.DataFrame, asked: Forecast
) -> pd.DataFrame:
    """The tables of other measures, with facts of the language where a table has no row of it."""
    cells = [*new[["intermediate", "target", "language"]].itertuples(index=False, name=None)]
    there = set(tables[tables["language"] == asked.language]["measure"])
    wanted = asked.wanted.formula.all_variables - there
    return pd.concat([tables, known_facts(wanted, model, cells, asked.known[model])])


def known_of(config: Mapping[str, Any], grid: Any, language: str) -> Iterator[tuple[str, Any]]:
    """(model, facts of a language and of English) for every model of a grid.

    Raises:
        InputError: the language is in no table.
    """
    if language not in languages():
        raise InputError(
            f"unknown language '{language}': give it a row in a language_table first; "
            f"known: {', '.join(languages())}"
        )
    for name, model in grid.models.items():
        yield name, language_facts([language, "en"], model.pretraining)
