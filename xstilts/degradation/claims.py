"""The claims of Phang et al. 2020 (arXiv 2005.13013v2), and the question's own, on these cells.

A verdict is about the sign: `holds` where these cells show it at 95%, `does not` where they do not,
which need not mean the opposite. `why` says whether a gain is as large as published. `gains.py`
defines gains and their intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from xstilts.degradation.answer import LEVEL_WORDS
from xstilts.degradation.effects import EFFECTS, TRUTH
from xstilts.degradation.gains import (
    GainTable,
    Interval,
    NotTestableError,
    counted,
    evidence_of,
    interval,
    mean_of,
    over_seeds,
)
from xstilts.degradation.mixed_model import records
from xstilts.degradation.outcomes import CELLS
from xstilts.degradation.verdict import ALPHA, NOT_SHOWN, UNKNOWN, verdict
from xstilts.io.tables import read_table, rows_table, schema, write_csv
from xstilts.models import MODELS
from xstilts.recipes import NONE
from xstilts.tasks import tasks

HOLDS, DOES_NOT, NOT_TESTED = "holds", "does not", "not tested"
QUESTION = "question"
RECALLED = "published figure recalled, not verified in a source"
MARGIN = 1.0  # points; a smaller gain counts as none

RETRIEVAL = ("bucc", "tatoeba")
NINE = (  # the study's intermediate tasks; added tasks are not among them
    "anli",
    "mnli",
    "qqp",
    "squad1",
    "squad2",
    "hellaswag",
    "ccg",
    "cosmosqa",
    "commonsenseqa",
)
MULTI = "multi"
PLAIN = [*NINE, MULTI]

CLAIMS = schema(
    ("model", pa.string(), "Encoder."),
    ("claim", pa.string(), "Number of the claim, or `question` for this study's own."),
    ("part", pa.string(), "Intermediate, target, modifier or level that this row is about."),
    ("statement", pa.string(), "The claim in short."),
    ("figure", pa.float64(), "What these cells give; empty where nothing is counted."),
    ("low", pa.float64(), "Lower end of the figure's 95% interval."),
    ("high", pa.float64(), "Upper end of that interval."),
    ("unit", pa.string(), "Unit of the figure."),
    ("published", pa.float64(), "The published figure, if there is one."),
    ("verdict", pa.string(), "holds, does not, or not tested."),
    ("why", pa.string(), "What the verdict rests on, or why there is none."),
)


class Finding(NamedTuple):
    """The result of one test."""

    figure: Interval
    verdict: str
    why: str


def _side(figure: Interval) -> str:
    """Where the interval lies, in words."""
    if figure.low > 0:
        return "the interval lies above 0"
    return "the interval lies below 0" if figure.high < 0 else "the interval includes 0"


def _judged(figure: Interval, holds: bool, why: str, by: Interval | None = None) -> Finding:
    """A finding; without an interval (of the figure, or of `by` if given), no verdict."""
    if np.isnan((by or figure).low):
        return Finding(figure, NOT_TESTED, "no interval: one language per target, and one seed")
    return Finding(figure, HOLDS if holds else DOES_NOT, why)


def _above_zero(figure: Interval, basis: str) -> Finding:
    return _judged(figure, figure.low > 0, f"{_side(figure)}: {basis}")


def average_gain(evidence: GainTable, part: str) -> Finding:
    """The average gain of an intermediate is above 0."""
    means = evidence.means(evidence.gains([part]))
    return _above_zero(interval(mean_of(means, (1, 2))), evidence.basis(means))


def multi_is_best(evidence: GainTable, part: str) -> Finding:
    """Its average gain is above that of the best single task, on the cells that both have.

    The best task is the one that is best on these cells; it is the same in every draw.
    """
    means = evidence.means(evidence.gains([part]))
    singles = evidence.present(NINE)
    ahead = evidence.means(evidence.scores([part]) - evidence.scores(singles))
    leads = mean_of(ahead, 2)
    best = int(np.argmin(np.where(np.isnan(leads[0]), np.inf, leads[0])))
    lead = interval(leads[:, best])
    number = counted(len(singles), "single task")
    why = f"its gain less that of {singles[best]}, the best of {number}, is {lead}: {_side(lead)}"
    figure = interval(mean_of(means, (1, 2)))
    return _judged(figure, lead.low > 0, f"{why}; {evidence.basis(ahead[:, [best]])}", by=lead)


def retrieval_gains_most(evidence: GainTable, part: str) -> Finding:
    """Single tasks' mean gain on targets without training data is above that on the others."""
    means = evidence.means(evidence.gains(evidence.present(NINE)))
    untrained = np.isin(evidence.axes["target"], RETRIEVAL)
    if untrained.all() or not untrained.any():
        raise NotTestableError(
            f"cells of {'no other target' if untrained.any() else 'neither of them'}"
        )
    ahead = mean_of(means[..., untrained], 2) - mean_of(means[..., ~untrained], 2)
    return _above_zero(interval(mean_of(ahead, 1)), evidence.basis(means))


