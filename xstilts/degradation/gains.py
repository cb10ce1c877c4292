r"""How much an intermediate gains on the study's targets, with bootstrap intervals.

The **average gain** of an intermediate is the plain mean, over the study's nine targets, of the
mean over languages of $s(i) - s(none)$, the reported scores of the same target, language and seed.
The score of question answering is the mean of F1 and exact match. With three seeds or more, what is
averaged is the median over seeds of each (target, language), as the study reports medians of three;
with fewer, the mean. Targets that are not in a grid are left out of its averages and named. Runs
that diverged are left out and counted.

Intervals are percentile bootstraps of 2,000 draws: the languages of each target are drawn anew, the
same for all intermediates, and so are the seeds, the same for all cells. They cover which languages
(and, of several seeds, which runs) happened to be there. They do not cover which targets did, that
targets share languages, or, with one seed, that another run differs at all. With $n$ languages,
they are too narrow by $\sqrt{(n - 1) / n}$.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from xstilts.recipes import NONE

DRAWS = 2000
MEDIAN_FROM = 3  # seeds
STUDY = ("xnli", "pawsx", "udpos", "wikiann", "xquad", "mlqa", "tydiqa", "bucc", "tatoeba")


class NotTestableError(Exception):
    """A claim cannot be tested on these cells; the message says why."""


class Interval(NamedTuple):
    """A figure and its 95% interval; nan where there is none."""

    figure: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def __str__(self) -> str:
        return f"{self.figure:.1f} ({self.low:.1f} to {self.high:.1f})"


@dataclass(frozen=True, kw_only=True)
class GainTable:
    """All data on one model.

    Attributes:
        cells: its cells of reported metrics, without runs that diverged.
        diverged: its cells of runs that diverged, on the study's targets.
        effects: its rows of the table of effects.
        headline: the measure that the question is answered for.
        path: hub id or folder of the encoder.
    """

    cells: pd.DataFrame
    diverged: pd.DataFrame
    effects: pd.DataFrame
    headline: str
    path: str

    @cached_property
    def axes(self) -> dict[str, list[Any]]:
        """The values on each axis of `values`, of the study's targets that have cells."""
        cells = self.cells[self.cells["target"].isin(STUDY)]
        names = ("intermediate", "target", "language", "seed")
        return {name: sorted(cells[name].unique()) for name in names}

    @cached_property
    def values(self) -> np.ndarray:
        """(intermediates, targets, languages, seeds) scores in percent; nan where there is none."""
        cells = self.cells[self.cells["target"].isin(STUDY)]
        values = np.full([len(axis) for axis in self.axes.values()], np.nan)
        at = [pd.Index(axis).get_indexer(cells[name]) for name, axis in self.axes.items()]
        values[tuple(at)] = cells["value"]
        return values

    @cached_property
    def draws(self) -> tuple[np.ndarray, np.ndarray]:
        """The languages and seeds of each bootstrap draw; the first row holds all of them.

        Returns:
            (1 + draws, targets, languages) counts of languages; (1 + draws, seeds) indices of
            seeds, sorted.
        """
        random = np.random.default_rng(0)
        there = np.isfinite(self.values).any(axis=(0, 3)).astype(float)
        drawn = [random.multinomial(int(row.sum()), row / row.sum(), DRAWS) for row in there]
        seeds = len(self.axes["seed"])
        orders = np.sort(random.integers(seeds, size=(DRAWS, seeds)), axis=1)
        return (
            np.concatenate([there[None], np.stack(drawn, axis=1)]),
            np.concatenate([np.arange(seeds)[None], orders]),
        )

    def scores(self, names: Sequence[str]) -> np.ndarray:
        """(names, targets, languages, seeds) scores of intermediates.

        Raises:
            NotTestableError: one of them has no cells.
        """
        intermediates = self.axes["intermediate"]
        for name in names:
            if name not in intermediates:
                also = " that did not diverge" if name in set(self.diverged["intermediate"]) else ""
                raise NotTestableError(f"no cells of {name}{also}")
        return np.asarray(self.values[[intermediates.index(name) for name in names]])

    def gains(self, names: Sequence[str]) -> np.ndarray:
        """(names, targets, languages, seeds) scores less those after `none`, in points."""
        none = self.scores([NONE])
        return self.scores(names) - none

    def present(self, names: Sequence[str]) -> list[str]:
        """The intermediates of `names` that have cells.

        Raises:
            NotTestableError: none of them has.
        """
        intermediates = [name for name in names if name in self.axes["intermediate"]]
        if not intermediates:
            raise NotTestableError(f"no cells of any of {', '.join(names)}")
        return intermediates

    def means(self, values: np.ndarray) -> np.ndarray:
        """(1 + draws, names, targets) means over seeds, then languages; the estimate comes first.

        Draws are nan for a name that has cells of one language per target, in one seed.
        """
        counts, seeds = self.draws
        means: np.ndarray = np.empty((len(counts), *values.shape[:2]))
        orders, which = np.unique(seeds, axis=0, return_inverse=True)
        for at, order in enumerate(orders):
            rows = which == at
            means[rows] = _weighted(counts[rows], over_seeds(values[..., order]))
        there = np.isfinite(values)
        one_language = there.any(axis=3).sum(axis=2).max(axis=1, initial=0) < 2
        one_seed = there.any(axis=(1, 2)).sum(axis=1) < 2
        means[1:, one_language & one_seed] = np.nan
        return means

    def has_spread(self, values: np.ndarray, target: str) -> np.ndarray:
        """(names,) whether values of a target have two languages or seeds to draw from."""
        there = np.isfinite(values[:, self.axes["target"].index(target)])
        languages = there.any(axis=2).sum(axis=1) > 1
        return np.asarray(languages | (there.any(axis=1).sum(axis=1) > 1))

    def basis(self, means: np.ndarray) -> str:
        """The targets that means rest on, and `runs`, in words."""
        there = dict(zip(self.axes["target"], np.isfinite(means[0]).any(axis=0), strict=True))
        lacking = [name for name in STUDY if not there.get(name, False)]
        without = f" (without {', '.join(lacking)})" if lacking else ""
        return f"{counted(len(STUDY) - len(lacking), 'target')}{without}, {self.runs()}"

    def runs(self) -> str:
        """The numbers of seeds and of diverged cells, in words."""
        bad = len(self.diverged)
        words = counted(len(self.axes["seed"]), "seed")
        return f"{words}, {counted(bad, 'diverged cell')} left out" if bad else words


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _there(
    average: Callable[..., Any], values: np.ndarray, axis: int | tuple[int, ...]
) -> np.ndarray:
    """An average of the values that are there; nan where none is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(average(values, axis=axis))


def mean_of(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Mean over axes of the values that are there; nan where none is."""
    return _there(np.nanmean, values, axis)


