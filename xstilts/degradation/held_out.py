"""Could the gap have been predicted? Every language, family, target and intermediate left out once.

Random rows left out would say nothing: another row of the same language is nearly the answer. So
whole groups are left out, and what predicts them is compared: means and facts alone, nearest
neighbours and gradient boosting (scikit-learn), and the mixed model, with similarity and without.
The mixed model says how sure it is; the share of outcomes inside its intervals is written too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import stats
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from xstilts.degradation.effects import model_frames
from xstilts.degradation.formulas import AXES, PARTS, TRAINED, Specification, of_columns, without
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv, write_table
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

logger = logging.getLogger(__name__)

Row = dict[str, Any]
SIZE, URIEL = "pretraining_size", "uriel_"
NEIGHBOURS = 10
MIXED, BARE = "mixed model", " without similarity"
# The axes on which a scheme leaves groups out, so that no predictor may know them.
LEFT_OUT = {
    "language": ("language",),
    "family": ("language",),
    "target": ("target",),
    "intermediate": ("intermediate",),
}
LEVELS = (50, 80, 95)  # percent, of intervals
DRAWS = 1000  # bootstrap draws of left-out groups

HELD_OUT = schema(
    ("model", pa.string(), "Encoder."),
    ("scheme", pa.string(), "What was left out: language, family, target or intermediate."),
    ("group", pa.string(), "Which one."),
    ("predictor", pa.string(), "What predicted."),
    ("intermediate", pa.string(), "Recipe of phase two."),
    ("target", pa.string(), "Evaluated task."),
    ("language", pa.string(), "Language."),
    ("observed", pa.float64(), "The outcome, mean over seeds."),
    ("predicted", pa.float64(), "Its prediction."),
    ("sd", pa.float64(), "Standard deviation of the prediction; the mixed models' only."),
    ("df", pa.float64(), "Degrees of freedom of its interval: groups fitted less one."),
)
SKILL = schema(
    ("model", pa.string(), "Encoder."),
    ("scheme", pa.string(), "What was left out: language, family, target or intermediate."),
    ("predictor", pa.string(), "What predicted."),
    ("groups", pa.int32(), "Groups left out, one at a time."),
    ("mae", pa.float64(), "Mean absolute error, in units of the outcome."),
    ("r2", pa.float64(), "1 less the squared error over that of the overall mean."),
    ("spearman", pa.float64(), "Rank correlation of predicted and observed."),
    ("gain", pa.float64(), "r2 less that of the same predictor without similarity."),
    ("gain_low", pa.float64(), "Lower end of its 95% bootstrap interval over left-out groups."),
    ("gain_high", pa.float64(), "Upper end of that interval."),
    *[
        (f"inside_{level}", pa.float64(), f"Share inside the {level}% interval.")
        for level in LEVELS
    ],
)


def predict_held_out(
    *,
    cells: str,
    similarity: list[str],
    headline: str,
    degradation: Mapping[str, Any],
    families: Mapping[str, str],
    predictions: str,
    skill: str,
) -> None:
    """Write every held-out prediction, and how good each predictor was.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        headline: the measure whose parts predict.
        degradation: section of the config: outcome, steps, groups.
        families: language family by language; empty if none is known.
        predictions: table to write.
        skill: CSV to write.
    """
    wanted = Specification(**degradation)
    scored = read_table(Path(cells), CELLS).to_pandas()
    rows: list[Row] = []
    for model, frame in model_frames(scored, read_default_layer(similarity), headline, wanted):
        known = frame.assign(family=frame["language"].map(dict(families)))
        rows += [{"model": model, **row} for row in held_out(known, wanted)]
    write_table(Path(predictions), rows_table(rows, HELD_OUT), HELD_OUT)
    write_csv(Path(skill), rows_table(skills(pd.DataFrame(rows)), SKILL))


def held_out(frame: pd.DataFrame, wanted: Specification) -> Iterator[Row]:
    """Predictions of every predictor, by every scheme with three groups or more."""
    for scheme in LEFT_OUT:
        groups = sorted(frame[scheme].dropna().unique())
        if len(groups) < 3:
            logger.info("%s: %d of them; leaving out needs 3", scheme, len(groups))
            continue
        for group in groups:
            out = frame[scheme] == group
            for name, make in predictors(frame, wanted, scheme).items():
                yield from _fold(scheme, group, name, make, frame[~out], frame[out], wanted)


def _fold(
    scheme: str,
    group: str,
    name: str,
    make: Callable[..., Any],
    known: pd.DataFrame,
    new: pd.DataFrame,
    wanted: Specification,
) -> Iterator[Row]:
    try:
        mean, sd = make(known, new)
    except InputError as error:
        logger.info("%s %s left out, %s: %s", scheme, group, name, error)
        return
    common = {"scheme": scheme, "group": group, "predictor": name}
    freedom = known[scheme].nunique() - 1
    for at, row in enumerate(new[[*AXES, wanted.outcome]].to_dict("records")):
        yield {
            **common,
            **{axis: row[axis] for axis in AXES},
            "observed": row[wanted.outcome],
            "predicted": float(mean[at]),
            "sd": None if sd is None else float(sd[at]),
            "df": None if sd is None else float(freedom),
        }


Predictor = Callable[[pd.DataFrame, pd.DataFrame], tuple[np.ndarray, np.ndarray | None]]


def predictors(frame: pd.DataFrame, wanted: Specification, scheme: str) -> dict[str, Predictor]:
    """What can predict these rows when a scheme leaves groups out.

    All know which intermediate, target and language a row is of, but for what the scheme leaves
    out; a predictor of facts that no language has is none.
    """
    facts = [name for name in frame.columns if name in measures() and frame[name].nunique() > 1]
    parts = [name for name in PARTS if frame[name].nunique() > 1]
    chosen: dict[str, tuple[Learner, list[str]]] = {
        "mean": (_ridge, []),
        "pretraining size": (_ridge, [name for name in facts if name == SIZE]),
        "URIEL": (_ridge, [name for name in facts if name.startswith(URIEL)]),
        "similarity alone": (_ridge, parts),
    }
    chosen = {name: each for name, each in chosen.items() if each[1] or name == "mean"}
    for name, make in LEARNERS.items():
        chosen |= {name: (make, [*facts, *parts]), f"{name}{BARE}": (make, facts)}
    axes = [axis for axis in AXES if axis not in LEFT_OUT[scheme]]
    found: dict[str, Predictor] = {
        name: partial(_learned, make, axes, columns, wanted.outcome)
        for name, (make, columns) in chosen.items()
    }
    formula = of_columns(wanted.formula, frame.columns)
    found[MIXED] = partial(_mixed, formula)
    found[f"{MIXED}{BARE}"] = partial(_mixed, without(formula, PARTS))
    return found


def _ridge(rows: int) -> Ridge:
    return Ridge()


Learner = Callable[[int], Any]  # of so many rows
LEARNERS: dict[str, Learner] = {
    "linear": _ridge,
    "nearest neighbours": lambda rows: KNeighborsRegressor(min(NEIGHBOURS, rows)),
    "gradient boosting": lambda rows: HistGradientBoostingRegressor(random_state=0),
}


def _learned(
    make: Learner,
    axes: list[str],
    columns: list[str],
    outcome: str,
    known: pd.DataFrame,
    new: pd.DataFrame,
) -> tuple[np.ndarray, None]:
    """Prediction from numbers, and from the axes that are not left out."""
    features = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), axes),
        (StandardScaler(), [TRAINED, *columns]),
    )
    learner = make_pipeline(features, make(len(known))).fit(known, known[outcome])
    return np.asarray(learner.predict(new)), None


def _mixed(formula: Any, known: pd.DataFrame, new: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return fit_formula(formula, known, intervals=False).predict(new)


def skills(predictions: pd.DataFrame) -> list[Row]:
    """How good every predictor was, a row a model, scheme and predictor."""
    rows = []
    keys = ["model", "scheme"]
    for (model, scheme), mine in predictions.groupby(keys, sort=False) if len(predictions) else ():
        named = dict(list(mine.groupby("predictor", sort=False)))
        for name, found in ((str(name), found) for name, found in named.items()):
            bare = named.get(f"{name}{BARE}")
            rows.append(
                {
                    "model": model,
                    "scheme": scheme,
                    "predictor": name,
                    "groups": found["group"].nunique(),
                    "mae": mean_absolute_error(found["observed"], found["predicted"]),
                    "r2": r2_score(found["observed"], found["predicted"]),
                    "spearman": found["observed"].corr(found["predicted"], method="spearman"),
                    **(_gain(found, bare) if bare is not None else {}),
                    **_calibration(found),
                }
            )
    return rows


def _gain(found: pd.DataFrame, bare: pd.DataFrame) -> Row:
    """What similarity adds to r2, with a bootstrap over the groups that were left out."""
    keys = ["group", *AXES]
    both = found.merge(bare[[*keys, "predicted"]], on=keys, suffixes=("", "_bare"))
    centre = both["observed"].mean()
    errors = pd.DataFrame(
        {
            "total": (both["observed"] - centre) ** 2,
            "with": (both["observed"] - both["predicted"]) ** 2,
            "without": (both["observed"] - both["predicted_bare"]) ** 2,
        }
    )
    sums = errors.groupby(both["group"]).sum().to_numpy()
    random = np.random.default_rng(0)
    weights = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS)
    total, with_it, without_it = (np.vstack([np.ones(len(sums)), weights]) @ sums).T
    gains = (without_it - with_it) / total
    low, high = np.percentile(gains[1:], [2.5, 97.5])
    return {"gain": gains[0], "gain_low": low, "gain_high": high}


def _calibration(found: pd.DataFrame) -> Row:
    if found["sd"].isna().any():
        return {}
    standard = (found["observed"] - found["predicted"]).abs() / found["sd"]
    half = {level: stats.t.ppf(0.5 + level / 200, found["df"]) for level in LEVELS}
    return {f"inside_{level}": float((standard <= half[level]).mean()) for level in LEVELS}
