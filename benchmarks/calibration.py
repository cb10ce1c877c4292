"""Do 95% intervals cover 95%, and does the null reject 5%? On simulated grids of known effects.

    OMP_NUM_THREADS=1 python -m benchmarks.calibration --json [--draws 500] [--shape demo]

Every draw is a grid of the demo's or the study's shape (targets with an English test set, their
languages, eleven intermediates, seeds) or a small one, simulated twice from the same spreads: with
an effect of every part of similarity, and with none. Seed means are fitted by the model of
config.yaml, without controls, and by methods that others use.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula
from scipy import stats
from statsmodels.regression.linear_model import OLS

from benchmarks.grids import PLANTED
from xstilts.config import read_config, specification
from xstilts.degradation import power
from xstilts.degradation.effects import permutation_p
from xstilts.degradation.estimable import fixed_design
from xstilts.degradation.formulas import of_columns, without
from xstilts.degradation.mixed_model import Df, fit_formula
from xstilts.degradation.parts import PARTS
from xstilts.degradation.power import GridSize
from xstilts.degradation.sensitivity import standard_errors
from xstilts.degradation.simulation import EXPECTED, seed_means, simulated_grid, simulated_outcome
from xstilts.languages import languages_of
from xstilts.similarity.measures import measures
from xstilts.world import World
from xstilts.world.files import write_world

ROOT = Path(__file__).parents[1]
SHAPES = ("demo", "study", "small")
PROCESSES = 2

NORMAL = 1.96
SLOPES = tuple(spread for spread in EXPECTED if spread.term in PARTS)
INTERCEPTS = tuple(spread for spread in EXPECTED if spread not in SLOPES)
# The default model without controls, which simulated grids do not have.
FORMULA = without(specification(read_config()[0]).formula, measures())

Row = dict[str, Any]
Interval = tuple[float, float, float]  # low, high, p
Method = Callable[[pd.DataFrame], dict[str, Interval]]


def main() -> None:
    """Simulate, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--shape", choices=SHAPES)
    chosen = parser.parse_args()
    results = [measure(name, chosen.draws) for name in SHAPES if chosen.shape in (None, name)]
    if chosen.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        for shape in results:
            print(f"{shape['shape']}: {shape['draws']} draws of {shape['rows']} rows")
            print(pd.DataFrame(shape["methods"]).round(3).to_string(index=False))


def measure(shape: str, draws: int) -> dict[str, Any]:
    """Coverage and rejection of every method on one shape."""
    began, grid = time.perf_counter(), grid_size(shape)
    with ProcessPoolExecutor(PROCESSES) as pool:
        rows = [row for drawn in pool.map(partial(_draw, grid), range(draws)) for row in drawn]
    frame = pd.DataFrame(rows)
    by = frame.groupby(["method", "part"], sort=False)
    table = by[["covers", "width", "rejects"]].mean().assign(draws=by.size()).reset_index()
    return {
        "shape": shape,
        "draws": draws,
        "rows": int(frame["rows"].iloc[0]),
        "seconds": round(time.perf_counter() - began),
        "methods": table.astype(object).where(table.notna(), None).to_dict("records"),
    }


def grid_size(name: str) -> GridSize:
    """The demo's grid; the study's: real languages, three seeds; a small one."""
    if name == "small":
        languages = {f"t{at}": [f"l{of}" for of in range(6)] for at in range(4)}
        return GridSize(languages=languages, intermediates=["none", *"abcd"], seeds=[1])
    write_world(World(), ROOT / "resources/demo")
    _, grid = read_config(ROOT / "config/demo.yaml")
    if name == "study":
        real = {target: languages_of(target) for target in grid.targets}
        grid = replace(grid, languages=real, seeds=[1, 2, 3])
    return power.grid_size(grid)


def _draw(shape: GridSize, seed: int) -> list[Row]:
    """What every method says of one simulated grid, with the effects and without."""
    random = np.random.default_rng(seed)
    frame = simulated_grid(shape.languages, shape.intermediates, shape.seeds, random)
    without_slopes = simulated_outcome(frame, {}, INTERCEPTS, random)
    spreads = without_slopes + simulated_outcome(frame, {}, SLOPES, random)
    planted = simulated_outcome(frame, PLANTED, (), random)
    outcomes = {"sharp": without_slopes, "null": spreads, "gap": spreads + planted}
    means = seed_means(frame.assign(**outcomes), *outcomes)
    return [row for name, method in METHODS.items() for row in _judged(name, method, means)]


