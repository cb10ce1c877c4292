"""Predictions of the outcome: every language, family, target and intermediate is left out once.

Leaving out random rows would say nothing: another row of the same language is nearly the answer. So
whole groups are left out; targets that train on the same data are one group, and so are such
intermediates (`xstilts.degradation.shared_data`). The predictors compared are means and facts,
nearest neighbours and gradient boosting (scikit-learn), and the mixed model, with similarity and
without. The mixed model has prediction intervals; the share of outcomes inside them is written too.
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
from xstilts.degradation.formulas import Specification, of_columns, without
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS, sound
from xstilts.degradation.parts import AXES, PARTS, TRAINED
from xstilts.degradation.shared_data import groups_of_data, sharing
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv, write_table
from xstilts.languages import ENGLISH
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

logger = logging.getLogger(__name__)

Row = dict[str, Any]
SIZE, URIEL = "pretraining_size", "uriel_"
NEIGHBOURS = 10
ALIGNMENT = "mutual_retrieval"  # the measure that MEXA multiplies the English score with
ENGLISH_SCORE, MEXA = "english_score", "english_score_x_alignment"
ALIGNED = "English score x alignment"
BARE_OF = {ALIGNED: "English score"}  # what else a predictor without similarity is called
MEAN, MIXED, BARE = "mean", "mixed model", " without similarity"
# The axes on which a scheme leaves groups out; no predictor may use them.
LEFT_OUT = {
    "language": ("language",),
    "family": ("language",),
    "target": ("target",),
    "intermediate": ("intermediate",),
}
LEVELS = (50, 80, 95)  # percent, of intervals

HELD_OUT = schema(
    ("model", pa.string(), "Encoder."),
    ("scheme", pa.string(), "What was left out: language, family, target or intermediate."),
    ("group", pa.string(), "Which one, or which that train on the same data."),
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
    ("groups", pa.int32(), "Groups left out, one at a time; what shares data is one group."),
    ("left_in", pa.string(), "What was not left out, as all others share data with it."),
    ("mae", pa.float64(), "Mean absolute error, in units of the outcome."),
    ("r2", pa.float64(), "1 less the squared error over that of the overall mean."),
    ("spearman", pa.float64(), "Rank correlation of predicted and observed."),
    ("gain", pa.float64(), "r2 less that of the same predictor without similarity."),
    ("gain_low", pa.float64(), "Lower end of its 95% interval; fits of different groups overlap."),
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
    predictions: str,
    skill: str,
) -> None:
    """Write every held-out prediction, and the skill of each predictor.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        headline: the measure whose parts predict.
        degradation: section of the config: outcome, steps, groups.
        predictions: table to write.
        skill: CSV to write.
    """
    specification = Specification(**degradation)
    scored = read_table(Path(cells), CELLS).to_pandas()
    rows: list[Row] = []
    tables = read_default_layer(similarity)
    for model, own in model_frames(scored, tables, headline, specification):
        of_model = (each[each["model"] == model] for each in (scored, tables))
        frame = with_english(own, *of_model)
        rows += [{"model": model, **row} for row in held_out(frame, specification)]
    write_table(Path(predictions), rows_table(rows, HELD_OUT), HELD_OUT)
    write_csv(Path(skill), rows_table(skills(pd.DataFrame(rows)), SKILL))


def with_english(
    frame: pd.DataFrame, cells: pd.DataFrame, similarity: pd.DataFrame
) -> pd.DataFrame:
    """The frame with the English score of each training, and that times the language's alignment.

    The product is MEXA's prediction of the score (Kargaran et al. 2025). The frame has no such
    columns if one of its languages has no parallel text.

    Args:
        frame: rows of one encoder.
        cells: its cell table.
        similarity: its similarity tables.
    """
    english = cells[cells["reported"] & sound(cells) & (cells["language"] == ENGLISH)]
    scores = english.groupby(["intermediate", "target"])["value"].mean().rename(ENGLISH_SCORE)
    aligned = similarity[similarity["measure"] == ALIGNMENT].dropna(subset="similarity")
    alignment = {**aligned.groupby("language")["similarity"].first(), ENGLISH: 1.0}
    rows = frame.join(scores, on=["intermediate", "target"])
    product = rows[ENGLISH_SCORE] * rows["language"].map(alignment)
    if product.isna().any():
        unknown = sorted(rows.loc[product.isna(), "language"].unique())
        logger.info("no English score x alignment: none is known of %s", ", ".join(unknown))
        return frame
    return rows.assign(**{MEXA: product})


def held_out(frame: pd.DataFrame, specification: Specification) -> Iterator[Row]:
    """Predictions of every predictor under every scheme with three groups or more.

    Families are left out only where some language shares its family with another.
    """
    for scheme in LEFT_OUT:
        names = sorted(frame[scheme].unique())
        folds = dict(_folds(frame, scheme, names))
        alone = scheme == "family" and len(folds) == frame["language"].nunique()
        if len(folds) < 2 or len(names) < 3 or alone:
            logger.info("%s: %d of them; leaving out needs 3", scheme, len(names))
            continue
        for group, (training, out) in folds.items():
            for name, make in predictors(frame, specification, scheme).items():
                yield from _fold(scheme, group, name, make, training, out, specification)


def _folds(
    frame: pd.DataFrame, scheme: str, names: list[str]
) -> Iterator[tuple[str, tuple[pd.DataFrame, pd.DataFrame]]]:
    """Each group with the rows that share no data with it, if there are some, and its own."""
    for group in groups_of_data(scheme, names):
        kept = frame[~frame[scheme].isin(sharing(scheme, names, group))]
        if kept["similarity"].notna().any():
            yield ", ".join(group), (kept, frame[frame[scheme].isin(group)])


def _fold(
    scheme: str,
    group: str,
    name: str,
    make: Callable[..., Any],
    training: pd.DataFrame,
    new: pd.DataFrame,
    specification: Specification,
) -> Iterator[Row]:
    try:
        mean, sd = make(training, new)
    except InputError as error:
        logger.info("%s %s left out, %s: %s", scheme, group, name, error)
        return
    common = {"scheme": scheme, "group": group, "predictor": name}
    freedom = training[scheme].nunique() - 1
    for at, row in enumerate(new[[*AXES, specification.outcome]].to_dict("records")):
        yield {
            **common,
            **{axis: row[axis] for axis in AXES},
            "observed": row[specification.outcome],
            "predicted": float(mean[at]),
            "sd": None if sd is None else float(sd[at]),
            "df": None if sd is None else float(freedom),
        }


Predictor = Callable[[pd.DataFrame, pd.DataFrame], tuple[np.ndarray, np.ndarray | None]]


def predictors(
    frame: pd.DataFrame, specification: Specification, scheme: str
) -> dict[str, Predictor]:
    """The predictors of these rows when a scheme leaves groups out, by name.

    All use the intermediate, target and language of a row, except the axes that the scheme leaves
    out. A predictor of facts that no language has is dropped.
    """
    facts = [name for name in frame.columns if name in measures() and frame[name].nunique() > 1]
    parts = [name for name in PARTS if name in frame]
    learners: dict[str, tuple[Learner, list[str]]] = {
        MEAN: (_ridge, []),
        "pretraining size": (_ridge, [name for name in facts if name == SIZE]),
        "URIEL": (_ridge, [name for name in facts if name.startswith(URIEL)]),
        "similarity alone": (_ridge, parts),
    }
    if MEXA in frame:
        learners |= {
            ALIGNED: (_ridge, [ENGLISH_SCORE, MEXA]),
            BARE_OF[ALIGNED]: (_ridge, [ENGLISH_SCORE]),
        }
    learners = {name: each for name, each in learners.items() if each[1] or name == MEAN}
    for name, make in LEARNERS.items():
        learners |= {name: (make, [*facts, *parts]), f"{name}{BARE}": (make, facts)}
    axes = [axis for axis in AXES if axis not in LEFT_OUT[scheme]]
    by_name: dict[str, Predictor] = {
        name: partial(_learned, make, axes, columns, specification.outcome)
        for name, (make, columns) in learners.items()
    }
    formula = of_columns(specification.formula, frame.columns)
    by_name[MIXED] = partial(_mixed, formula)
    by_name[f"{MIXED}{BARE}"] = partial(_mixed, without(formula, PARTS))
    return by_name


def _ridge(rows: int) -> Ridge:
    return Ridge()


Learner = Callable[[int], Any]  # takes the number of rows
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
    training: pd.DataFrame,
    new: pd.DataFrame,
) -> tuple[np.ndarray, None]:
    """Prediction from numbers, and from the axes that are not left out."""
    features = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), axes),
        (StandardScaler(), [TRAINED, *columns]),
    )
    learner = make_pipeline(features, make(len(training))).fit(training, training[outcome])
    return np.asarray(learner.predict(new)), None


def _mixed(
    formula: Any, training: pd.DataFrame, new: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    return fit_formula(formula, training, df=None).predict(new)


def skills(predictions: pd.DataFrame) -> list[Row]:
    """The skill of every predictor: one row per model, scheme and predictor."""
    rows = []
    keys = ["model", "scheme"]
    for (model, scheme), mine in predictions.groupby(keys, sort=False) if len(predictions) else ():
        left_in = _left_in(predictions[predictions["model"] == model], mine, scheme)
        by_predictor = dict(list(mine.groupby("predictor", sort=False)))
        for name, own in ((str(name), own) for name, own in by_predictor.items()):
            bare = by_predictor.get(BARE_OF.get(name, f"{name}{BARE}"))
            rows.append(
                {
                    "model": model,
                    "scheme": scheme,
                    "predictor": name,
                    "groups": own["group"].nunique(),
                    "left_in": left_in,
                    "mae": mean_absolute_error(own["observed"], own["predicted"]),
                    "r2": r2_score(own["observed"], own["predicted"]),
                    "spearman": own["observed"].corr(own["predicted"], method="spearman"),
                    **(_gain(own, bare) if bare is not None else {}),
                    **_calibration(own),
                }
            )
    return rows


def _left_in(every: pd.DataFrame, own: pd.DataFrame, scheme: Any) -> str:
    """The values of an axis that one scheme predicts nothing of, and another does."""
    return ", ".join(sorted({*every[scheme]} - {*own[scheme]})) if scheme in AXES else ""


def _gain(full: pd.DataFrame, bare: pd.DataFrame) -> Row:
    """The r2 that similarity adds: the mean of what each left-out group contributes.

    The groups' contributions are not independent, as the fits behind them share most of their rows:
    the interval by t has the variance of Nadeau and Bengio (2003, Machine Learning 52: 239).
    """
    keys = ["group", *AXES]
    both = full.merge(bare[[*keys, "predicted"]], on=keys, suffixes=("", "_bare"))
    centre = both["observed"].mean()
    errors = pd.DataFrame(
        {
            "total": (both["observed"] - centre) ** 2,
            "with": (both["observed"] - both["predicted"]) ** 2,
            "without": (both["observed"] - both["predicted_bare"]) ** 2,
        }
    )
    sums = errors.groupby(both["group"]).sum()
    count = len(sums)
    if count < 2:
        return {"gain": float((sums["without"] - sums["with"]).sum() / sums["total"].sum())}
    each = count * (sums["without"] - sums["with"]) / sums["total"].sum()
    gain, variance = float(each.mean()), float(each.var()) * (1 / count + 1 / (count - 1))
    half = float(stats.t.ppf(0.975, count - 1)) * variance**0.5
    return {"gain": gain, "gain_low": gain - half, "gain_high": gain + half}


def _calibration(predictions: pd.DataFrame) -> Row:
    if predictions["sd"].isna().any():
        return {}
    standard = (predictions["observed"] - predictions["predicted"]).abs() / predictions["sd"]
    half = {level: stats.t.ppf(0.5 + level / 200, predictions["df"]) for level in LEVELS}
    return {f"inside_{level}": float((standard <= half[level]).mean()) for level in LEVELS}
