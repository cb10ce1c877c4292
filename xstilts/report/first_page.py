"""The report's first page, in plain words, written from the tidy tables (reStructuredText).

For each encoder, it gives the answer with its interval, what that rests on, what moved, what was
not run, and what threatens it. Numbers come from tables; here, rows are only counted and averaged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.degradation.answer import (
    LEVEL_WORDS,
    NO_ANSWER,
    Row,
    agreement,
    basis,
    change_of,
    clauses,
    goes_with,
    limits,
    slopes_of,
)
from xstilts.degradation.by_example import AGREEMENT, family_kappas
from xstilts.degradation.cell_status import AT_CHANCE, DIVERGED, NOT_LEARNT, states
from xstilts.degradation.declaration import compared
from xstilts.degradation.effects import EFFECTS, RANDOM_EFFECTS
from xstilts.degradation.held_out import MEAN, MIXED
from xstilts.degradation.missing_cells import in_words, read_missing
from xstilts.degradation.moves import moves
from xstilts.degradation.outcomes import (
    CELLS,
    GAPS,
    WITHOUT_ENGLISH,
    WITHOUT_NONE,
    WORDS,
    left_out,
)
from xstilts.degradation.parts import PARTS
from xstilts.degradation.sensitivity import MAIN_FIT
from xstilts.degradation.verdict import verdict
from xstilts.io.tables import atomic, read_json, read_table
from xstilts.languages import ENGLISH
from xstilts.report.data_notes import told_of_data
from xstilts.report.style import group_titles, task_titles
from xstilts.similarity.measures import measures

UNSAID = (WITHOUT_ENGLISH, WITHOUT_NONE)  # the page says the other reasons elsewhere
FEW = 10  # groups; with fewer, the variance between groups is hardly known
SAMPLED = ("texts", "tokens", "subwords", "parallel")  # samples that measures read
AT_ONCE = ("target", "intermediate")  # of which those that share data are left out together
WHOLE = "* Every row of the data, as it is in its file."
# By benchmarks/calibration; docs/inference.md has the shares.
WIDE = (
    "Slopes between pairs are found too seldom rather than too often: their "
    "95% intervals held the truth in 94 to 99 of 100 simulated studies."
)
WHATEVER = "Whatever the intermediate task:"
BY_INTERMEDIATE = "By intermediate task, which is this study's question:"
INVENTED = "* **The languages are invented.** Nothing here is known of real ones."


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The data behind the page, for one encoder or for all.

    Attributes:
        effects: rows of the table of effects.
        cells: the cell table.
        missing: the cells of the grid that were not run.
        sensitivity: the headline's slopes under other outcomes, data and methods.
        skill: the skill of predictions of left-out groups.
        random_effects: what each group adds to the headline's slopes.
        agreement: which languages, and intermediates, fail on the same examples.
        headline: the measure that the answer is given for.
        axes: the axes of the whole grid (`xstilts.grid.Grid.axes`).
        languages: names of languages by code.
        data: manifests of the data.
    """

    effects: list[Row]
    cells: pd.DataFrame
    missing: pd.DataFrame
    sensitivity: pd.DataFrame
    skill: pd.DataFrame
    random_effects: pd.DataFrame
    agreement: pd.DataFrame
    headline: str
    axes: dict[str, Any]
    languages: dict[str, str]
    data: list[dict[str, Any]]

    def of(self, model: str) -> Tables:
        """The tables of one encoder."""
        frames = ("cells", "missing", "sensitivity", "skill", "random_effects", "agreement")
        mine = {
            name: frame[frame["model"] == model]
            for name in frames
            for frame in [getattr(self, name)]
        }
        rows = [row for row in self.effects if row["model"] == model]
        axes = {**self.axes, "models": [model]}
        return replace(self, effects=rows, axes=axes, **mine)

    @property
    def slopes(self) -> dict[str, Row]:
        """The headline's rows of the effects, by level."""
        return slopes_of(self.effects, self.headline)

    @property
    def size(self) -> Row:
        """Any row of `slopes`, for what all rows share: numbers of rows and groups, outcome."""
        return next(iter(self.slopes.values()))


