"""Power: the chance to find an effect, from simulated grids of the config's shape.

A grid is drawn with an effect of every part of similarity and the spreads given. The config's model
without controls is fitted to the seed means. A part counts as found if its p-value is below 0.05;
for `power_all`, it must stay below after correction for all measures. One axis at a time is made
smaller or larger, the others stay as configured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from mixedlm.formula.terms import Formula
from statsmodels.stats.proportion import proportion_confint

from xstilts.degradation.effects import VARIANCES
from xstilts.degradation.formulas import Specification, of_columns, without
from xstilts.degradation.mixed_model import INTERCEPT, fit_formula
from xstilts.degradation.outcomes import ENGLISH
from xstilts.degradation.parts import PARTS, TRAINED
from xstilts.degradation.simulation import (
    EXPECTED,
    Spread,
    seed_means,
    simulated_grid,
    simulated_outcome,
)
from xstilts.errors import InputError
from xstilts.io.tables import read_table, schema
from xstilts.recipes import NONE
from xstilts.similarity.measures import measures

ALPHA = 0.05
SHARES = (0.25, 0.5, 1.0)  # of the axes that can be run in part
SEEDS = (1, 3, 5)

POWER = schema(
    ("axis", pa.string(), "The axis that is varied: languages, targets, intermediates or seeds."),
    ("size", pa.int32(), "How many of it; intermediates without `none`."),
    ("configured", pa.bool_(), "Whether it is the size of the config."),
    ("level", pa.string(), "The part of similarity."),
    ("power", pa.float64(), "Share of simulated grids in which its interval excludes zero."),
    ("low", pa.float64(), "Lower end of that share's 95% interval (Wilson)."),
    ("high", pa.float64(), "Upper end of that interval."),
    ("power_all", pa.float64(), "The same after Holm's correction for all measures, at worst."),
    ("draws", pa.int32(), "Simulated grids; one that cannot be fitted finds nothing."),
)


@dataclass(frozen=True, kw_only=True)
class GridSize:
    """The size of a grid.

    Attributes:
        languages: languages except English of every target with an English test set.
        intermediates: recipes, `none` among them.
        seeds: training runs.
    """

    languages: Mapping[str, Sequence[str]]
    intermediates: Sequence[str]
    seeds: Sequence[int]

    @property
    def codes(self) -> list[str]:
        """All languages."""
        return sorted({code for own in self.languages.values() for code in own})


def expected_spreads(path: Path | None) -> Sequence[Spread]:
    """The spreads of a table of variances that a fit has written; guesses without a table."""
    if path is None:
        return EXPECTED
    if not path.is_file():
        raise InputError(f"no table '{path}'")
    table = read_table(path, VARIANCES).to_pandas()
    if table.empty:
        raise InputError(f"{path}: no variance was estimated")
    if table["model"].nunique() > 1:
        names = ", ".join(table["model"].unique())
        raise InputError(f"{path}: variances of several models ({names}); keep those of one")
    terms = ("", INTERCEPT, TRAINED, *PARTS)  # slopes of controls are of no simulated column
    rows = table[table["term"].isin(terms)]
    return [Spread(row.group, row.term, row.sd) for row in rows.itertuples()]


def power_table(
    shape: GridSize,
    specification: Specification,
    effect: float,
    spreads: Sequence[Spread],
    draws: int,
    measures_tested: Sequence[str],
    processes: int = 1,
) -> pd.DataFrame:
    """Rows of POWER.

    Args:
        shape: the configured grid.
        specification: the model; its controls are left out.
        effect: points of outcome per standard deviation of each part of similarity.
        spreads: standard deviations of the random effects and of the residual.
        draws: simulated grids per size.
        measures_tested: the measures of similarity that are tested together.
        processes: number of processes that simulate at once.
    """
    formula = without(specification.formula, measures())
    tests = len(measures_tested) * len(PARTS)
    rows = []
    with ProcessPoolExecutor(processes) as pool:
        for axis, size, configured in sizes(shape):
            simulate = partial(_found, shape, axis, size, formula, effect, tuple(spreads))
            p_values = list(pool.map(simulate, range(draws)))
            common = {"axis": axis, "size": size, "configured": configured, "draws": draws}
            for part in PARTS:
                p = np.array([by_part.get(part, np.nan) for by_part in p_values])
                hits = int((p < ALPHA).sum())
                low, high = proportion_confint(hits, draws, method="wilson")
                rows.append({**common, "level": part, "power": hits / draws, "low": low})
                rows[-1] |= {"high": high, "power_all": float((p < ALPHA / tests).mean())}
    return pd.DataFrame(rows, columns=POWER.names)


def sizes(shape: GridSize) -> Iterator[tuple[str, int, bool]]:
    """(axis, size, whether it is the configured one) of every grid to simulate."""
    whole = {
        "languages": len(shape.codes),
        "targets": len(shape.languages),
        "intermediates": len([name for name in shape.intermediates if name != NONE]),
    }
    for axis, size in whole.items():
        for smaller in sorted({max(2, round(share * size)) for share in SHARES}):
            yield axis, smaller, smaller == size
    for seeds in sorted({*SEEDS, len(shape.seeds)}):
        yield "seeds", seeds, seeds == len(shape.seeds)


def resized(shape: GridSize, axis: str, size: int, random: np.random.Generator) -> GridSize:
    """The shape with `size` values on an axis, drawn at random."""
    if axis == "seeds":
        return replace(shape, seeds=range(size))
    if axis == "intermediates":
        trained = [name for name in shape.intermediates if name != NONE]
        none = [name for name in shape.intermediates if name == NONE]
        return replace(shape, intermediates=[*none, *_some(trained, size, random)])
    if axis == "targets":
        targets = set(_some(list(shape.languages), size, random))
        return replace(shape, languages={t: c for t, c in shape.languages.items() if t in targets})
    codes = set(_some(shape.codes, size, random))
    fewer = {t: [c for c in own if c in codes] for t, own in shape.languages.items()}
    return replace(shape, languages={t: own for t, own in fewer.items() if own})


def _some(names: list[str], size: int, random: np.random.Generator) -> list[str]:
    return [names[at] for at in sorted(random.permutation(len(names))[:size])]


def _found(
    shape: GridSize,
    axis: str,
    size: int,
    formula: Formula,
    effect: float,
    spreads: tuple[Spread, ...],
    seed: int,
) -> dict[str, float]:
    """p-values of the parts in one simulated grid; none if it cannot be fitted."""
    random = np.random.default_rng([seed, size])
    drawn = resized(shape, axis, size, random)
    frame = simulated_grid(drawn.languages, drawn.intermediates, drawn.seeds, random)
    outcome = formula.response
    frame[outcome] = simulated_outcome(
        frame, {part: effect for part in PARTS if part in frame}, spreads, random
    )
    means = seed_means(frame, outcome)
    try:
        model = fit_formula(of_columns(formula, means.columns), means, df="containment")
    except InputError:
        return {}
    return {part: model.estimate(part)["p"] for part in PARTS if part in set(model.fixed["term"])}


def grid_size(grid: Any) -> GridSize:
    """The shape of a configured grid (`xstilts.grid.Grid`).

    Raises:
        InputError: no target is run in English and elsewhere.
    """
    languages = {
        target: [code for code in codes if code != ENGLISH]
        for target, codes in grid.languages.items()
        if ENGLISH in codes and len(codes) > 1
    }
    if not languages:
        raise InputError("config: no target is run in English and elsewhere: there are no gaps")
    return GridSize(languages=languages, intermediates=grid.intermediates, seeds=grid.seeds)
