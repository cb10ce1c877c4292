"""The headline's slopes by other outcomes, data and methods: would another analyst find them?

Every variant changes one thing about the main fit; one that changes nothing here says so. OLS with
clustered errors has no random effects: its intervals are a sanity check, known to be short
(docs/inference.md). Every language, family, target and intermediate is left out once: an answer
that hangs on one of them shows it here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from mixedlm.formula.terms import Formula
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.regression.linear_model import OLS

from xstilts.degradation.estimable import fixed_design
from xstilts.degradation.formulas import Specification, of_columns, parse, without
from xstilts.degradation.mixed_model import Df, MixedModel, fit_formula
from xstilts.degradation.model_frame import design
from xstilts.degradation.outcomes import CELLS, OUTCOMES, analysed, seed_means
from xstilts.degradation.parts import PARTS
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv
from xstilts.languages import ENGLISH
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

Row = dict[str, Any]
MAIN_FIT = "main fit"  # the variant in which nothing is changed
LEFT_OUT = ("language", "family", "target", "intermediate")

SENSITIVITY = schema(
    ("model", pa.string(), "Encoder."),
    ("variant", pa.string(), "What differs from the main fit."),
    ("level", pa.string(), "The part of similarity."),
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
    """

    cells: pd.DataFrame
    chosen: pd.DataFrame
    others: pd.DataFrame
    wanted: Specification

    @cached_property
    def main(self) -> MixedModel:
        """The main fit."""
        return _fitted(*self.data())

    def data(
        self,
        *,
        keeping: Collection[str] = (),
        seeds: Literal["mean", "median", "apart"] = "mean",
        **change: Any,
    ) -> tuple[Formula, pd.DataFrame]:
        """Formula and rows; `change` alters the specification, `seeds` how runs are joined."""
        specification = replace(self.wanted, **change)
        rows = analysed(self.cells, specification.outcome, keeping)
        if seeds != "apart":
            rows = seed_means(rows, specification.outcome, seeds)
        frame = design(rows, self.chosen, self.others, specification.formula)
        return of_columns(specification.formula, frame.columns), frame


Variant = Callable[[HeadlineFit], list[Row]]