def many_gain(evidence: GainTable, part: str) -> Finding:
    """At least half of the intermediates have an interval above 0 on a target."""
    share, sure, tested, why = _gainers(evidence, part)
    return Finding(share, HOLDS if 2 * len(sure) >= len(tested) else DOES_NOT, why)


def none_gains(evidence: GainTable, part: str) -> Finding:
    """No intermediate gains a point or more on a target: all their intervals end below that.

    The cells are too few to say where none is sure to gain, but one may gain a point.
    """
    share, sure, tested, why = _gainers(evidence, part)
    most = max(gain.high for gain in tested.values())
    why = f"{why}; the highest upper end is {most:.1f} points"
    if not sure and most >= MARGIN:
        return Finding(share, NOT_TESTED, f"too few cells to exclude {MARGIN:g} point: {why}")
    return Finding(share, HOLDS if most < MARGIN else DOES_NOT, why)


def _gainers(
    evidence: GainTable, target: str
) -> tuple[Interval, list[str], dict[str, Interval], str]:
    """The share of intermediates with a positive gain; those sure of it; all tested; in words.

    An intermediate with cells of one language, in one seed, has no interval and is not counted.
    """
    names = evidence.present(PLAIN)
    means = evidence.means(evidence.gains(names))
    if target not in evidence.axes["target"]:
        raise NotTestableError(f"no cells of {target}")
    gains = means[..., evidence.axes["target"].index(target)]
    share = interval(100 * mean_of(np.where(np.isnan(gains), np.nan, gains > 0), 1))
    spread = evidence.has_spread(evidence.gains(names), target)
    rows = zip(names, gains.T, spread, strict=True)
    tested = {name: interval(row) for name, row, there in rows if there and np.isfinite(row[0])}
    if not tested:
        raise NotTestableError("no interval: one language, and one seed")
    sure = [name for name, gain in tested.items() if gain.low > 0]
    why = f"{len(sure)} of {counted(len(tested), 'intermediate')} have an interval above 0"
    names_sure = f" ({', '.join(sure)})" if sure else ""
    return share, sure, tested, f"{why}{names_sure}: {evidence.runs()}"


def best_gains(evidence: GainTable, part: str) -> Finding:
    """The mean over targets of the best intermediate's gain is above 0.

    The best for a target is chosen on all other seeds, and its gain is taken on this one, so that
    luck in the choice is no gain. Intervals do not cover the choices.
    """
    gains = evidence.gains(evidence.present(PLAIN))
    means = evidence.means(chosen_apart(gains)[None])
    finding = _above_zero(interval(mean_of(means, (1, 2))), evidence.basis(means))
    how = "each target's best was chosen on the other seeds"
    if gains.shape[-1] == 1:
        how = "with one seed, the best were chosen on the scores they are judged by: too high"
    return finding._replace(why=f"{finding.why}; {how}")


def chosen_apart(gains: np.ndarray) -> np.ndarray:
    """(targets, languages, seeds) gains of the intermediate that is best on all the other seeds.

    With one seed, the best is chosen on that one.

    Args:
        gains: (intermediates, targets, languages, seeds).
    """
    seeds = np.arange(gains.shape[-1])
    of_best = np.full(gains.shape[1:], np.nan)
    for seed in seeds:
        others = seeds[seeds != seed] if len(seeds) > 1 else seeds
        by = mean_of(over_seeds(gains[..., others]), 2)
        best = np.where(np.isnan(by), -np.inf, by).argmax(axis=0)
        has_gain = np.isfinite(by).any(axis=0)
        of_best[has_gain, :, seed] = gains[best[has_gain], has_gain, :, seed]
    return of_best


