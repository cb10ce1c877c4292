"""Power: the chance to find an effect on grids of the config's shape, before any of it is run.

Similarity is drawn (`xstilts.degradation.simulation`). Controls are the facts of languages and
tasks that are known; others are left out. The spreads given, the standard error of each slope
follows from the design, by generalised least squares. Its t has a noncentral distribution, with
the degrees of freedom that the fit would have (containment), so the chance that it lies beyond the
bound needs no simulated outcome. A part counts as found at p below 0.05; for `power_all`, at that
divided by all tests (Holm, at worst). One axis at a time is made smaller or larger, the others stay
as configured.
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
from scipy import stats

from xstilts.degradation.containment import contained_df
from xstilts.degradation.effects import VARIANCES
from xstilts.degradation.estimable import (
    constant_within,
    estimable,
    fixed_design,
    random_columns,
)
from xstilts.degradation.formulas import Specification, of_columns
from xstilts.degradation.mixed_model import INTERCEPT, RESIDUAL
from xstilts.degradation.model_frame import add_controls
from xstilts.degradation.outcomes import CRITICAL
from xstilts.degradation.parts import PARTS, TRAINED
from xstilts.degradation.simulation import EXPECTED, Spread, simulated_grid
from xstilts.errors import InputError
from xstilts.io.tables import read_table, schema
from xstilts.languages import ENGLISH, language_facts
from xstilts.recipes import NONE
from xstilts.similarity.table import known_facts

ALPHA = 0.05
SHARES = (0.25, 0.5, 1.0)  # of the axes that can be run in part
SEEDS = (1, 3, 5)

POWER = schema(
    ("axis", pa.string(), "The axis that is varied: languages, targets, intermediates or seeds."),
    ("size", pa.int32(), "How many of it; intermediates without `none`."),
    ("configured", pa.bool_(), "Whether it is the size of the config."),
    ("level", pa.string(), "The part of similarity."),
    ("power", pa.float64(), "Chance that its p-value is below 0.05: mean over drawn similarities."),
    ("low", pa.float64(), "Lower end of that mean's 95% interval."),
    ("high", pa.float64(), "Upper end of that interval."),
    ("power_all", pa.float64(), "The same after Holm's correction for all measures, at worst."),
    ("draws", pa.int32(), "Drawn similarities."),
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


@dataclass(frozen=True, kw_only=True)
class Study:
    """What power is asked of.

    Attributes:
        shape: the configured grid.
        specification: the model.
        facts: similarity tables of the facts that are known, signed (`known_facts`).
        effect: points of outcome per standard deviation of each part of similarity.
        spreads: standard deviations of the random effects and of the residual, of single runs.
        tests: p-values that are corrected together, at worst.
    """

    shape: GridSize
    specification: Specification
    facts: pd.DataFrame
    effect: float
    spreads: Sequence[Spread]
    tests: int


def power_table(study: Study, draws: int, processes: int = 1) -> pd.DataFrame:
    """Rows of POWER, from as many drawn similarities per size; several processes draw at once."""
    rows = []
    with ProcessPoolExecutor(processes) as pool:
        for axis, size, configured in sizes(study.shape):
            drawn = [*pool.map(partial(_drawn_power, study, axis, size), range(draws))]
            common = {"axis": axis, "size": size, "configured": configured, "draws": draws}
            for part in PARTS:
                chances = np.array([each.get(part, (0.0, 0.0)) for each in drawn])
                mean, at_worst = chances.mean(axis=0)
                half = CRITICAL * chances[:, 0].std(ddof=1) / draws**0.5 if draws > 1 else np.nan
                row = {**common, "level": part, "power": mean, "power_all": at_worst}
                rows.append({**row, "low": max(mean - half, 0.0), "high": min(mean + half, 1.0)})
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


def _drawn_power(study: Study, axis: str, size: int, seed: int) -> dict[str, tuple[float, float]]:
    """Power by part of one drawn similarity: of one test, and at worst of all."""
    random = np.random.default_rng([seed, size])
    shape = resized(study.shape, axis, size, random)
    frame = simulated_grid(shape.languages, shape.intermediates, [0], random)
    try:
        error, freedom = slope_errors(
            add_controls(frame, study.facts, study.specification.formula),
            study.specification.formula,
            study.spreads,
            len(shape.seeds),
        )
    except InputError:
        return {}
    return {
        part: (
            chance_beyond(study.effect / error[part], freedom[part], ALPHA),
            chance_beyond(study.effect / error[part], freedom[part], ALPHA / study.tests),
        )
        for part in PARTS
        if part in error
    }


def slope_errors(
    frame: pd.DataFrame, formula: Formula, spreads: Sequence[Spread], seeds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Standard errors and degrees of freedom of the fixed effects, by name.

    Args:
        frame: one row per (intermediate, target, language), whose outcome is a mean over seeds.
        formula: the model.
        spreads: of single runs.
        seeds: runs of each row.

    Raises:
        InputError: the rows cannot hold the formula.
    """
    wanted = of_columns(formula, frame.columns)
    rows = frame.assign(**{wanted.response: np.arange(len(frame), dtype=float)})
    model, _, known = estimable(wanted, rows)
    fixed, names = fixed_design(model, rows)
    residual = sum(each.sd**2 for each in spreads if each.group == RESIDUAL) / seeds
    random = np.hstack([_columns(each, rows, seeds) for each in spreads if each.group != RESIDUAL])
    # V = Z Z' + residual I, inverted by the products of the columns (Woodbury).
    inner = np.eye(random.shape[1]) + random.T @ random / residual
    crossed = random.T @ fixed
    precision = fixed.T @ fixed - crossed.T @ np.linalg.solve(inner, crossed) / residual
    error = np.sqrt(np.diag(np.linalg.inv(precision / residual)))
    freedom = contained_df(fixed, [*random_columns(model, rows)])
    untested = {term for factor in known for term in constant_within(rows, factor, names)}
    tested = [at for at, name in enumerate(names) if name not in untested]
    return {names[at]: error[at] for at in tested}, {names[at]: freedom[at] for at in tested}


def _columns(spread: Spread, rows: pd.DataFrame, seeds: int) -> np.ndarray:
    """(rows, groups) columns of a random effect, times its standard deviation."""
    factors = spread.group.split(":")
    sd = spread.sd / seeds**0.5 if "seed" in factors else spread.sd
    own = [name for name in factors if name != "seed"]
    values = 1.0 if spread.term == INTERCEPT else rows.get(spread.term, pd.Series(0.0, rows.index))
    dummies = np.asarray(pd.get_dummies(rows.groupby(own, sort=False).ngroup()), dtype=float)
    return np.asarray(dummies * (sd * np.asarray(values)).reshape(-1, 1))


def chance_beyond(noncentrality: float, freedom: float, level: float) -> float:
    """The chance that |t| lies beyond its two-sided bound at a level."""
    bound = stats.t.ppf(1 - level / 2, freedom)
    t = stats.nct(freedom, noncentrality)
    return float(t.cdf(-bound) + t.sf(bound))


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


def facts_of(grid: Any, specification: Specification) -> pd.DataFrame:
    """The controls that are known before any run: facts of a grid's languages and tasks.

    Those of its first encoder, where they differ by encoder.
    """
    name, model = next(iter(grid.models.items()))
    cells = [
        (intermediate, target, code)
        for intermediate in grid.intermediates
        for target, codes in grid.languages.items()
        for code in codes
    ]
    codes = sorted({code for *_, code in cells} | {ENGLISH})
    known = language_facts(codes, model.pretraining)
    return known_facts(specification.formula.all_variables, name, cells, known)