def _judged(name: str, method: Method, rows: pd.DataFrame) -> Iterator[Row]:
    """One row per part: whether its interval covers the truth, and whether the null is rejected."""
    null = rows["sharp"] if name == SHARP else rows["null"]
    intervals, null_intervals = method(rows), method(rows.assign(gap=null))
    for part, truth in PLANTED.items():
        if part in intervals:
            low, high, _ = intervals[part]
            yield {
                "method": name,
                "part": part,
                "covers": float(low <= truth <= high) if np.isfinite(low) else np.nan,
                "width": high - low,
                "rejects": float(null_intervals[part][2] < 0.05),
                "rows": len(rows),
            }


def _mixed(
    less: Callable[[Formula], Formula], df: Df, normal: bool, rows: pd.DataFrame
) -> dict[str, Interval]:
    """Intervals of the mixed model, less some random terms."""
    model = fit_formula(less(of_columns(FORMULA, rows.columns)), rows, df=df)
    table = model.fixed.set_index("term")
    if normal:
        half = NORMAL * table["se"]
        table = table.assign(
            low=table["estimate"] - half,
            high=table["estimate"] + half,
            p=2 * stats.norm.sf((table["estimate"] / table["se"]).abs()),
        )
    there = [part for part in PARTS if part in table.index]
    return {part: tuple(table.loc[part, ["low", "high", "p"]]) for part in there}


def _whole(formula: Formula) -> Formula:
    return formula


def _without_slopes(formula: Formula) -> Formula:
    """The formula with random intercepts alone."""
    return replace(formula, random=tuple(each for each in formula.random if each.has_intercept))


def _without_pairs(formula: Formula) -> Formula:
    """The same with intercepts of single factors alone."""
    alone = _without_slopes(formula)
    kept = [term for term in alone.random if len(term.grouping_factors) == 1]
    return replace(alone, random=tuple(kept))


def _least_squares(by: tuple[str, ...], rows: pd.DataFrame) -> dict[str, Interval]:
    """Least squares: plain errors, or clustered by one or two factors."""
    design, names = fixed_design(of_columns(FORMULA, rows.columns), rows)
    model = OLS(rows["gap"].to_numpy(), design)
    if by:
        codes = np.column_stack([pd.factorize(rows[name])[0] for name in by])
        groups = codes if len(by) > 1 else codes[:, 0]
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
        freedom = min(rows[name].nunique() for name in by) - 1
    else:
        fitted, freedom = model.fit(), len(rows) - len(names)
    critical = stats.t.ppf(0.975, freedom)
    errors, intervals = standard_errors(fitted), {}
    for at, name in enumerate(names):
        value, error = fitted.params[at], errors[at]
        p = 2 * stats.t.sf(abs(value / error), freedom)
        intervals[name] = (value - critical * error, value + critical * error, p)
    return intervals


def _permutation(rows: pd.DataFrame) -> dict[str, Interval]:
    p_values = {part: permutation_p(rows, "gap", part, []) for part in PARTS}
    return {part: (np.nan, np.nan, p) for part, p in p_values.items() if p is not None}


SHARP = "permutation, no relation at all"  # what it tests: a null without slopes that differ
METHODS: dict[str, Method] = {
    "mixed model, containment": partial(_mixed, _whole, "containment", False),
    "mixed model, Satterthwaite": partial(_mixed, _whole, "satterthwaite", False),
    "mixed model, normal": partial(_mixed, _whole, "containment", True),
    "mixed model without slopes": partial(_mixed, _without_slopes, "satterthwaite", False),
    "mixed model, single factors only": partial(_mixed, _without_pairs, "satterthwaite", False),
    "least squares": partial(_least_squares, ()),
    "least squares, clustered by language": partial(_least_squares, ("language",)),
    "least squares, clustered by language and target": partial(
        _least_squares, ("language", "target")
    ),
    SHARP: _permutation,
    "permutation, slopes differ around zero": _permutation,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # statsmodels warns of few clusters
    main()
