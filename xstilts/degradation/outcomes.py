"""The cell table, and the outcomes: what a cell loses or gains, defined only here.

With $s$ the score, $s_{en}$ that in English and $s_0$ that after `none`, all of the same model,
target and seed (and intermediate, or language):

| outcome | definition | unit |
|---|---|---|
| `gap`: transfer gap | $s_{en} - s$ | points |
| `relative_gap` | $100 (s_{en} - s) / s_{en}$ | percent of the English score |
| `gain` over none | $s - s_0$ | points |
| `gap_change` | gap less the gap after `none` | points |
| `logit_gap` | empirical logit in English less that in the language | logits |
| `lost` | share of the examples right in English that are wrong here (`by_example`) | percent |

An outcome named `corrected_...` is that of the chance-corrected score $100 (s - c) / (100 - c)$,
where $c$ is the score of random answers; the logit, which needs shares, is always corrected.
English itself has no gap: it is zero by definition. Targets without an English test set (XCOPA,
Tatoeba, BUCC) have none either; `without_gap` gives the reason. Runs that diverged keep their rows,
flagged in `diverged`, and so do runs that did not learn their target (`not_learnt`,
`xstilts.degradation.learnt`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from xstilts.degradation.by_example import AGREEMENT, by_example
from xstilts.degradation.learnt import not_learnt
from xstilts.degradation.missing_cells import missing_cells
from xstilts.errors import InputError, check_name
from xstilts.evaluation.metrics import SCORES
from xstilts.io.tables import open_table, rows_table, schema, write_csv, write_table
from xstilts.languages import ENGLISH, FACTORS
from xstilts.recipes import NONE

AXES = ["model", "intermediate", "target", "seed", "language"]

GAPS = ("gap", "relative_gap", "logit_gap", "lost", "corrected_gap", "corrected_relative_gap")
GAINS = ("gain", "gap_change", "corrected_gain", "corrected_gap_change")
OUTCOMES = (*GAPS, *GAINS)
ABROAD = (*GAPS, "gap_change", "corrected_gap_change")  # gaps: English has none
BETTER = ("gain", "corrected_gain")  # outcomes of which more is better
# Name and unit of each outcome.
WORDS = {
    "gap": ("transfer gap", "points"),
    "relative_gap": ("relative transfer gap", "percent"),
    "logit_gap": ("transfer gap", "logits"),
    "lost": ("loss of examples that are right in English", "percent"),
    "gain": ("gain over none", "points"),
    "gap_change": ("change of the transfer gap", "points"),
    "corrected_gap": ("chance-corrected transfer gap", "points"),
    "corrected_relative_gap": ("chance-corrected relative transfer gap", "percent"),
    "corrected_gain": ("chance-corrected gain over none", "points"),
    "corrected_gap_change": ("change of the chance-corrected transfer gap", "points"),
}
FLAGS = ("diverged", "not_learnt")  # why a run does not count; empty where it does
LEARNT_NOTHING = "of a run that did not learn its target, or set against one"
WITHOUT_ENGLISH = "without an English score to set them against"
WITHOUT_NONE = "without a score after none to set them against"
NO_ENGLISH_TEST = "no English cell"
CRITICAL = 1.96  # half a 95% interval in standard errors

CELLS = schema(
    ("model", pa.string(), "Encoder."),
    ("intermediate", pa.string(), "Recipe of phase two."),
    ("target", pa.string(), "Evaluated task."),
    ("seed", pa.int32(), "Training run."),
    ("language", pa.string(), "Language of the test set."),
    ("family", pa.string(), "Its family; the language itself where none is known."),
    ("script", pa.string(), "Its script; the language itself where none is known."),
    *[(field.name, field.type, field.metadata[b"description"].decode()) for field in SCORES],
    ("gap", pa.float64(), "English score less this score; empty for English and where it lacks."),
    ("relative_gap", pa.float64(), "The gap in percent of the English score, if that is above 0."),
    ("gain", pa.float64(), "This score less the score after `none`; empty after `none`."),
    ("gap_change", pa.float64(), "This gap less the gap after `none`; empty after `none`."),
    ("corrected_gap", pa.float64(), "The gap of chance-corrected scores (reported metric)."),
    ("corrected_relative_gap", pa.float64(), "The relative gap of chance-corrected scores."),
    ("corrected_gain", pa.float64(), "The gain of chance-corrected scores."),
    ("corrected_gap_change", pa.float64(), "The change of the gap of chance-corrected scores."),
    ("logit_gap", pa.float64(), "The gap of empirical logits of chance-corrected scores."),
    (
        "lost",
        pa.float64(),
        "Percent of the examples right in English that are wrong here; of targets whose examples "
        "are shared by languages.",
    ),
    ("without_gap", pa.string(), "Why there is no gap; else empty."),
    ("not_learnt", pa.string(), "Why the run did not learn its target in English; else empty."),
)


def collect_cells(
    *,
    scores: list[str],
    axes: dict[str, Any],
    factors: Mapping[str, Mapping[str, str]],
    cells: str,
    missing: str,
    agreement: str,
) -> None:
    """Join score files into the cell table; the axes are read from the hive folders.

    Args:
        scores: score files.
        axes: the axes of the whole grid (`xstilts.grid.Grid.axes`).
        factors: what languages may be grouped by (`FACTORS`), by language.
        cells: the table to write.
        missing: a table of the grid's cells that have no score file.
        agreement: a table of which languages, and intermediates, fail on the same examples.
    """
    form = pa.schema([CELLS.field(name) for name in AXES])
    for file in scores:
        open_table(Path(file))  # says which one cannot be read
    partitioning = ds.partitioning(schema=form, flavor="hive")
    # A column that a given file lacks is empty.
    whole = pa.unify_schemas([form, SCORES])
    table = ds.dataset(scores, whole, partitioning=partitioning, format="parquet").to_table()
    scored = add_factors(add_outcomes(table.to_pandas()), factors).drop(columns="lost")
    lost, pairs = by_example(scores, scored[sound(scored)])
    frame = scored.merge(lost, on=AXES, how="left")
    write_table(Path(agreement), rows_table(pairs, AGREEMENT), AGREEMENT)
    write_table(Path(cells), pa.Table.from_pandas(frame, preserve_index=False), CELLS)
    not_run = missing_cells(axes, frame)
    write_csv(Path(missing), pa.Table.from_pandas(not_run, preserve_index=False))


def add_factors(rows: pd.DataFrame, factors: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """The rows with their languages' factors; a language of unknown group is its own."""
    language = rows["language"]
    columns = {name: language.map(dict(factors.get(name, {}))).fillna(language) for name in FACTORS}
    return rows.assign(**columns)


