"""The headline's slopes by other outcomes, data and methods: would another analyst find them?

Every variant changes one thing about the main fit. OLS with clustered errors has no random effects:
its intervals are a sanity check, known to be short (docs/inference.md). Each bootstrap draws whole
languages, or whole intermediates, with replacement. It answers a narrower question: other languages
(or intermediates), everything else the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from mixedlm.formula.terms import Formula
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.regression.linear_model import OLS

from xstilts.degradation.estimable import fixed_design
from xstilts.degradation.formulas import PARTS, Specification, of_columns, parse, without
from xstilts.degradation.mixed_model import MixedModel, fit_formula
from xstilts.degradation.model_frame import design
from xstilts.degradation.outcomes import CELLS, OUTCOMES, analysed, seed_means
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv
from xstilts.recipes import NONE
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

Row = dict[str, Any]
MAIN_FIT = "main fit"  # the variant in which nothing is changed

SENSITIVITY = schema(
    ("model", pa.string(), "Encoder."),
    ("variant", pa.string(), "What differs from the main fit."),
    ("level", pa.string(), "The part of similarity: within, between_targets, between_languages."),
    ("estimate", pa.float64(), "Change of the outcome per standard deviation of that part."),
    ("se", pa.float64(), "Standard error."),
    ("low", pa.float64(), "Lower end of the 95% interval."),
    ("high", pa.float64(), "Upper end of the 95% interval."),
    ("unit", pa.string(), "Unit of the outcome."),
    ("rows", pa.int32(), "Rows fitted."),
    ("notes", pa.string(), "What was dropped or could not be fitted."),
)


@dataclass(frozen=True, kw_only=True)
class HeadlineFit:
    """The headline measure of one model, and the cells it explains.

    Attributes:
        cells: the cell table of the model.
        chosen: the measure's similarity table.
        others: the similarity tables of other measures.
        wanted: the main fit.
        resamples: number of cluster bootstraps.
    """

    cells: pd.DataFrame
    chosen: pd.DataFrame
    others: pd.DataFrame
    wanted: Specification
    resamples: int

    def data(
        self, *, diverged: bool = False, seeds: bool = False, **change: Any
    ) -> tuple[Formula, pd.DataFrame]:
        """Formula and rows; `change` alters the specification, `seeds` keeps every run."""
        specification = replace(self.wanted, **change)
        rows = analysed(self.cells, specification.outcome, diverged)
        rows = rows if seeds else seed_means(rows, specification.outcome)
        frame = design(rows, self.chosen, self.others, specification.formula)
        return of_columns(specification.formula, frame.columns), frame


def check_sensitivity(
    *,
    cells: str,
    similarity: list[str],
    headline: str,
    degradation: Mapping[str, Any],
    resamples: int,
    sensitivity: str,
) -> None:
    """Write the headline's slopes under every variant.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        headline: the headline measure.
        degradation: section of the config: outcome, steps, groups.
        resamples: number of cluster bootstraps.
        sensitivity: CSV to write.
    """
    scored = read_table(Path(cells), CELLS).to_pandas()
    rows = []
    for model, mine in read_default_layer(similarity).groupby("model"):
        fit = HeadlineFit(
            cells=scored[scored["model"] == model],
            chosen=mine[mine["measure"] == headline],
            others=mine[mine["measure"] != headline],
            wanted=Specification(**degradation),
            resamples=resamples,
        )
        rows += [{"model": model, **row} for row in variants(fit)]
    write_csv(Path(sensitivity), rows_table(rows, SENSITIVITY))


def variants(fit: HeadlineFit) -> Iterator[Row]:
    """Rows of every variant; a variant that these data cannot hold says so in `notes`."""
    for name, make in {**VARIANTS, **_left_out_targets(fit)}.items():
        unit = UNITS.get(name, MAIN_UNIT)
        try:
            slopes = make(fit)
            if not slopes:
                raise InputError("similarity is the same in every cell")
            yield from ({"variant": name, "unit": unit, **row} for row in slopes)
        except InputError as error:
            yield {"variant": name, "unit": unit, "notes": str(error)}


def _mixed(**change: Any) -> Callable[[HeadlineFit], list[Row]]:
    """The mixed model with one thing changed."""
    return lambda fit: _slopes(fit_formula(*fit.data(**change)))


def _slopes(model: MixedModel) -> list[Row]:
    notes = "; ".join([*(f"dropped {term}" for term in model.dropped), *model.notes])
    rows = model.fixed.set_index("term")[["estimate", "se", "low", "high"]]
    return [
        {
            "level": part,
            **{str(k): v for k, v in rows.loc[part].items()},
            "rows": model.n,
            "notes": notes,
        }
        for part in PARTS
        if part in rows.index
    ]


def _corrected(fit: HeadlineFit) -> list[Row]:
    """The main fit with its outcome of chance-corrected scores."""
    other = f"corrected_{fit.wanted.outcome}"
    if other not in OUTCOMES:
        raise InputError(f"{fit.wanted.outcome} is chance-corrected as it is")
    return _slopes(fit_formula(*fit.data(outcome=other)))


def _instead_of_gap(outcome: str) -> Callable[[HeadlineFit], list[Row]]:
    """Another scale of the gap, if the main fit is of the gap."""

    def rows(fit: HeadlineFit) -> list[Row]:
        if fit.wanted.outcome != "gap":
            raise InputError(f"the main fit is of {fit.wanted.outcome}, not of gap")
        return _slopes(fit_formula(*fit.data(outcome=outcome)))

    return rows


def _every_seed(fit: HeadlineFit) -> list[Row]:
    """Runs as rows, with a random effect of the training."""
    return _slopes(fit_formula(*fit.data(seeds=True, groups=fit.wanted.of_runs.groups)))


def _without_controls(fit: HeadlineFit) -> list[Row]:
    formula, frame = fit.data()
    return _slopes(fit_formula(without(formula, measures()), frame))


def _weighted(fit: HeadlineFit) -> list[Row]:
    if fit.wanted.outcome in ("relative_gap", "logit_gap", "corrected_relative_gap"):
        raise InputError("sampling variances are in points")
    return _slopes(fit_weighted(*fit.data()))


def fit_weighted(formula: Formula, frame: pd.DataFrame) -> MixedModel:
    """The fit with residual variances in proportion to a common one plus `sampling_variance`.

    The common variance is the one with the least REML criterion.
    """
    sampling = frame["sampling_variance"].to_numpy()
    start = float(fit_formula(formula, frame, intervals=False).random["variance"].iloc[-1])

    def fitted(logarithm: float, intervals: bool = False) -> MixedModel:
        weights = 1 / (np.exp(logarithm) + sampling)
        weights = weights / weights.mean()
        return fit_formula(formula, frame, weights=weights, intervals=intervals)

    bounds = (np.log(start) - 5, np.log(start) + 2)
    best = minimize_scalar(
        lambda at: fitted(at).neg2loglik, bounds=bounds, method="bounded", options={"xatol": 0.05}
    )
    return fitted(float(best.x), intervals=True)


def _clustered(*by: str) -> Callable[[HeadlineFit], list[Row]]:
    """OLS, errors clustered by one or two factors; df of t: the fewest clusters less 1."""

    def rows(fit: HeadlineFit) -> list[Row]:
        formula, frame = fit.data()
        # Gives the terms and rows that these data can hold.
        model = fit_formula(formula, frame, intervals=False)
        frame = model.data
        clusters = min(frame[name].nunique() for name in by)
        if clusters < 2:
            raise InputError(f"one {' or '.join(by)} only: no clusters to compare")
        design_matrix, names = fixed_design(model.formula, frame)
        codes = np.column_stack([pd.factorize(frame[name])[0] for name in by])
        ols = OLS(frame[parse(model.formula).response].to_numpy(), design_matrix).fit(
            cov_type="cluster", cov_kwds={"groups": codes if len(by) > 1 else codes[:, 0]}
        )
        critical = stats.t.ppf(0.975, clusters - 1)
        return [
            {
                "level": part,
                "estimate": ols.params[at],
                "se": ols.bse[at],
                "low": ols.params[at] - critical * ols.bse[at],
                "high": ols.params[at] + critical * ols.bse[at],
                "rows": len(frame),
            }
            for at, part in enumerate(names)
            if part in PARTS
        ]

    return rows


def _bootstrapped(axis: str) -> Callable[[HeadlineFit], list[Row]]:
    """Percentile intervals over resampled languages, or resampled intermediates except `none`."""

    def rows(fit: HeadlineFit) -> list[Row]:
        formula, frame = fit.data()
        main = fit_formula(formula, frame, intervals=False).fixed.set_index("term")["estimate"]
        random = np.random.default_rng(0)
        drawn, failed = [], 0
        for _ in range(fit.resamples):
            try:
                model = fit_formula(formula, resampled(frame, axis, random), intervals=False)
                drawn.append(model.fixed.set_index("term")["estimate"])
            except InputError:  # such as a draw of one language only
                failed += 1
        table = pd.DataFrame(drawn)
        if table.empty:
            raise InputError(f"no resample of {axis}s could be fitted")
        return [
            {
                "level": part,
                "estimate": main[part],
                "se": table[part].std(),
                "low": table[part].quantile(0.025),
                "high": table[part].quantile(0.975),
                "rows": len(frame),
                "notes": f"{len(drawn)} resamples" + (f", {failed} failed" if failed else ""),
            }
            for part in PARTS
            if part in main.index and part in table
        ]

    return rows


def resampled(frame: pd.DataFrame, axis: str, random: np.random.Generator) -> pd.DataFrame:
    """As many groups of an axis drawn with replacement; a repeated group counts as a new one."""
    groups = dict(list(frame.groupby(axis)))
    fixed = [groups.pop(NONE)] if axis == "intermediate" and NONE in groups else []
    names = list(groups)
    drawn = random.choice(len(names), size=len(names))
    copies = [
        groups[names[at]].assign(**{axis: f"{names[at]}#{copy}"}) for copy, at in enumerate(drawn)
    ]
    return pd.concat([*fixed, *copies], ignore_index=True)


def _left_out_targets(fit: HeadlineFit) -> dict[str, Callable[[HeadlineFit], list[Row]]]:
    """The fit without each target in turn: targets are the fewest groups behind the answer."""

    def rows(target: str) -> Callable[[HeadlineFit], list[Row]]:
        return lambda given: _slopes(
            fit_formula(*replace(given, cells=given.cells[given.cells["target"] != target]).data())
        )

    targets = analysed(fit.cells, fit.wanted.outcome)["target"].unique()
    return {f"without {target}": rows(target) for target in targets}


VARIANTS: dict[str, Callable[[HeadlineFit], list[Row]]] = {
    MAIN_FIT: _mixed(),
    "without controls": _without_controls,
    "chance-corrected": _corrected,
    "relative gap": _instead_of_gap("relative_gap"),
    "logit gap": _instead_of_gap("logit_gap"),
    "with diverged runs": _mixed(diverged=True),
    "every seed": _every_seed,
    "weighted by test size": _weighted,
    "OLS, clustered by language": _clustered("language"),
    "OLS, clustered by target": _clustered("target"),
    "OLS, clustered by language and target": _clustered("language", "target"),
    "bootstrap over languages": _bootstrapped("language"),
    "bootstrap over intermediates": _bootstrapped("intermediate"),
}
MAIN_UNIT, CORRECTED = "of the main fit", "of the main fit, chance-corrected"
UNITS = {"chance-corrected": CORRECTED, "relative gap": "percent", "logit gap": "logits"}