def plain_is_better(evidence: GainTable, part: str) -> Finding:
    """The mean over recipes of plain less modified scores is above 0; `none` is not needed."""
    there = {*evidence.axes["intermediate"]}
    pairs = {name: f"{name}-{part}" for name in PLAIN if {name, f"{name}-{part}"} <= there}
    if not pairs:
        raise NotTestableError(f"no recipe that ends in -{part} is there beside its plain one")
    means = evidence.means(evidence.scores([*pairs]) - evidence.scores([*pairs.values()]))
    figure = interval(mean_of(mean_of(means, 2), 1))
    why = f"{_side(figure)}: plain less -{part} of {', '.join(pairs)}, {evidence.basis(means)}"
    return _judged(figure, figure.low > 0, why)


def starts_from(evidence: GainTable, part: str) -> Finding:
    """The encoder is the hub's copy of a model."""
    path = MODELS[part].path
    if evidence.path != path:
        raise NotTestableError(f"the encoder is {evidence.path}, not {path} of the hub")
    return Finding(Interval(), HOLDS, f"the encoder is {path} of the hub")


def has_three_phases(evidence: GainTable, part: str) -> Finding:
    """There are cells of trained intermediates on targets that are fine-tuned."""
    names = [name for name, task in tasks().items() if task.target and task.trains_on]
    cells = evidence.cells
    through = cells[(cells["intermediate"] != NONE) & cells["target"].isin(names)]
    if through.empty:
        raise NotTestableError("no cells of a trained intermediate on a target that is trained on")
    sizes = [counted(through[name].nunique(), name) for name in ("intermediate", "target")]
    return Finding(Interval(), HOLDS, f"it was trained on {' and then on '.join(sizes)}")


def has_all_nine(evidence: GainTable, part: str) -> Finding:
    """There are cells of all nine intermediate tasks, each alone."""
    there = set(evidence.cells["intermediate"])
    lacking = [name for name in NINE if name not in there]
    figure = Interval(float(len(NINE) - len(lacking)))
    if lacking:
        return Finding(figure, NOT_TESTED, f"no cells of {', '.join(lacking)}")
    return Finding(figure, HOLDS, "each has cells")