def add_outcomes(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with every outcome as a column.

    Raises:
        InputError: a cell is there twice.
    """
    keys = [*AXES, "metric"]
    twice = cells[cells.duplicated(keys, keep=False)]
    if len(twice):
        first = ", ".join(f"{axis} {twice.iloc[0][axis]}" for axis in keys)
        raise InputError(f"cells: {first}: more than one score")
    scored = cells.assign(corrected=_corrected(cells), logit=_logit(cells))
    english = _baseline(scored, "language", ENGLISH, ["value", "corrected", "logit"])
    abroad = scored["language"] != ENGLISH
    for score, prefix in (("value", ""), ("corrected", "corrected_")):
        gap = (english[score] - scored[score]).where(abroad)
        scored[f"{prefix}gap"] = gap
        scored[f"{prefix}relative_gap"] = 100 * gap / english[score].where(english[score] > 0)
        none = _baseline(scored, "intermediate", NONE, [score, f"{prefix}gap"])
        trained = scored["intermediate"] != NONE
        scored[f"{prefix}gain"] = (scored[score] - none[score]).where(trained)
        scored[f"{prefix}gap_change"] = (gap - none[f"{prefix}gap"]).where(trained)
    scored["logit_gap"] = (english["logit"] - scored["logit"]).where(abroad)
    scored["lost"] = np.nan  # known of examples, not of scores
    scored["not_learnt"] = not_learnt(scored).where(scored["diverged"] == "", "")
    scored["without_gap"] = ""
    scored.loc[scored["gap"].isna(), "without_gap"] = "no score, here or in English"
    tested = _baseline(scored.assign(there=True), "language", ENGLISH, ["there"])["there"]
    scored.loc[tested.isna(), "without_gap"] = NO_ENGLISH_TEST
    scored.loc[~abroad, "without_gap"] = "English itself"
    return scored.drop(columns=["corrected", "logit"])


def _baseline(cells: pd.DataFrame, axis: str, at: str, columns: list[str]) -> pd.DataFrame:
    """For every row, values of the cell that differs only by being `at` on one axis."""
    keys = [name for name in (*AXES, "metric") if name != axis]
    base = cells[cells[axis] == at][[*keys, *columns]]
    return cells[keys].merge(base, on=keys, how="left").set_index(cells.index)[columns]


def _corrected(cells: pd.DataFrame) -> pd.Series:
    """Reported scores rescaled so that chance is 0 and 100 stays 100."""
    chance = cells["chance"].where(cells["reported"])
    return 100 * (cells["value"] - chance) / (100 - chance)


def _logit(cells: pd.DataFrame) -> pd.Series:
    """Empirical logit (Cox 1970) of the chance-corrected share of `n` examples, at least chance."""
    right = (_corrected(cells).clip(lower=0) / 100) * cells["n"]
    return pd.Series(np.log((right + 0.5) / (cells["n"] - right + 0.5)), index=cells.index)


def analysed(cells: pd.DataFrame, outcome: str, keeping: Collection[str] = ()) -> pd.DataFrame:
    """Rows (model, intermediate, target, language, seed) that have an outcome.

    The metric is the reported one; runs that diverged are left out, and of gaps those that did not
    learn their target, unless `keeping` names that flag. The column of the outcome keeps its name.
    `sampling_variance` is its variance from drawing test examples, in squared points, from the
    score's bootstrap interval. The error of the score that the outcome is set against is shared by
    many rows, and belongs to their random effects.

    Raises:
        InputError: unknown outcome.
    """
    check_name("outcome", outcome, OUTCOMES, "outcome")
    counted = has_outcome(cells, outcome, keeping)
    rows = cells.loc[counted, [*AXES, *FACTORS, outcome]]
    variance = ((cells["high"] - cells["low"]) / (2 * CRITICAL)) ** 2
    if outcome.startswith("corrected_"):
        variance *= (100 / (100 - cells["chance"])) ** 2
    return rows.assign(sampling_variance=variance[counted])


def sound(cells: pd.DataFrame, flags: Collection[str] = FLAGS) -> pd.Series:
    """Whether the run of a row has none of these flags."""
    return (cells[[*flags]] == "").all(axis=1)


def has_outcome(cells: pd.DataFrame, outcome: str, keeping: Collection[str] = ()) -> pd.Series:
    """Whether a row's outcome counts: all count but those that `left_out` gives a reason for."""
    counts = cells["reported"] & cells[outcome].notna()
    for flag in FLAGS:
        if flag not in keeping:
            counts &= ~_flagged(cells, flag, outcome)
    return counts


def left_out(cells: pd.DataFrame, outcome: str) -> dict[str, int]:
    """The number of scores that an outcome is defined for and that do not count, by reason.

    Each score is counted once, under the first reason that fits.
    """
    defined = pd.Series(True, index=cells.index)
    if outcome in ABROAD:
        defined &= cells["language"] != ENGLISH
    if outcome in GAINS:
        defined &= cells["intermediate"] != NONE
    without = cells[outcome].isna()
    english = _has_baseline(cells, "language", ENGLISH)
    none = _has_baseline(cells, "intermediate", NONE)
    reasons = {
        "of a metric that is not the reported one": ~cells["reported"],
        "without a score": cells["value"].isna(),
        "of a run that diverged, or set against one": _flagged(cells, "diverged", outcome),
        LEARNT_NOTHING: _flagged(cells, "not_learnt", outcome),
        WITHOUT_ENGLISH: without & ~english & (outcome in ABROAD),
        WITHOUT_NONE: without & ~none & (outcome in GAINS),
        f"for which {outcome} is not defined": without,
    }
    by_reason, rest = {}, defined
    for reason, mask in reasons.items():
        by_reason[reason] = int((rest & mask).sum())
        rest &= ~mask
    return {reason: count for reason, count in by_reason.items() if count}


def _has_baseline(cells: pd.DataFrame, axis: str, at: str) -> pd.Series:
    """For every row, whether the cell that differs only by being `at` on one axis has a score."""
    scored = cells.assign(there=cells["value"].where(cells["value"].isna(), 1.0))
    return _baseline(scored, axis, at, ["there"])["there"].notna()


def _flagged(cells: pd.DataFrame, flag: str, outcome: str) -> pd.Series:
    """Whether a run has a flag, or the run of `none` that its outcome is set against.

    A gain of a run that did not learn is what it is, a loss: only gaps say nothing there.
    """
    if flag == "not_learnt" and outcome not in ABROAD:
        return pd.Series(False, index=cells.index)
    bad = cells[flag] != ""
    if outcome not in GAINS:
        return bad
    keys = ["model", "target", "seed"]
    runs = pd.MultiIndex.from_frame(cells[bad & (cells["intermediate"] == NONE)][keys])
    against = pd.MultiIndex.from_frame(cells[keys]).isin(runs)
    return bad | pd.Series(against, index=cells.index)


def seed_means(rows: pd.DataFrame, outcome: str, average: str = "mean") -> pd.DataFrame:
    """Means (or medians) over seeds: one row per (model, intermediate, target, language).

    All seeds share a test set, so the sampling variance is no smaller for their number.
    """
    by = [axis for axis in (*AXES, *FACTORS) if axis != "seed"]
    found = rows.groupby(by, as_index=False)[[outcome, "sampling_variance"]].agg(average)
    return found
