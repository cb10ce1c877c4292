"""A formula on anybody's table of scores: what `xstilts fit` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mixedlm.formula.terms import Formula

from xstilts.degradation.design import split_similarity
from xstilts.degradation.formulas import PARTS, TRAINED, parse
from xstilts.degradation.mixed_model import MixedModel, fit_formula
from xstilts.degradation.outcomes import AXES, OUTCOMES, add_outcomes, analysed
from xstilts.errors import InputError, check_name
from xstilts.recipes import NONE
from xstilts.tables import read_table

# What a table of scores may leave out, and what is taken then.
DEFAULTS: dict[str, Any] = {
    "model": "model",
    "seed": 1,
    "metric": "score",
    "reported": True,
    "diverged": "",
    "chance": 0.0,
    "n": float("nan"),
    "low": float("nan"),
    "high": float("nan"),
}


def fit_table(path: Path, formula: str, outcome: str, reml: bool) -> MixedModel:
    """Fit a formula to a Parquet or CSV table.

    A formula without a response is one of `outcome`. An outcome that the table lacks is made of its
    scores (columns `intermediate`, `target`, `language`, `value`; `seed`, `metric` and others where
    they are there); `trained` and the parts of similarity of its column `similarity`. Rows are
    means over seeds, unless the formula names something that differs between them.

    Raises:
        InputError: the table cannot be read or lacks what the formula needs.
    """
    rows = _read(path)
    if rows.get("model", pd.Series()).nunique() > 1 and "model" not in formula:
        raise InputError(f"{path}: several models; keep the rows of one, or name it in the formula")
    if "~" not in formula:
        check_name("outcome", outcome, {*OUTCOMES, *rows.columns}, str(path))
        formula = f"{outcome} ~ {formula}"
    parsed = parse(formula)
    if parsed.response in OUTCOMES:
        rows = _with_outcome(rows, parsed.response, path)
    lacking = parsed.all_variables - set(rows.columns)
    if lacking & set(PARTS):
        rows = _with_parts(rows, path)
    elif TRAINED in lacking and "intermediate" in rows:
        rows = rows.assign(**{TRAINED: (rows["intermediate"] != NONE).astype(float)})
    return fit_formula(parsed, _over_seeds(rows, parsed), reml=reml)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"no table '{path}'")
    if path.suffix == ".csv":
        return pd.read_csv(path)
    rows: pd.DataFrame = read_table(path).to_pandas()
    return rows


def _with_outcome(rows: pd.DataFrame, outcome: str, path: Path) -> pd.DataFrame:
    """Cells that have the outcome: of reported metrics, without runs that diverged."""
    _check_one_score_a_cell(rows[rows["reported"]] if "reported" in rows else rows, path)
    if outcome in rows:
        kept = rows[outcome].notna()
        kept &= rows.get("reported", True)
        kept &= rows.get("diverged", pd.Series("", index=rows.index)).fillna("") == ""
        return rows[kept]
    needed = ["intermediate", "target", "language", "value"]
    lacking = [name for name in needed if name not in rows]
    if lacking:
        raise InputError(f"{path}: {outcome} needs column(s) {', '.join(lacking)}")
    cells = rows.assign(**{name: value for name, value in DEFAULTS.items() if name not in rows})
    found = analysed(add_outcomes(cells), outcome)
    if found.empty:
        baseline = "none" if "gain" in outcome or "change" in outcome else "English"
        raise InputError(f"{path}: no cell has a {outcome}: there are no cells of {baseline}")
    others = [name for name in cells if name not in found]
    return found.join(cells[others])


def _check_one_score_a_cell(rows: pd.DataFrame, path: Path) -> None:
    keys = [name for name in AXES if name in rows]
    twice = rows[rows.duplicated(keys)]
    if len(twice):
        first = ", ".join(f"{name} {twice.iloc[0][name]}" for name in keys)
        raise InputError(f"{path}: {first}: more than one score; keep one metric, and one of each")


def _with_parts(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    lacking = [
        name for name in ("intermediate", "target", "language", "similarity") if name not in rows
    ]
    if lacking:
        raise InputError(f"{path}: the parts of similarity need column(s) {', '.join(lacking)}")
    return split_similarity(rows)


def _over_seeds(rows: pd.DataFrame, formula: Formula) -> pd.DataFrame:
    """Means over seeds of cells, where nothing that the formula names differs between them."""
    keys = [name for name in AXES if name in rows and name != "seed"]
    if "seed" not in rows or formula.response not in OUTCOMES or len(keys) < 3:
        return rows
    others = {formula.response, *keys}
    predictors = sorted((formula.all_variables - others) & set(rows.columns))
    by = rows.groupby(keys, sort=False, dropna=False)
    if any((by[name].nunique(dropna=False) > 1).any() for name in predictors):
        return rows
    means: pd.DataFrame = by.first().assign(**{formula.response: by[formula.response].mean()})
    return means.reset_index()