def over_seeds(values: np.ndarray) -> np.ndarray:
    """Median over the last axis if it has `MEDIAN_FROM` values or more, else mean."""
    enough = values.shape[-1] >= MEDIAN_FROM
    return _there(np.nanmedian if enough else np.nanmean, values, -1)


def _weighted(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(draws, names, targets) means of (names, targets, languages) values, weighted by `counts`."""
    there = np.isfinite(values)
    sums = np.einsum("dtl,ntl->dnt", counts, np.where(there, values, 0.0))
    sizes = np.einsum("dtl,ntl->dnt", counts, there.astype(float))
    means: np.ndarray = np.full_like(sums, np.nan)
    np.divide(sums, sizes, out=means, where=sizes > 0)
    return means


def interval(values: np.ndarray) -> Interval:
    """The figure of (1 + draws,) values, and the percentiles of its draws.

    Raises:
        NotTestableError: there is no figure.
    """
    if np.isnan(values[0]):
        raise NotTestableError(
            "the cells that it compares have no target, language and seed in common"
        )
    drawn = values[1:][np.isfinite(values[1:])]
    if not len(drawn):
        return Interval(float(values[0]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(values[0]), float(low), float(high))


def evidence_of(
    model: str, path: str, cells: pd.DataFrame, effects: pd.DataFrame, headline: str
) -> GainTable:
    """The data of one model from the tables of cells and of effects."""
    mine = cells[cells["reported"] & cells["value"].notna() & (cells["model"] == model)]
    bad = mine["diverged"] != ""
    return GainTable(
        cells=mine[~bad],
        diverged=mine[bad & mine["target"].isin(STUDY)],
        effects=effects[effects["model"] == model],
        headline=headline,
        path=path,
    )
