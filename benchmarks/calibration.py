"""Do 95% intervals cover 95%, and does the null reject 5%? On simulated grids of known effects.

    OMP_NUM_THREADS=1 python -m benchmarks.calibration --shape demo [--draws 500] [--json]

Every draw is a grid of the demo's or the study's shape (targets with an English test set, their
languages, eleven intermediates, seeds) or a small one. It is drawn from one of `benchmarks.truths`
with an effect of every part of similarity, and without. Seed means are fitted by the model of
config.yaml; from the first truth by methods that others use, too. Draws are kept in `--kept`, so
that a run that was interrupted goes on. Every share has its Monte-Carlo error.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
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
from benchmarks.truths import PLAIN, TRUTHS, Truth, unchanged
from xstilts.config import read_config, specification
from xstilts.degradation import power
from xstilts.degradation.estimable import fixed_design
from xstilts.degradation.formulas import of_columns
from xstilts.degradation.mixed_model import Df, fit_formula
from xstilts.degradation.parts import AXES, PARTS, parts_of
from xstilts.degradation.power import GridSize
from xstilts.degradation.reliability import corrected, error_shares
from xstilts.degradation.sensitivity import standard_errors
from xstilts.degradation.simulation import seed_means, simulated_grid, simulated_outcome
from xstilts.languages import languages_of
from xstilts.world import World
from xstilts.world.files import write_world

ROOT = Path(__file__).parents[1]
SHAPES = ("demo", "study", "small")
PROCESSES = 2

# The default model; controls that a truth does not have are left out.
FORMULA = specification(read_config()[0]).formula

Row = dict[str, Any]
Interval = tuple[float, float, float]  # low, high, p
Method = Callable[[pd.DataFrame], dict[str, Interval]]


def main() -> None:
    """Simulate, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--shape", choices=SHAPES, default="demo")
    parser.add_argument("--truth", choices=[*TRUTHS], action="append")
    parser.add_argument("--kept", type=Path, default=Path("calibration.jsonl"))
    chosen = parser.parse_args()
    for truth in chosen.truth or TRUTHS:
        simulate(chosen.shape, truth, chosen.draws, chosen.kept)
    table = summary(read_kept(chosen.kept))
    if chosen.json:
        json.dump(table, sys.stdout, indent=1)
        print()
    else:
        print(pd.DataFrame(table).round(3).to_string(index=False))


def simulate(shape: str, truth: str, draws: int, kept: Path) -> None:
    """Add the draws of a shape and truth that are not kept yet."""
    rows = read_kept(kept)
    mine = rows[(rows["shape"] == shape) & (rows["truth"] == truth)] if len(rows) else rows
    done = set(mine["seed"]) if len(mine) else set[int]()
    wanted = [seed for seed in range(draws) if seed not in done]
    grid = grid_size(shape)
    with ProcessPoolExecutor(PROCESSES) as pool, kept.open("a", encoding="utf-8") as file:
        for drawn in pool.map(partial(_draw, grid, truth), wanted):
            file.writelines(json.dumps({"shape": shape, **row}) + "\n" for row in drawn)
            file.flush()


def read_kept(path: Path) -> pd.DataFrame:
    """One row per draw, method and part; none without the file."""
    if not path.is_file():
        return pd.DataFrame()
    lines = path.read_text(encoding="utf-8").splitlines()
    return pd.DataFrame([json.loads(line) for line in lines])


def summary(rows: pd.DataFrame) -> list[Row]:
    """How often intervals hold the truth and the null is rejected, with Monte-Carlo errors."""
    by = rows.groupby(["shape", "truth", "method", "part"], sort=False)
    table = by[["covers", "rejects", "width"]].mean().assign(draws=by["covers"].count())
    for share in ("covers", "rejects"):
        table[f"{share}_error"] = np.sqrt(table[share] * (1 - table[share]) / table["draws"])
    frame = table.reset_index().astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


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