def write_first_page(
    *,
    effects: str,
    cells: str,
    missing: str,
    sensitivity: str,
    skill: str,
    random_effects: str,
    agreement: str,
    data: list[str],
    axes: dict[str, Any],
    headline: str,
    choice: dict[str, str],
    declared: str,
    languages: dict[str, str],
    invented: bool,
    figure: str,
    page: str,
) -> None:
    """Write the page.

    Args:
        effects: the table of effects.
        cells: the cell table.
        missing: the table of the grid's cells that were not run.
        sensitivity: the table of the headline's slopes under every variant.
        skill: the table of held-out prediction.
        random_effects: the table of predicted effects of groups.
        agreement: the table of agreement by example.
        data: manifests of the data, and of the search for leaks.
        axes: the axes of the whole grid (`xstilts.grid.Grid.axes`).
        headline: the measure that the answer is given for.
        choice: what the config tests (`xstilts.degradation.declaration`).
        declared: where that was written down before there were scores.
        languages: names of languages by code.
        invented: whether the languages are invented.
        figure: SVG of the headline's slopes, which the page shows.
        page: the text to write.
    """
    tables = Tables(
        effects=read_table(Path(effects), EFFECTS).to_pylist(),
        cells=read_table(Path(cells), CELLS).to_pandas(),
        missing=read_missing(Path(missing)),
        sensitivity=pd.read_csv(sensitivity),
        skill=pd.read_csv(skill).fillna({"left_in": ""}),
        random_effects=read_table(Path(random_effects), RANDOM_EFFECTS).to_pandas(),
        agreement=read_table(Path(agreement), AGREEMENT).to_pandas(),
        headline=headline,
        axes=axes,
        languages=languages,
        data=[read_json(Path(path)) for path in data],
    )
    said = [*compared(Path(declared), choice)]
    with atomic(Path(page)) as temporary:
        beside = os.path.relpath(figure, Path(page).parent)  # docutils resolves it from there
        lines = _page(tables, said, invented, beside)
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _page(tables: Tables, declared: Sequence[str], invented: bool, figure: str) -> Iterator[str]:
    fitted = [name for name in tables.axes["models"] if tables.of(name).slopes]
    yield from _section("The answer", [])
    for model in tables.axes["models"]:
        yield from _answer(tables.of(model), model)
    yield from [" ".join(declared), ""]
    if fitted:
        yield from ["", ".. raw:: html", f"   :file: {figure}", ""]
    notes = [f"* {sentence}" for sentence in told_of_data(tables.data)]
    threats = [INVENTED] if invented else []
    yield from _section("What it rests on", _bullets(tables, fitted, _evidence))
    moved = _bullets(tables, tables.axes["models"], _moved)
    if moved:
        yield from _section("What moved", moved)
    yield from _section("What was read", notes or [WHOLE])
    yield from _section("What was not run", _bullets(tables, tables.axes["models"], _not_run))
    yield from _section("What threatens it", [*threats, *_bullets(tables, fitted, _threats)])


def _bullets(
    tables: Tables, models: Sequence[str], sentences: Callable[[Tables], Iterator[str]]
) -> list[str]:
    """One line per sentence on each model, with its name if there are several models."""
    several = len(tables.axes["models"]) > 1
    return [
        f"* {f'{model}: ' if several else ''}{sentence}"
        for model in models
        for sentence in sentences(tables.of(model))
    ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, "=" * len(title), "", *lines, ""]


def _answer(mine: Tables, model: str) -> Iterator[str]:
    """The verdict at each level, then the sizes."""
    slopes = mine.slopes
    if not slopes:
        yield from [f"{model}: {NO_ANSWER}", ""]
        return
    said: dict[str, list[str]] = {}
    for level in (level for level in LEVEL_WORDS if level in slopes):
        said.setdefault(verdict(slopes[level]), []).append(LEVEL_WORDS[level])
    answer = " ".join(f"{each.capitalize()}: {', '.join(levels)}." for each, levels in said.items())
    yield f"Does similarity predict what {model} loses? **{answer}**"
    yield ""
    opening = goes_with(mine.effects, mine.headline)
    yield f"{opening[0].upper()}{opening[1:]}"
    yield ""
    by_level = clauses(mine.effects, mine.headline)
    for title, of_intermediates in ((WHATEVER, False), (BY_INTERMEDIATE, True)):
        levels = [at for at in by_level if ("intermediate" in PARTS[at]) == of_intermediates]
        if levels:
            yield from [title, ""]
            for level in levels:
                yield f"* {by_level[level]}."
                yield from _ranges(mine, level)
            yield ""
    yield ""
    tests = sum(row["p_family"] is not None for row in slopes.values())
    if tests > 1:
        yield f"Verdicts are corrected for {tests} tests at once (Holm); intervals are not."
        yield ""
    if (mine.random_effects["se"] > 0).any():
        yield "Slopes of single tasks and languages are predictions, drawn towards the mean."
        yield ""


