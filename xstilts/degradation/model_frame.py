"""The rows that a degradation model is fitted to: an outcome, the parts of similarity, controls.

Similarity is split into its parts (`xstilts.degradation.parts`), each divided by its standard
deviation, so a slope is in points per standard deviation.

A control is another measure that the formula names. A measure of languages or cells enters as the
mean over intermediates for a (target, language), centred and scaled. Where it has no value it is
set to its mean, so that it says nothing there and no language is lost for it. A measure of tasks
(same data, same head) enters as it is, and is 0 after `none` and for targets that train on nothing.
"""

from __future__ import annotations

import pandas as pd
from mixedlm.formula.terms import Formula

from xstilts.degradation.formulas import parse
from xstilts.degradation.parts import AXES, CONSTANT, split_similarity
from xstilts.recipes import NONE
from xstilts.similarity.measure import Level
from xstilts.similarity.measures import measures

KEYS: dict[Level, list[str]] = {  # the keys that a control differs by
    "cell": ["target", "language"],
    "task": ["target", "intermediate"],
    "language": ["language"],
}


def design(
    outcomes: pd.DataFrame,
    chosen: pd.DataFrame,
    others: pd.DataFrame,
    formula: str | Formula,
) -> pd.DataFrame:
    """Outcomes of one model with the parts of a measure and the controls that a formula names.

    Args:
        outcomes: columns `intermediate`, `target`, `language` and outcomes.
        chosen: columns `intermediate`, `target`, `language`, `similarity` of the measure.
        others: the model's similarity tables of other measures, signed (`read_similarity`).
        formula: measures that it names become controls, if they have any value.
    """
    frame = join(outcomes, chosen)
    split = split_similarity(frame, _level(chosen), over_grid(chosen, frame))
    return add_controls(split, others, formula)


def over_grid(measured: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The measured cells of every intermediate, target and language that a frame has.

    Args:
        measured: rows of a measure, with `similarity`.
        frame: the rows that are analysed, which may lack some of these cells.
    """
    there = measured["similarity"].notna()
    for axis in AXES:
        there &= measured[axis].isin(frame[axis])
    return measured[there]


def add_controls(frame: pd.DataFrame, others: pd.DataFrame, formula: str | Formula) -> pd.DataFrame:
    """The frame with a column for every measure that the formula names and that has values."""
    frame = frame.copy()
    for name in sorted(parse(formula).all_variables & set(measures())):
        values = others[others["measure"] == name].dropna(subset="similarity")
        if len(values):
            frame[name] = _control(frame, values, measures()[name].level)
    return frame


def _level(chosen: pd.DataFrame) -> Level:
    """The declared level of a measure; the planted truth, and a user's own, have every part."""
    name = chosen["measure"].iloc[0] if "measure" in chosen and len(chosen) else ""
    return measures()[name].level if name in measures() else "cell"


def join(outcomes: pd.DataFrame, similarity: pd.DataFrame) -> pd.DataFrame:
    """Outcomes with their similarity, which rows of `none` do not have.

    Cells without a value are left out; so are cells of `none` in a (target, language) that no
    intermediate has a value in.
    """
    keys = ["intermediate", "target", "language"]
    frame = outcomes.merge(similarity[[*keys, "similarity"]], on=keys, how="left")
    has_value = frame["similarity"].notna()
    pairs = [frame["target"], frame["language"]]
    measured = has_value.groupby(pairs).transform("any")
    none = frame["intermediate"] == NONE
    return frame[has_value | (none & measured)].reset_index(drop=True)


def scaled(values: pd.Series) -> pd.Series:
    """The values divided by their standard deviation; exactly zero if they do not vary."""
    spread = values.std()
    return values / spread if spread > CONSTANT else values * 0.0


def _control(frame: pd.DataFrame, values: pd.DataFrame, level: Level) -> pd.Series:
    keys = KEYS[level]
    means = values.groupby(keys)["similarity"].agg("mean" if level == "cell" else "first")
    control = frame[keys].merge(means.reset_index(), on=keys, how="left")["similarity"]
    if level == "task":
        return control.fillna(0.0)
    return scaled((control - control.mean()).fillna(0.0))