def similarity_predicts(evidence: GainTable, part: str) -> Finding:
    """The headline measure's slope differs from 0, by the verdict of the first page."""
    effects = evidence.effects
    rows = effects[(effects["level"] == part) & (effects["measure"] != TRUTH)]
    own = rows[rows["measure"] == evidence.headline]
    if own.empty or own["p_family"].isna().all():
        raise NotTestableError(f"no effect of {evidence.headline} was fitted at this level")
    (row,) = records(own)
    said = verdict(row)
    if said == UNKNOWN:
        raise NotTestableError("the fit did not converge")
    significant = sorted(rows["measure"][rows["p_holm"] < ALPHA])
    names = f" ({', '.join(significant)})" if significant else ""
    way = f"more {evidence.headline} goes with {'less' if row['estimate'] < 0 else 'more'}"
    why = f"{said}: {way} {row['outcome']}, p {row['p_family']:.2g} corrected for its parts; of "
    why += f"{counted(len(rows), 'measure')}, corrected for all, {len(significant)} have p below "
    why += f"{ALPHA}{names}"
    figure = Interval(*(float(row[name]) for name in ("estimate", "low", "high")))
    return Finding(figure, DOES_NOT if said == NOT_SHOWN else HOLDS, why)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One row of the claims.

    Attributes:
        claim: its number, or `question`.
        part: what `test` is asked about.
        statement: the claim in short.
        test: judges the claim.
        unit: of the figure.
        published: the published figure, in that unit.
        source: where the published figure comes from.
    """

    claim: str
    part: str
    statement: str
    test: Callable[[GainTable, str], Finding]
    unit: str = "points"
    published: float | None = None
    source: str = ""


SHARE = "% of intermediates"
GAINS = {"squad2": ("SQuAD 2.0", 8.2), "mnli": ("MNLI", 7.5), "hellaswag": ("HellaSwag", 7.0)}
ALTERNATIVES = {
    "mlm": "masked language modelling in all languages mixed in",
    "mlm-en": "masked language modelling in English mixed in (control)",
    "mt": "machine-translated training data",
}
CLAIMED = [
    *[
        Claim(
            claim="1",
            part=name,
            statement=f"{title} as intermediate task raises the average",
            test=average_gain,
            published=published,
            source=RECALLED,
        )
        for name, (title, published) in GAINS.items()
    ],
    Claim(
        claim="2",
        part=MULTI,
        statement="training on all nine tasks raises the average most",
        test=multi_is_best,
        published=8.7,
        source=RECALLED,
    ),
    Claim(
        claim="3",
        part="bucc, tatoeba",
        statement="gains are larger on the targets without training data than on the others",
        test=retrieval_gains_most,
        published=33.7,
        source=f"computed from its table; {RECALLED}",
    ),
    Claim(
        claim="4",
        part="tydiqa",
        statement="many intermediate tasks help TyDiQA",
        test=many_gain,
        unit=SHARE,
        published=50.0,
        source=f"counted in its table; {RECALLED}",
    ),
    Claim(
        claim="4",
        part="xnli",
        statement="no intermediate task helps XNLI",
        test=none_gains,
        unit=SHARE,
        published=0.0,
        source=f"counted in its table; {RECALLED}",
    ),
    Claim(
        claim="5",
        part="best",
        statement="the best intermediate task of each target raises the average",
        test=best_gains,
        published=5.4,
        source="published for XTREME's test sets",
    ),
    *[
        Claim(
            claim="6",
            part=modifier,
            statement=f"plain English intermediate training beats that with {words}",
            test=plain_is_better,
        )
        for modifier, words in ALTERNATIVES.items()
    ],
    Claim(
        claim="7",
        part="xlm-r-large",
        statement="the starting point is the public XLM-R Large",
        test=starts_from,
        unit="",
    ),
    Claim(
        claim="8",
        part="phases",
        statement="three phases: pretraining, intermediate task, target task",
        test=has_three_phases,
        unit="",
    ),
    Claim(
        claim="9",
        part="nine",
        statement="nine English intermediate tasks",
        test=has_all_nine,
        unit="tasks",
        published=9,
    ),
    *[
        Claim(
            claim=QUESTION,
            part=level,
            statement=f"similarity predicts degradation, {words}",
            test=similarity_predicts,
            unit="of the outcome per SD",
        )
        for level, words in LEVEL_WORDS.items()
    ],
]


def evaluate_claims(evidence: GainTable) -> Iterator[dict[str, Any]]:
    """One row of the table per claim, without the model."""
    for claim in CLAIMED:
        try:
            figure, verdict, why = claim.test(evidence, claim.part)
        except NotTestableError as reason:
            figure, verdict, why = Interval(), NOT_TESTED, str(reason)
        notes = [why, claim.source]
        if claim.published is not None and np.isfinite(figure.low):
            size = "includes" if figure.low <= claim.published <= figure.high else "excludes"
            notes.insert(1, f"the interval {size} the published figure")
        yield {
            **{name: getattr(claim, name) for name in ("claim", "part", "statement")},
            **figure._asdict(),
            **{name: getattr(claim, name) for name in ("unit", "published")},
            "verdict": verdict,
            "why": "; ".join(filter(None, notes)),
        }


def check_claims(
    *, cells: str, effects: str, headline: str, models: Mapping[str, str], claims: str
) -> None:
    """Write the table of claims as CSV, for every model.

    Args:
        cells: the cell table.
        effects: the table of effects.
        headline: the measure that the question is answered for.
        models: the path of each model: hub id or folder.
        claims: file to write.

    Raises:
        InputError: a table that cannot be read.
    """
    scored = read_table(Path(cells), CELLS).to_pandas()
    fitted = read_table(Path(effects), EFFECTS).to_pandas()
    rows = [
        {"model": model, **row}
        for model, path in models.items()
        for row in evaluate_claims(evidence_of(model, path, scored, fitted, headline))
    ]
    write_csv(Path(claims), rows_table(rows, CLAIMS))