def _draw(shape: GridSize, name: str, seed: int) -> list[Row]:
    """What methods say of one simulated grid, with the effects and without."""
    truth = TRUTHS[name]
    random = np.random.default_rng([seed, [*TRUTHS].index(name)])
    frame = simulated_grid(shape.languages, shape.intermediates, shape.seeds, random)
    frame = truth.similarity(frame, random)
    null = 20 + simulated_outcome(frame, dict(truth.effects), truth.spreads, random)
    effect = simulated_outcome(frame, PLANTED, (), random)
    seen = truth.measured(frame, random)
    planted = _of_seen_parts(frame, seen)
    methods = METHODS if truth is PLAIN else {DEFAULT: METHODS[DEFAULT]}
    if "resamples" in seen:
        methods |= {"mixed model, corrected": _corrected}
    rows = []
    for method, fit in methods.items():
        without_it, with_it = _intervals(fit, truth, seen, null, effect, seed)
        rows += [
            {
                **{"truth": name, "seed": seed, "method": method, "part": part},
                **_judged(effect_of_part, with_it[part], without_it[part]),
            }
            for part, effect_of_part in planted.items()
            if part in with_it and part in without_it
        ]
    return rows


def _of_seen_parts(frame: pd.DataFrame, seen: pd.DataFrame) -> dict[str, float]:
    """The planted effects per standard deviation of the parts that are seen, error and all."""
    true, with_error = (
        parts_of(rows.dropna(subset="similarity").drop_duplicates([*AXES]), "similarity")
        for rows in (frame, seen)
    )
    return {
        part: effect * float(with_error[part].std() / true[part].std())
        for part, effect in PLANTED.items()
    }


def _intervals(
    fit: Method, truth: Truth, seen: pd.DataFrame, null: np.ndarray, effect: np.ndarray, seed: int
) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """Intervals without and with an effect.

    An effect of the columns that are fitted moves the estimates by itself and nothing else, so one
    fit tells both, unless columns are seen with error or something happens to the outcomes.
    """

    def of(gap: np.ndarray) -> dict[str, Interval]:
        happened = truth.happens(seen.assign(gap=gap), np.random.default_rng(seed))
        return fit(seed_means(happened, "gap"))

    without_it = of(null)
    if truth.measured is unchanged and truth.happens is unchanged:
        moved = {
            part: (low + PLANTED[part], high + PLANTED[part], np.nan)
            for part, (low, high, _) in without_it.items()
            if part in PLANTED
        }
        return without_it, moved
    return without_it, of(null + effect)


def _judged(truth: float, with_it: Interval, without_it: Interval) -> Row:
    """Whether a part's interval covers the truth, and whether the null is rejected."""
    low, high, _ = with_it
    finite = bool(np.isfinite(low))
    return {
        "covers": float(low <= truth <= high) if finite else None,
        "rejects": float(without_it[2] < 0.05) if finite else None,
        "width": high - low if finite else None,
    }


def _mixed(less: Callable[[Formula], Formula], df: Df, rows: pd.DataFrame) -> dict[str, Interval]:
    """Intervals of the mixed model, less some random terms."""
    model = fit_formula(less(of_columns(FORMULA, rows.columns)), rows, df=df)
    table = model.fixed.set_index("term")
    there = [part for part in PARTS if part in table.index]
    return {part: tuple(table.loc[part, ["low", "high", "p"]]) for part in there}


def _corrected(rows: pd.DataFrame) -> dict[str, Interval]:
    """Intervals of the mixed model, without the error of similarity."""
    model = fit_formula(of_columns(FORMULA, rows.columns), rows, df="containment")
    shares = error_shares(rows, "cell")
    found = {part: corrected(model, part, shares[part]) for part in PARTS if part in rows}
    return {
        part: (row["corrected_low"], row["corrected_high"], model.estimate(part)["p"])
        for part, row in found.items()
        if "corrected" in row
    }


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


DEFAULT = "mixed model"
METHODS: dict[str, Method] = {
    DEFAULT: partial(_mixed, _whole, "containment"),
    "mixed model without slopes": partial(_mixed, _without_slopes, "satterthwaite"),
    "mixed model, single factors only": partial(_mixed, _without_pairs, "satterthwaite"),
    "least squares": partial(_least_squares, ()),
    "least squares, clustered by language": partial(_least_squares, ("language",)),
    "least squares, clustered by language and target": partial(
        _least_squares, ("language", "target")
    ),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # statsmodels warns of few clusters
    main()
