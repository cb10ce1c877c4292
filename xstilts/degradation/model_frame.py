"""The rows that a degradation model is fitted to: an outcome, the parts of similarity, controls.

Similarity $s_{itl}$ is split as Mundlak (1978) does. `between_languages` is the language's effect
on the means of (target, language), beside the target's, so that it does not matter which targets a
language has. `between_targets` is that mean less the language's effect. `within` is the rest: how
much more similar this intermediate is than the others are. Each part is divided by its standard
deviation, so a slope is in points per standard deviation. `none` has no similarity: its `within`
is 0, and so is `trained`, which is 1 after any other intermediate.

A control is another measure that the formula names. A measure of languages or cells enters as the
mean over intermediates for a (target, language), centred and scaled. Where it has no value it is
set to its mean, so that it says nothing there and no language is lost for it. A measure of tasks
(same data, same head) enters as it is, and is 0 after `none` and for targets that train on nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula

from xstilts.degradation.formulas import TRAINED, parse
from xstilts.recipes import NONE
from xstilts.similarity.measure import Level
from xstilts.similarity.measures import measures

KEYS: dict[Level, list[str]] = {  # the keys that a control differs by
    "cell": ["target", "language"],
    "task": ["target", "intermediate"],
    "language": ["language"],
}
CONSTANT = 1e-9  # a standard deviation that counts as none


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
    return add_controls(split_similarity(join(outcomes, chosen)), others, formula)


def add_controls(frame: pd.DataFrame, others: pd.DataFrame, formula: str | Formula) -> pd.DataFrame:
    """The frame with a column for every measure that the formula names and that has values."""
    frame = frame.copy()
    for name in sorted(parse(formula).all_variables & set(measures())):
        values = others[others["measure"] == name].dropna(subset="similarity")
        if len(values):
            frame[name] = _control(frame, values, measures()[name].level)
    return frame


def join(outcomes: pd.DataFrame, similarity: pd.DataFrame) -> pd.DataFrame:
    """Outcomes with their similarity, which rows of `none` do not have.

    A (target, language) without a value after some intermediate, or run only after `none`, is left
    out whole, since its mean would not be comparable with the others.
    """
    keys = ["intermediate", "target", "language"]
    frame = outcomes.merge(similarity[[*keys, "similarity"]], on=keys, how="left")
    lacking = frame["similarity"].isna() & (frame["intermediate"] != NONE)
    pairs = [frame["target"], frame["language"]]
    without = lacking.groupby(pairs).transform("any")
    measured = frame["similarity"].notna().groupby(pairs).transform("any")
    return frame[measured & ~without].reset_index(drop=True)


def split_similarity(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `trained` and the parts of similarity, each in standard deviations."""
    parts = parts_of(frame, "similarity")
    parts["within"] = parts["within"].mask(frame["intermediate"] == NONE, 0.0)
    return frame.assign(
        **{TRAINED: (frame["intermediate"] != NONE).astype(float)},
        **{name: scaled(part) for name, part in parts.items()},
    )


def parts_of(frame: pd.DataFrame, column: str) -> dict[str, pd.Series]:
    """The parts of a column within and between (target, language) pairs, in its own unit."""
    pair = frame.groupby(["target", "language"])[column].transform("mean")
    language = _language_effects(frame.assign(pair=pair))
    return {
        "within": frame[column] - pair,
        "between_targets": (pair - language) - (pair - language).mean(),
        "between_languages": language - language.mean(),
    }


def _language_effects(frame: pd.DataFrame) -> pd.Series:
    """The language's effect on pairs for every row, by least squares beside the target's."""
    pairs = frame[["target", "language", "pair"]].drop_duplicates().dropna()
    targets, languages = (pairs[name].astype("category").cat for name in ("target", "language"))
    columns = np.hstack([np.eye(len(each.categories))[each.codes] for each in (languages, targets)])
    effects = np.linalg.lstsq(columns, pairs["pair"].to_numpy(), rcond=None)[0]
    by_language = dict(zip(languages.categories, effects, strict=False))
    return frame["language"].map(by_language).astype(float)  # without any row, too


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