def _ranges(mine: Tables, level: str) -> Iterator[str]:
    """A line on how far the slope differs between these targets, intermediates and languages."""
    slope = mine.slopes[level]["estimate"]
    _, unit = WORDS[mine.size["outcome"]]
    own = mine.random_effects[mine.random_effects["term"] == level]
    ranges = []
    for axis, rows in own[own["se"] > 0].groupby("group", sort=False):
        ends = rows.sort_values("estimate").iloc[[0, -1]]
        names = group_titles(str(axis), ends["level"], mine.languages)
        low, high = (
            f"{change_of(slope + effect, unit)} ({name})"
            for effect, name in zip(ends["estimate"], names, strict=True)
        )
        ranges.append(f"over {axis}s from {low} to {high}")
    if ranges:
        yield f"  It differs: {'; '.join(ranges)}."


def _evidence(mine: Tables) -> Iterator[str]:
    seeds = mine.cells["seed"].nunique()
    yield f"{basis(mine.effects, mine.headline)}, {_count(seeds, 'seed')}."
    yield from agreement(mine.effects)
    yield from _robustness(mine)
    yield from _prediction(mine.skill)


def _robustness(mine: Tables) -> Iterator[str]:
    """How many variants agree with the main fit on each level, are unclear, or contradict it."""
    others = mine.sensitivity[mine.sensitivity["variant"] != MAIN_FIT].dropna(subset="estimate")
    for level, row in mine.slopes.items():
        rows = others[others["level"] == level]
        clear = (rows["low"] > 0) | (rows["high"] < 0)
        same = rows["estimate"] * row["estimate"] > 0
        if len(rows):
            yield (
                f"The slope {LEVEL_WORDS[level]}, by {len(rows)} other outcomes, data and methods: "
                f"{(clear & same).sum()} clearly of the same sign, {(~clear).sum()} unclear, "
                f"{(clear & ~same).sum()} clearly of the other."
            )


def _prediction(skill: pd.DataFrame) -> Iterator[str]:
    rows = skill[skill["predictor"] == MIXED].dropna(subset="r2").to_dict("records")
    means = skill[skill["predictor"] == MEAN].set_index("scheme")["r2"]
    for row in rows:
        added = ""
        if row["gain"] == row["gain"]:  # not nan
            low, high = row["gain_low"], row["gain_high"]
            added = f"; similarity adds {row['gain']:.2f} ({low:.2f} to {high:.2f})"
        what = _count(row["groups"], row["scheme"])
        together = " (those that share data at once)" if row["scheme"] in AT_ONCE else ""
        alone = row["left_in"]
        yield (
            f"Left out in turn and predicted, {what}{together}: R² {row['r2']:.2f}, that of means "
            f"{means.loc[row['scheme']]:.2f}{added}."
            + (f" Not left out, as all others share data with it: {alone}." if alone else "")
        )


def _moved(mine: Tables) -> Iterator[str]:
    """For every intermediate, how the gap changed, and whether English or the others moved more."""
    for move in moves(mine.cells):
        yield (
            f"After {_title(move.intermediate)} the transfer gap is "
            f"{change_of(move.gap_change, 'points')} than after none (mean of "
            f"{_count(move.targets, 'target')}): English {_gained(move.english)}, the other "
            f"languages {_gained(move.others)}; {move.more}."
        )


def _title(name: str) -> str:
    return task_titles([name])[0]


def _gained(points: float) -> str:
    return f"{'gained' if points >= 0 else 'lost'} {abs(points):.1f}"


