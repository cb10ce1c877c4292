"""Fits a formula to the user's table of scores: what `xstilts fit` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from mixedlm.formula.terms import Formula

from xstilts.degradation.column_roles import read_scores
from xstilts.degradation.formula_calls import FACTOR, OFFSET, with_calls, without_calls
from xstilts.degradation.formulas import parse
from xstilts.degradation.mixed_model import Df, MixedModel, fit_formula
from xstilts.degradation.model_frame import over_grid
from xstilts.degradation.outcomes import (
    ABROAD,
    AXES,
    FLAGS,
    OUTCOMES,
    add_outcomes,
    has_outcome,
    left_out,
    sound,
)
from xstilts.degradation.parts import PARTS, TRAINED, split_similarity
from xstilts.errors import InputError, check_name
from xstilts.languages import ENGLISH
from xstilts.recipes import NONE
from xstilts.tasks import tasks

# Columns that a table of scores may leave out, and their defaults.
DEFAULTS: dict[str, Any] = {
    "model": "model",
    "seed": 1,
    "metric": "score",
    "reported": True,
    "diverged": "",
    "not_learnt": "",
    "chance": 0.0,
    "n": float("nan"),
    "low": float("nan"),
    "high": float("nan"),
}
SHARE = 1e-3  # how near a chance level comes to the task's, as a share


def fit_table(
    path: Path, formula: str, outcome: str, reml: bool, weights: str | None = None
) -> MixedModel:
    """Fit a formula to a table of scores (`xstilts.degradation.column_roles`).

    The response of a formula without one is `outcome`. An outcome without a column is made of the
    scores (columns `intermediate`, `target`, `language`, `value`; `seed`, `metric` and others where
    they are there). `trained` is made of `intermediate`, the parts of similarity of the column
    `similarity`. Rows are means over seeds, unless the formula or the weights name something that
    differs between seeds. The notes say what was left out, and what was taken for what.

    Args:
        path: the table.
        formula: Wilkinson notation, and functions of columns (`xstilts.degradation.formula_calls`).
        outcome: of a formula without a response.
        reml: restricted rather than full maximum likelihood.
        weights: a column of prior weights: the residual variance of a row is sigma^2 / weight.

    Raises:
        InputError: the table cannot be read, or lacks what the formula needs.
    """
    plain, calls = without_calls(formula if "~" in formula else f"{outcome} ~ {formula}")
    parsed = parse(plain)
    groups = {factor for term in parsed.random for factor in term.grouping_factors}
    weighted = [weights] if weights else []
    texts = {call.column for call in calls if call.function == FACTOR}
    numbers = {call.column for call in calls if call.function != FACTOR} | {*weighted}
    of_calls = {call.name for call in calls}
    rows = read_scores(path, (parsed.all_variables | numbers) - groups - of_calls, groups | texts)
    if "~" not in formula:
        check_name("outcome", outcome, {*OUTCOMES, *rows.columns}, str(path))
    if rows.get("model", pd.Series()).nunique() > 1 and "model" not in parsed.all_variables:
        raise InputError(f"{path}: several models; keep the rows of one, or name it in the formula")
    notes, table = list(_set_aside(rows)), rows
    if parsed.response in OUTCOMES:
        rows = _with_outcome(rows, parsed.response, path, notes)
    rows = with_calls(rows, calls, parsed.response, path)
    offsets = [call.name for call in calls if call.function == OFFSET]
    notes += [f"{name} taken off {parsed.response}" for name in offsets]
    lacking = parsed.all_variables - set(rows.columns)
    if lacking & set(PARTS):
        rows = _with_parts(rows, table, path)
    elif TRAINED in lacking and "intermediate" in rows:
        rows = rows.assign(**{TRAINED: (rows["intermediate"] != NONE).astype(float)})
    _check_factors(rows, parsed, groups, path)
    for name in weighted:
        check_name("weights", name, rows.columns, str(path))
    means = _over_seeds(rows, parsed, {*parsed.all_variables, *weighted})
    if len(means) < len(rows):
        notes.append(f"{len(rows):,} rows became {len(means):,} means over seeds")
    own = means[weights].to_numpy(dtype=float) if weights else None
    df: Df = "containment" if parsed.all_variables & {*PARTS} else "satterthwaite"
    model = fit_formula(parsed, means, reml=reml, weights=own, df=df)
    return replace(model, notes=[*notes, *model.notes])


def _set_aside(rows: pd.DataFrame) -> Iterator[str]:
    """Remove similarities of rows of `none`, in place; a note says so."""
    if not {"intermediate", "similarity"} <= {*rows.columns}:
        return
    filled = (rows["intermediate"] == NONE) & rows["similarity"].notna()
    if filled.any():
        rows.loc[filled, "similarity"] = float("nan")
        yield f"similarity set aside in {filled.sum()} rows of none, which has no texts to compare"


def _with_outcome(rows: pd.DataFrame, outcome: str, path: Path, notes: list[str]) -> pd.DataFrame:
    """Cells of reported metrics that have the outcome, without runs that diverged."""
    _check_one_score_a_cell(rows[rows["reported"]] if "reported" in rows else rows, path)
    cells = rows.assign(**{name: value for name, value in DEFAULTS.items() if name not in rows})
    if outcome not in rows:
        needed = ["intermediate", "target", "language", "value"]
        lacking = [name for name in needed if name not in rows]
        if lacking:
            raise InputError(f"{path}: {outcome} needs column(s) {', '.join(lacking)}")
        notes += _check_percent(cells, path)
        cells = add_outcomes(cells)
        by_reason, counted = left_out(cells, outcome), has_outcome(cells, outcome)
    else:
        flags = FLAGS if outcome in ABROAD else FLAGS[:1]
        counts = cells["reported"] & sound(cells, flags)
        counted = counts & cells[outcome].notna()
        by_reason = {
            "of another metric, or of a run that diverged or did not learn": int((~counts).sum()),
            f"without {outcome}": int((counts & ~counted).sum()),
        }
    notes += [f"{count} rows left out: {reason}" for reason, count in by_reason.items() if count]
    counted_cells = cells[counted]
    if counted_cells.empty:
        against_none = "gain" in outcome or "change" in outcome
        axis, at = ("intermediate", NONE) if against_none else ("language", ENGLISH)
        why = f"there are no cells of {'none' if against_none else 'English'}"
        if axis in cells and (cells[axis] == at).any():
            why = "; ".join(notes)
        raise InputError(f"{path}: no cell has a {outcome}: {why}")
    return counted_cells


def _check_percent(cells: pd.DataFrame, path: Path) -> Iterator[str]:
    """A note for every target whose scores may be shares rather than percent.

    Raises:
        InputError: a score is no percentage, or all scores are shares.
    """
    for name in ("value", "chance", "low", "high"):
        for row, number in enumerate(cells[name], start=1):
            if number < 0 or number > 100:
                raise InputError(f"{path}: {name} is {number:g} in row {row}; scores are 0 to 100")
    for row, number in enumerate(cells["n"], start=1):
        if number <= 0:
            raise InputError(f"{path}: n is {number:g} in row {row}; it counts test examples")
    values = cells["value"].dropna()
    if len(values) and values.max() <= 1 and values.any():
        raise InputError(
            f"{path}: value: every score lies between 0 and 1; scores are percent here, so "
            "multiply them (and low, high, chance) by 100"
        )
    for target, mine in cells.groupby("target"):
        scores, chance = mine["value"].dropna(), mine["chance"].max()
        if len(scores) and 0 < scores.max() <= 1:
            yield f"{target}: every score lies between 0 and 1, and is taken for percent"
        task_chance = tasks()[str(target)].chance if target in tasks() else 0.0
        if task_chance and abs(chance - task_chance) < SHARE:
            raise InputError(
                f"{path}: chance is {chance:g} for {target}, a share; scores are percent here, so "
                f"write {100 * task_chance:.4g}"
            )


def _check_factors(rows: pd.DataFrame, parsed: Formula, groups: set[str], path: Path) -> None:
    """Raise an InputError for a text predictor that determines a grouping factor."""
    texts = [
        name
        for name in sorted(parsed.all_variables - groups)
        if name in rows and not pd.api.types.is_numeric_dtype(rows[name])
    ]
    for name in texts:
        for group in sorted(groups & {*rows.columns}):
            if rows[group].nunique() > 1 and (rows.groupby(name)[group].nunique() <= 1).all():
                raise InputError(
                    f"{path}: {name} is a text with {rows[name].nunique()} levels, and each is of "
                    f"one {group}: as a predictor it leaves nothing for (1 | {group}) to explain"
                )


def _check_one_score_a_cell(rows: pd.DataFrame, path: Path) -> None:
    keys = [name for name in AXES if name in rows]
    twice = rows[rows.duplicated(keys)]
    if len(twice):
        first = ", ".join(f"{name} {twice.iloc[0][name]}" for name in keys)
        raise InputError(f"{path}: {first}: more than one score; keep one metric, and one of each")


def _with_parts(rows: pd.DataFrame, table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with the parts of similarity, which are those of the whole table."""
    lacking = [
        name for name in ("intermediate", "target", "language", "similarity") if name not in rows
    ]
    if lacking:
        raise InputError(f"{path}: the parts of similarity need column(s) {', '.join(lacking)}")
    return split_similarity(rows, measured=over_grid(table, rows))


def _over_seeds(rows: pd.DataFrame, formula: Formula, named: set[str]) -> pd.DataFrame:
    """Means of cells over seeds, unless a column that is named differs between seeds."""
    keys = [name for name in AXES if name in rows and name != "seed"]
    if "seed" not in rows or formula.response not in OUTCOMES or len(keys) < 3:
        return rows
    others = {formula.response, *keys}
    predictors = sorted((named - others) & {*rows.columns})
    by = rows.groupby(keys, sort=False, dropna=False)
    if any((by[name].nunique(dropna=False) > 1).any() for name in predictors):
        return rows
    means: pd.DataFrame = by.first().assign(**{formula.response: by[formula.response].mean()})
    return means.reset_index()