def check_sensitivity(
    *,
    cells: str,
    similarity: list[str],
    headline: str,
    degradation: Mapping[str, Any],
    sensitivity: str,
) -> None:
    """Write the headline's slopes under every variant.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        headline: the headline measure.
        degradation: section of the config: outcome, steps, groups.
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
        )
        rows += [{"model": model, **row} for row in variants(fit)]
    write_csv(Path(sensitivity), rows_table(rows, SENSITIVITY))


def variants(fit: HeadlineFit) -> Iterator[Row]:
    """Rows of every variant; a variant that these data cannot hold says so in `notes`."""
    main = _main_slopes(fit)
    for name, make in {**VARIANTS, **dict(_left_out(fit))}.items():
        unit = UNITS.get(name, MAIN_UNIT)
        try:
            slopes = make(fit)
            if not slopes:
                raise InputError("similarity is the same in every cell")
            if name != MAIN_FIT and _same(slopes, main):
                raise InputError("it changes nothing here")
            yield from ({"variant": name, "unit": unit, **row} for row in slopes)
        except InputError as error:
            yield {"variant": name, "unit": unit, "notes": str(error)}


def _main_slopes(fit: HeadlineFit) -> list[Row]:
    """Those of the main fit; none where it cannot be fitted."""
    try:
        return _slopes(fit.main)
    except InputError:
        return []


def _same(slopes: list[Row], others: list[Row]) -> bool:
    """Whether two fits found the same."""
    columns = ["level", "estimate", "se"]
    one, other = (pd.DataFrame(rows, columns=columns) for rows in (slopes, others))
    alike = one["level"].tolist() == other["level"].tolist()
    return alike and np.allclose(one.iloc[:, 1:], other.iloc[:, 1:], rtol=1e-5, equal_nan=True)


def _mixed(**change: Any) -> Variant:
    """The mixed model with one thing changed."""
    return lambda fit: _slopes(_fitted(*fit.data(**change)))


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
    return _slopes(_fitted(*fit.data(outcome=other)))


def _instead_of_gap(outcome: str) -> Variant:
    """Another scale of the gap, if the main fit is of the gap."""

    def rows(fit: HeadlineFit) -> list[Row]:
        if fit.wanted.outcome != "gap":
            raise InputError(f"the main fit is of {fit.wanted.outcome}, not of gap")
        return _slopes(_fitted(*fit.data(outcome=outcome)))

    return rows


def _every_seed(fit: HeadlineFit) -> list[Row]:
    """Runs as rows, with a random effect of the training."""
    return _slopes(_fitted(*fit.data(seeds="apart", groups=fit.wanted.of_runs.groups)))


def _above_chance(fit: HeadlineFit) -> list[Row]:
    """Without cells at or below chance, where no more can be lost."""
    cells = fit.cells
    kept = (cells["value"] > cells["chance"]) | (cells["language"] == ENGLISH)
    return _slopes(_fitted(*replace(fit, cells=cells[kept]).data()))


def _without_controls(fit: HeadlineFit) -> list[Row]:
    formula, frame = fit.data()
    return _slopes(_fitted(without(formula, measures()), frame))


def _weighted(fit: HeadlineFit) -> list[Row]:
    if fit.wanted.outcome in ("relative_gap", "logit_gap", "lost", "corrected_relative_gap"):
        raise InputError("sampling variances are in points")
    return _slopes(fit_weighted(*fit.data()))


def _fitted(formula: Formula, frame: pd.DataFrame) -> MixedModel:
    return fit_formula(formula, frame, df="containment")


def fit_weighted(formula: Formula, frame: pd.DataFrame) -> MixedModel:
    """The fit with residual variances in proportion to a common one plus `sampling_variance`.

    The common variance is the one with the least REML criterion.
    """
    sampling = frame["sampling_variance"].to_numpy()
    start = float(fit_formula(formula, frame, df=None).random["variance"].iloc[-1])

    def fitted(logarithm: float, df: Df | None = None) -> MixedModel:
        weights = 1 / (np.exp(logarithm) + sampling)
        weights = weights / weights.mean()
        return fit_formula(formula, frame, weights=weights, df=df)

    bounds = (np.log(start) - 5, np.log(start) + 2)
    best = minimize_scalar(
        lambda at: fitted(at).neg2loglik, bounds=bounds, method="bounded", options={"xatol": 0.05}
    )
    return fitted(float(best.x), "containment")


def standard_errors(fit: Any) -> np.ndarray:
    """(terms,) errors of a fit by statsmodels; nan where its clustered variance is negative.

    By two factors, a variance is a difference, which few clusters may make negative.
    """
    variances = np.diag(fit.cov_params())
    return np.asarray(np.sqrt(np.where(variances > 0, variances, np.nan)))


def _clustered(*by: str) -> Variant:
    """OLS, errors clustered by one or two factors; df of t: the fewest clusters less 1."""

    def rows(fit: HeadlineFit) -> list[Row]:
        model, frame = fit.main, fit.main.data
        clusters = min(frame[name].nunique() for name in by)
        if clusters < 2:
            raise InputError(f"one {' or '.join(by)} only: no clusters to compare")
        design_matrix, names = fixed_design(model.formula, frame)
        codes = np.column_stack([pd.factorize(frame[name])[0] for name in by])
        ols = OLS(frame[parse(model.formula).response].to_numpy(), design_matrix).fit(
            cov_type="cluster", cov_kwds={"groups": codes if len(by) > 1 else codes[:, 0]}
        )
        errors = standard_errors(ols)
        half = stats.t.ppf(0.975, clusters - 1) * errors
        return [
            {
                "level": part,
                "estimate": ols.params[at],
                "se": errors[at],
                "low": ols.params[at] - half[at],
                "high": ols.params[at] + half[at],
                "rows": len(frame),
                "notes": "" if errors[at] > 0 else "its clustered variance is negative",
            }
            for at, part in enumerate(names)
            if part in PARTS
        ]

    return rows


def _left_out(fit: HeadlineFit) -> Iterator[tuple[str, Variant]]:
    """The fit without each group in turn, of every axis that has three or more."""
    rows = analysed(fit.cells, fit.wanted.outcome)
    for axis in LEFT_OUT:
        groups = rows.groupby(axis)["language"].nunique()
        if len(groups) > 2:
            # A family of one language is left out with it.
            large = groups.index[groups > 1] if axis == "family" else groups.index
            yield from ((f"without {group}", _without(axis, group)) for group in large)


def _without(axis: str, group: str) -> Variant:
    def rows(fit: HeadlineFit) -> list[Row]:
        fewer = replace(fit, cells=fit.cells[fit.cells[axis] != group])
        return _slopes(_fitted(*fewer.data()))

    return rows


VARIANTS: dict[str, Variant] = {
    MAIN_FIT: lambda fit: _slopes(fit.main),
    "without controls": _without_controls,
    "chance-corrected": _corrected,
    "relative gap": _instead_of_gap("relative_gap"),
    "logit gap": _instead_of_gap("logit_gap"),
    "with diverged runs": _mixed(keeping=["diverged"]),
    "with runs that did not learn": _mixed(keeping=["not_learnt"]),
    "without cells at or below chance": _above_chance,
    "median over seeds": _mixed(seeds="median"),
    "every seed": _every_seed,
    "weighted by test size": _weighted,
    "OLS, clustered by language": _clustered("language"),
    "OLS, clustered by target": _clustered("target"),
    "OLS, clustered by language and target": _clustered("language", "target"),
}
MAIN_UNIT, CORRECTED = "of the main fit", "of the main fit, chance-corrected"
UNITS = {"chance-corrected": CORRECTED, "relative gap": "percent", "logit gap": "logits"}