def _did_not_learn(cells: pd.DataFrame) -> str:
    """The runs that did not learn their target, by name, and why."""
    runs = cells[(cells["not_learnt"] != "") & (cells["language"] == ENGLISH) & cells["reported"]]
    return "; ".join(
        f"{_title(run['target'])} after {_title(run['intermediate'])}, seed "
        f"{run['seed']} ({run['not_learnt']})"
        for run in runs.to_dict("records")
    )


def _not_run(mine: Tables) -> Iterator[str]:
    not_run = in_words(mine.axes, mine.missing)
    yield not_run or "Every cell of the grid was run."
    status = states(mine.cells, mine.missing)["state"]
    for state, words in (
        (DIVERGED, "diverged and are left out"),
        (NOT_LEARNT, "are of runs that did not learn their target in English, and are left out"),
        (AT_CHANCE, "score at or below chance and say little"),
    ):
        if (status == state).any():
            yield f"{(status == state).sum()} of {len(status)} combinations {words}."
    if runs := _did_not_learn(mine.cells):
        yield f"Runs that did not learn their target: {runs}."
    languages = mine.axes["languages"]
    untested = [name for name in mine.axes["targets"] if ENGLISH not in languages[name]]
    if untested and (not mine.slopes or mine.size["outcome"] in GAPS):
        yield f"No gap, without English cells in the grid: {', '.join(task_titles(untested))}."
    if mine.slopes:
        tested = mine.cells[~mine.cells["target"].isin(untested)]
        for reason, count in left_out(tested, mine.size["outcome"]).items():
            if reason in UNSAID:
                yield f"{count:,} scores are left out: {reason}."
        yield from limits(mine.effects, mine.headline)


def _threats(mine: Tables) -> Iterator[str]:
    for name in ("language", "target", "intermediate"):
        if (number := mine.size[f"{name}s"]) < FEW:
            yield f"{_count(number, name)}: so few that how they differ is hardly known."
    if mine.cells["seed"].nunique() == 1:
        yield "One seed: another run of the same training is not in the intervals."
    if any(len(PARTS[level]) == 2 for level in mine.slopes):
        yield WIDE
    yield from _relatives(mine)
    yield (
        "Similarity was not assigned: what goes with it (data in pretraining, script, test sets "
        "that differ) may be the cause."
    )
    if measures()[mine.headline].reads in SAMPLED:
        yield from _unreliable(mine)
    controls = [name for name in measures() if name in mine.size["controls"].split(", ")]
    of_languages = [name for name in controls if measures()[name].level != "task"]
    if of_languages:
        yield (
            f"What {', '.join(of_languages)} measure badly passes for similarity, where similarity "
            "goes along with it."
        )


def _unreliable(mine: Tables) -> Iterator[str]:
    """How much of every part is error, and what slopes would be without it."""
    known = {at: row for at, row in mine.slopes.items() if row["reliability"] is not None}
    if not known:
        yield "Similarity is measured on samples of texts; its error makes slopes smaller."
        return
    _, unit = WORDS[mine.size["outcome"]]
    parts = [
        f"{row['reliability']:.2f} {LEVEL_WORDS[at]}"
        + (
            f" ({change_of(row['corrected'], unit)} without the error)"
            if row["corrected"] is not None
            else ""
        )
        for at, row in known.items()
    ]
    yield (
        "Similarity is measured on samples of texts, and its error makes slopes smaller. Beside "
        f"the other predictors, the reliability of what is compared is {', '.join(parts)}."
    )


def _relatives(mine: Tables) -> Iterator[str]:
    """Whether languages of a family fail on the same examples more than others do."""
    pairs = mine.agreement[mine.agreement["axis"] == "language"]
    pairs = pairs[(pairs["one"] != ENGLISH) & (pairs["other"] != ENGLISH)]
    known = mine.cells.drop_duplicates("language")
    families = dict(zip(known["language"], known["family"], strict=True))
    if found := family_kappas(pairs, families):
        within, between, p = found
        yield (
            f"Languages of one family fail on the same examples with a kappa of {within:.2f}, "
            f"others with {between:.2f} (p {p:.3f} by permuted families): if they differ, "
            "relatives are no independent evidence, which the effect of the family is for."
        )


def _count(number: int, what: str) -> str:
    plural = {"family": "families"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else plural}"
