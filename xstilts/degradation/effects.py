r"""Slopes of the outcome on every measure of similarity, and what each explains.

The default model of the gap of intermediate $i$, target $t$, language $l$ (config: degradation):

$$\mathrm{gap}_{itl} = \beta_0 + \beta_1 \mathrm{trained}_i + \gamma^\top \mathrm{controls}_{itl}
  + u_l + u_t + u_i + u_{tl} + u_{it} + u_{il} + u_{f(l)}
  + \sum_p (\beta_p + v_{pi} + v_{pt} + v_{pl})\, s^p_{itl} + \varepsilon_{itl}$$

with the parts $s^p$ of similarity of `xstilts.degradation.parts`, one measure at a time, and the
family $f(l)$ of a language. A part has no slope by an axis that alone makes it up. A negative slope
means that similarity goes with a smaller loss.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from mixedlm import r2_nakagawa
from threadpoolctl import threadpool_limits

from xstilts.degradation.cross_check import statsmodels_difference
from xstilts.degradation.diagnostics import DIAGNOSTICS, diagnosed
from xstilts.degradation.formulas import (
    Specification,
    absent,
    of_columns,
)
from xstilts.degradation.hypothesis_tests import (
    adjusted,
    permuted_intermediates,
    permuted_languages,
)
from xstilts.degradation.mixed_model import MixedModel, fit_formula, records
from xstilts.degradation.model_frame import design, over_grid
from xstilts.degradation.narrow_inference import slopes_of_these
from xstilts.degradation.nested_steps import NESTED, nested_rows
from xstilts.degradation.outcomes import CELLS, analysed, seed_means
from xstilts.degradation.parts import PARTS, parts_of
from xstilts.degradation.reliability import corrected, error_shares
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv, write_table
from xstilts.languages import FACTORS
from xstilts.recipes import NONE
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

logger = logging.getLogger(__name__)

TRUTH = "planted"
Row = dict[str, Any]

EFFECTS = schema(
    ("model", pa.string(), "Encoder."),
    ("measure", pa.string(), "Similarity measure; `planted` is the embedded world's truth."),
    ("level", pa.string(), "The part of similarity (`xstilts.degradation.parts`)."),
    ("outcome", pa.string(), "What the slope is of."),
    ("estimate", pa.float64(), "Points of outcome per standard deviation of that part."),
    ("se", pa.float64(), "Standard error."),
    ("df", pa.float64(), "Degrees of freedom, by containment."),
    ("low", pa.float64(), "Lower end of the 95% interval."),
    ("high", pa.float64(), "Upper end of the 95% interval."),
    ("these", pa.float64(), "The slope if no other groups than those of the run had slopes."),
    ("these_low", pa.float64(), "Lower end of its 95% interval."),
    ("these_high", pa.float64(), "Upper end of its 95% interval."),
    (
        "reliability",
        pa.float64(),
        "Of the part, beside the other predictors; empty where the measure has no resamples.",
    ),
    ("corrected", pa.float64(), "The estimate without the measure's error; empty below 0.2."),
    ("corrected_low", pa.float64(), "Lower end of its 95% interval."),
    ("corrected_high", pa.float64(), "Upper end of its 95% interval."),
    ("p", pa.float64(), "Two-sided p-value."),
    ("p_family", pa.float64(), "The same for the parts of this measure at once, by Holm."),
    ("p_holm", pa.float64(), "The same for all measures and parts at once, by Holm."),
    ("p_bh", pa.float64(), "The same, by Benjamini and Hochberg."),
    (
        "p_permutation",
        pa.float64(),
        "p-value of permuted similarity: by_language, of no relation; by_intermediate_target, of "
        "none in any target; else empty.",
    ),
    ("explained", pa.float64(), "Share of the outcome's own part that the slope explains."),
    ("explained_low", pa.float64(), "The same at the end of the interval nearest to 0."),
    ("explained_high", pa.float64(), "The same at its other end; at most 1."),
    ("r2_marginal", pa.float64(), "Share of the variance of all fixed effects."),
    ("r2_conditional", pa.float64(), "Share of the variance of fixed and random effects."),
    ("rows", pa.int32(), "Rows fitted: (intermediate, target, language), means over seeds."),
    ("missing", pa.int32(), "Rows left out, as the measure has no value there."),
    ("languages", pa.int32(), "Languages fitted."),
    ("targets", pa.int32(), "Targets fitted."),
    ("intermediates", pa.int32(), "Intermediates fitted."),
    ("singular", pa.bool_(), "Whether a variance was estimated as zero."),
    ("converged", pa.bool_(), "Whether the optimiser converged."),
    ("controls", pa.string(), "Controls in the fit."),
    ("absent", pa.string(), "Controls without any value here."),
    ("dropped", pa.string(), "Terms that these data cannot hold."),
    ("notes", pa.string(), "Warnings of the fit."),
    ("neg2loglik", pa.float64(), "REML criterion."),
    ("statsmodels_difference", pa.float64(), "Less that of statsmodels; the headline's only."),
)
# Methods, columns, and over which tests: those of a measure, or all of an encoder.
CORRECTIONS = (
    ("holm", "p_family", ["model", "measure"]),
    ("holm", "p_holm", ["model"]),
    ("fdr_bh", "p_bh", ["model"]),
)
VARIANCES = schema(
    ("model", pa.string(), "Encoder."),
    ("group", pa.string(), "Grouping factor, or Residual."),
    ("term", pa.string(), "What varies between its groups: the intercept, or a slope."),
    ("sd", pa.float64(), "Standard deviation in points."),
    ("variance", pa.float64(), "Its square."),
    ("without", pa.float64(), "The variance in the model without similarity; empty for slopes."),
)
RANDOM_EFFECTS = schema(
    ("model", pa.string(), "Encoder."),
    ("group", pa.string(), "Grouping factor."),
    ("level", pa.string(), "Which group: a language, a target, an intermediate, or several."),
    ("term", pa.string(), "What varies between groups: the intercept, or a slope."),
    ("estimate", pa.float64(), "Its predicted deviation from the mean, in units of the outcome."),
    ("se", pa.float64(), "Conditional standard deviation of the prediction."),
)


def fit_degradation(
    *,
    cells: str,
    similarity: list[str],
    truth: list[str],
    headline: str,
    degradation: Mapping[str, Any],
    effects: str,
    variances: str,
    random_effects: str,
    nested: str,
    diagnostics: str,
    processes: int = 1,
) -> None:
    """Fit the model for every measure (and the world's truth) and write the tables.

    Args:
        cells: the cell table.
        similarity: similarity tables.
        truth: tables of the world's expected gaps.
        headline: the measure that variances and steps are written for.
        degradation: section of the config: outcome, formula (steps), groups.
        effects: table to write: one row per measure and part of similarity.
        variances: table to write: variances of random effects, with similarity and without.
        random_effects: table to write: the predicted effect of each group.
        nested: table to write: the steps of the formula.
        diagnostics: table to write: checks of the headline's residuals.
        processes: how many fit at once.
    """
    specification = Specification(**degradation)
    scored = read_table(Path(cells), CELLS).to_pandas()
    tables = read_default_layer(similarity)
    fitted = [*fits(scored, tables, truth, headline, specification, processes)]
    headlines = [each for each in fitted if each.measure == headline and each.rows]
    rows = [row for each in fitted for row in each.rows]
    write_table(Path(effects), rows_table(with_multiplicity(rows), EFFECTS), EFFECTS)
    steps = [
        row
        for each in headlines
        for row in _of_model(each.model, nested_rows, each.frame, each.formula, specification)
    ]
    write_csv(Path(nested), rows_table(steps, NESTED))
    runs = specification.of_runs
    by_seed = dict(model_frames(scored, tables, headline, runs, seeds=True))
    models = [(each.model, by_seed[each.model]) for each in headlines]
    mains = [(name, full) for name, frame in models for full in _main(name, frame, runs)]
    spreads = [row for name, full in mains for row in _of_model(name, variance_rows, full, runs)]
    write_table(Path(variances), rows_table(spreads, VARIANCES), VARIANCES)
    groups = [{"model": name, **row} for name, full in mains for row in full.groups]
    write_table(Path(random_effects), rows_table(groups, RANDOM_EFFECTS), RANDOM_EFFECTS)
    checks = [row for name, full in mains for row in _of_model(name, diagnosed, full)]
    write_csv(Path(diagnostics), rows_table(checks, DIAGNOSTICS))


def _main(model: str, frame: pd.DataFrame, specification: Specification) -> Iterator[MixedModel]:
    """The headline's model with seeds as rows, if there are enough cells."""
    try:
        yield fit_formula(of_columns(specification.formula, frame.columns), frame, df="containment")
    except InputError as error:
        logger.warning("%s: %s", model, error)


def _of_model(model: str, make: Callable[..., list[Row]], *given: Any) -> list[Row]:
    """Rows of a model; none, and a line in the log, where its cells are too few."""
    try:
        return [{"model": model, **row} for row in make(*given)]
    except InputError as error:
        logger.warning("%s: %s", model, error)
        return []


class Fitted(NamedTuple):
    """A measure's rows of the effects, the formula that was fitted, and the data behind them."""

    model: str
    measure: str
    frame: pd.DataFrame
    formula: str
    rows: list[Row]


def fits(
    cells: pd.DataFrame,
    tables: pd.DataFrame,
    truth: list[str],
    headline: str,
    specification: Specification,
    processes: int = 1,
) -> Iterator[Fitted]:
    """Every measure of every model, then the world's truth; several processes fit at once."""
    given = [*_given(cells, tables, truth, specification)]
    # One thread each: with more, processes get in each other's way.
    with ProcessPoolExecutor(processes, None, threadpool_limits, (1,)) as pool:
        yield from pool.map(partial(_fitted, specification, headline), given)


class Given(NamedTuple):
    """What a measure is fitted to.

    Attributes:
        model: name of the encoder.
        measure: name of the measure.
        frame: rows of the fit.
        missing: number of outcomes without a value of the measure.
        errors: error variance of its parts (`xstilts.degradation.reliability.error_shares`).
    """

    model: str
    measure: str
    frame: pd.DataFrame
    missing: int
    errors: Mapping[str, float]


def _given(
    cells: pd.DataFrame, tables: pd.DataFrame, truth: list[str], specification: Specification
) -> Iterator[Given]:
    """The data of every measure of every model, then those of the world's truth."""
    outcomes = seed_means(analysed(cells, specification.outcome), specification.outcome)
    for (model, measure), similarity in tables.groupby(["model", "measure"]):
        mine = outcomes[outcomes["model"] == model]
        others = tables[(tables["model"] == model) & (tables["measure"] != measure)]
        frame = design(mine, similarity, others, specification.formula)
        errors = error_shares(over_grid(similarity, frame), measures()[str(measure)].level)
        yield Given(str(model), str(measure), frame, len(mine) - len(frame), errors)
    for path in truth if specification.outcome == "gap" else []:  # only gaps have a known truth
        planted = read_table(Path(path)).to_pandas()
        similarity = planted.dropna(subset="similarity")
        if len(similarity):  # of trained intermediates
            model = str(planted["model"].iloc[0])
            known = cells[["language", *FACTORS]].drop_duplicates("language")
            mine = planted.drop(columns="similarity").merge(known, on="language", how="left")
            others = tables[tables["model"] == model]
            frame = design(mine, similarity, others, specification.formula)
            yield Given(model, TRUTH, frame, len(mine) - len(frame), {})


def _fitted(specification: Specification, headline: str, given: Given) -> Fitted:
    """The fit; without rows, and with a line in the log, where the cells are too few."""
    model, measure, frame, missing, errors = given
    try:
        fit = fit_similarity(frame, specification)
        rows = effects_of(fit, frame, specification, errors, measure == headline, tested=measure)
    except InputError as error:
        logger.warning("%s, %s: %s", model, measure, error)
        return Fitted(model, measure, frame, "", [])
    common = {"model": model, "measure": measure, "missing": missing}
    return Fitted(model, measure, frame, fit.formula, [{**common, **row} for row in rows])


def model_frames(
    cells: pd.DataFrame,
    tables: pd.DataFrame,
    measure: str,
    specification: Specification,
    seeds: bool = False,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of one measure's model by encoder, if there are any; `seeds` keeps runs apart."""
    runs = analysed(cells, specification.outcome)
    outcomes = runs if seeds else seed_means(runs, specification.outcome)
    for model, mine in tables.groupby("model"):
        similarity = mine[mine["measure"] == measure]
        others = mine[mine["measure"] != measure]
        rows = outcomes[outcomes["model"] == model]
        frame = design(rows, similarity, others, specification.formula)
        if len(frame):
            yield str(model), frame


def fit_similarity(frame: pd.DataFrame, specification: Specification) -> MixedModel:
    """The model of an outcome and the parts of similarity that vary in the frame.

    Raises:
        InputError: there is nothing to fit.
    """
    if frame.empty:
        raise InputError("no cell has a value of similarity and an outcome: nothing to fit")
    formula = of_columns(specification.formula, frame.columns)
    model = fit_formula(formula, frame, df="containment")
    if not {*PARTS} & {*model.fixed["term"]}:
        raise InputError("similarity is the same in every cell: there is nothing to fit")
    return model


def effects_of(
    model: MixedModel,
    frame: pd.DataFrame,
    specification: Specification,
    errors: Mapping[str, float] = MappingProxyType({}),
    check: bool = False,
    tested: str = "",
) -> list[Row]:
    """One row of the effects per part of similarity that was fitted.

    Of `errors`, the parts' error variances, slopes are corrected. With `check`, statsmodels fits
    the model as well. A measure that is `tested` is no control.

    Raises:
        CrossCheckError: statsmodels finds another optimum.
    """
    present = [part for part in PARTS if part in set(model.fixed["term"])]
    lacking = absent(specification.formula, frame.columns)
    common = {
        "outcome": specification.outcome,
        **_sizes(model),
        "controls": ", ".join(name for name in model.fixed["term"] if name in measures()),
        "absent": ", ".join(name for name in lacking if name != tested),
        "dropped": ", ".join(model.dropped),
        "notes": "; ".join(model.notes),
        "statsmodels_difference": statsmodels_difference(model) if check else None,
    }
    shares = r2_nakagawa(model.result)
    trained = model.data[model.data["intermediate"] != NONE]
    own = parts_of(trained, specification.outcome)
    these = slopes_of_these(model, present)
    common |= {"r2_marginal": shares.marginal, "r2_conditional": shares.conditional}
    return [
        {
            "level": part,
            **model.estimate(part),
            **these.get(part, {}),
            **corrected(model, part, errors.get(part)),
            **_explained(model.estimate(part), trained[part], own[part]),
            "p_permutation": permutation_p(
                model.data, specification.outcome, part, model.fixed["term"]
            ),
            **common,
        }
        for part in present
    ]


def _sizes(model: MixedModel) -> Row:
    return {
        "rows": model.n,
        **{f"{axis}s": model.data[axis].nunique() for axis in ("language", "target")},
        "intermediates": model.data["intermediate"].nunique(),
        "singular": model.singular,
        "converged": model.converged,
        "neg2loglik": model.neg2loglik,
    }


def _explained(slope: Mapping[str, float], similarity: pd.Series, outcome: pd.Series) -> Row:
    """How much of the outcome's own part the slope explains, with its interval's ends."""
    share = similarity.var() / outcome.var() if outcome.var() > 0 else float("nan")
    ends = sorted((abs(slope["low"]), abs(slope["high"])))
    least = 0.0 if slope["low"] <= 0 <= slope["high"] else ends[0]
    squares = {"explained": slope["estimate"], "explained_low": least, "explained_high": ends[1]}
    return {name: min(value**2 * share, 1.0) for name, value in squares.items()}


def permutation_p(
    rows: pd.DataFrame, outcome: str, part: str, terms: Iterable[str]
) -> float | None:
    """p-value of the part's permutation, for the two parts that have one.

    `terms` are the model's fixed terms; the facts of languages among them are controlled for.
    """
    if part == "by_language":
        facts = {name for name, measure in measures().items() if measure.level != "task"}
        controls = [name for name in terms if name in facts]
        return permuted_languages(rows, outcome, part, controls)
    if part == "by_intermediate_target":
        return permuted_intermediates(rows, outcome, part)
    return None


def with_multiplicity(rows: list[Row]) -> list[Row]:
    """The rows with p-values corrected over a measure and over all of a model; not the truth's."""
    frame = pd.DataFrame(rows, columns=["model", "measure", "p"])
    tested = frame[frame["measure"] != TRUTH]
    for method, name, by in CORRECTIONS:
        for _, family in tested.groupby(by):
            for at, value in zip(family.index, adjusted(family["p"], method), strict=True):
                rows[at] = {**rows[at], name: float(value)}
    return rows


def variance_rows(full: MixedModel, specification: Specification) -> list[Row]:
    """Variances with similarity in the model and without, by REML."""
    formula = of_columns(specification.without_similarity, full.data.columns)
    bare = fit_formula(formula, full.data, df=None)
    keys = ["group", "term"]
    before = bare.random[[*keys, "variance"]].rename(columns={"variance": "without"})
    joined = full.random.merge(before, on=keys, how="left")
    return records(joined[[*keys, "sd", "variance", "without"]])
