r"""Slopes of the outcome on every measure of similarity, and what each adds.

The default model of the gap of intermediate $i$, target $t$, language $l$ (config: degradation):

$$\mathrm{gap}_{itl} = \beta_0 + \beta_1 \mathrm{trained}_i + \beta_w w_{itl}
  + \beta_t b_{tl} + \beta_l b_l + \gamma^\top \mathrm{controls}_{itl}
  + u_l + u_t + u_i + u_{it} + u_{lt} + (v_l + v_t)\, w_{itl} + \varepsilon_{itl}$$

with the parts of similarity of `xstilts.degradation.model_frame`, one measure at a time. A negative
slope means that similarity goes with a smaller loss.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from mixedlm import R2NakagawaResult, r2_nakagawa

from xstilts.degradation.cross_check import statsmodels_difference
from xstilts.degradation.diagnostics import DIAGNOSTICS, diagnosed
from xstilts.degradation.formulas import (
    PARTS,
    Specification,
    absent,
    common_random,
    of_columns,
    parse,
    without,
    without_fixed,
)
from xstilts.degradation.hypothesis_tests import (
    adjusted,
    by_likelihood,
    compare,
    permuted_intermediates,
    permuted_languages,
)
from xstilts.degradation.mixed_model import MixedModel, fit_formula, records
from xstilts.degradation.model_frame import design
from xstilts.degradation.outcomes import CELLS, analysed, seed_means
from xstilts.errors import InputError
from xstilts.io.tables import read_table, rows_table, schema, write_csv, write_table
from xstilts.similarity.measures import measures
from xstilts.similarity.table import read_default_layer

logger = logging.getLogger(__name__)

TRUTH = "planted"
Row = dict[str, Any]

EFFECTS = schema(
    ("model", pa.string(), "Encoder."),
    ("measure", pa.string(), "Similarity measure; `planted` is the embedded world's truth."),
    ("level", pa.string(), "The part of similarity: within, between_targets, between_languages."),
    ("outcome", pa.string(), "What the slope is of."),
    ("estimate", pa.float64(), "Points of outcome per standard deviation of that part."),
    ("se", pa.float64(), "Standard error."),
    ("df", pa.float64(), "Satterthwaite's degrees of freedom."),
    ("low", pa.float64(), "Lower end of the 95% interval."),
    ("high", pa.float64(), "Upper end of the 95% interval."),
    ("p", pa.float64(), "Two-sided p-value."),
    ("p_family", pa.float64(), "The same for the parts of this measure at once, by Holm."),
    ("p_holm", pa.float64(), "The same for all measures and levels at once, by Holm."),
    ("p_bh", pa.float64(), "The same, by Benjamini and Hochberg."),
    (
        "p_permutation",
        pa.float64(),
        "p-value of permuted similarity: of no relation (within: in no target); else empty.",
    ),
    ("chi2", pa.float64(), "Likelihood-ratio statistic of the part, its random slopes kept."),
    ("p_lrt", pa.float64(), "Its p-value."),
    ("chi2_all", pa.float64(), "That of all parts and their slopes: the model without similarity."),
    ("df_all", pa.int32(), "Its degrees of freedom."),
    ("p_all", pa.float64(), "Its p-value; conservative, as variances are tested too."),
    ("part_r2", pa.float64(), "Share of the variance that the fixed effects lose without it."),
    ("r2_marginal", pa.float64(), "Share of the variance of all fixed effects."),
    ("r2_conditional", pa.float64(), "Share of the variance of fixed and random effects."),
    ("rows", pa.int32(), "Rows fitted: (intermediate, target, language), means over seeds."),
    ("missing", pa.int32(), "Rows left out, as the measure has no value there."),
    ("languages", pa.int32(), "Languages fitted."),
    ("targets", pa.int32(), "Targets fitted."),
    ("intermediates", pa.int32(), "Intermediates fitted."),
    ("singular", pa.bool_(), "Whether a variance was estimated as zero."),
    ("converged", pa.bool_(), "Whether the optimiser converged."),
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
NESTED = schema(
    ("model", pa.string(), "Encoder."),
    ("step", pa.string(), "Step of the formula, with all before it."),
    ("formula", pa.string(), "What was fitted, by maximum likelihood."),
    ("neg2loglik", pa.float64(), "-2 log-likelihood."),
    ("parameters", pa.int32(), "Fixed effects, variances and correlations."),
    ("aic", pa.float64(), "Akaike's criterion."),
    ("chi2", pa.float64(), "Likelihood-ratio statistic against the step before."),
    ("df", pa.int32(), "Its degrees of freedom."),
    ("p", pa.float64(), "Its p-value; conservative where a variance is tested."),
    ("r2_marginal", pa.float64(), "Share of the variance of the fixed effects."),
    ("r2_conditional", pa.float64(), "Share of the variance of fixed and random effects."),
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
    """
    specification = Specification(**degradation)
    scored = read_table(Path(cells), CELLS).to_pandas()
    tables = read_default_layer(similarity)
    fitted = [*fits(scored, tables, truth, headline, specification)]
    headlines = [each for each in fitted if each.measure == headline and each.rows]
    rows = [row for each in fitted for row in each.rows]
    write_table(Path(effects), rows_table(with_multiplicity(rows), EFFECTS), EFFECTS)
    steps = [
        row for each in headlines for row in _of_model(each.model, nested_rows, each, specification)
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
        yield fit_formula(of_columns(specification.formula, frame.columns), frame)
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
    """A measure's rows of the effects, and the data behind them."""

    model: str
    measure: str
    frame: pd.DataFrame
    rows: list[Row]


def fits(
    cells: pd.DataFrame,
    tables: pd.DataFrame,
    truth: list[str],
    headline: str,
    specification: Specification,
) -> Iterator[Fitted]:
    """Every measure of every model, then the world's truth."""
    outcomes = seed_means(analysed(cells, specification.outcome), specification.outcome)
    for (model, measure), similarity in tables.groupby(["model", "measure"]):
        mine = outcomes[outcomes["model"] == model]
        yield _fitted(mine, tables, similarity, specification, check=measure == headline)
    for path in truth if specification.outcome == "gap" else []:  # only gaps have a known truth
        planted = read_table(Path(path)).to_pandas()
        similarity = planted.dropna(subset="similarity").assign(measure=TRUTH)
        if len(similarity):  # of trained intermediates
            yield _fitted(planted.drop(columns="similarity"), tables, similarity, specification)


def _fitted(
    outcomes: pd.DataFrame,
    tables: pd.DataFrame,
    similarity: pd.DataFrame,
    specification: Specification,
    check: bool = False,
) -> Fitted:
    """The fit; without rows, and with a line in the log, where the cells are too few."""
    model, measure = similarity.iloc[0][["model", "measure"]]
    others = tables[(tables["model"] == model) & (tables["measure"] != measure)]
    frame = design(outcomes, similarity, others, specification.formula)
    try:
        rows = effects_of(frame, specification, check, measure)
    except InputError as error:
        logger.warning("%s, %s: %s", model, measure, error)
        rows = []
    common = {"model": model, "measure": measure, "missing": len(outcomes) - len(frame)}
    return Fitted(model, measure, frame, [{**common, **row} for row in rows])


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


def effects_of(
    frame: pd.DataFrame, specification: Specification, check: bool = False, tested: str = ""
) -> list[Row]:
    """One row of the effects per part of similarity that varies in the frame.

    With `check`, statsmodels fits the model as well. A measure that is `tested` is no control.

    Raises:
        InputError: there is nothing to fit.
        CrossCheckError: statsmodels finds another optimum.
    """
    if frame.empty:
        raise InputError("no cell has a value of similarity and an outcome: nothing to fit")
    lacking = absent(specification.formula, frame.columns)
    formula = without(specification.formula, lacking)
    model = fit_formula(formula, frame)
    present = [part for part in PARTS if part in set(model.fixed["term"])]
    if not present:
        raise InputError("similarity is the same in every cell: there is nothing to fit")
    common = {
        "outcome": specification.outcome,
        **_sizes(model),
        "absent": ", ".join(name for name in lacking if name != tested),
        "dropped": ", ".join(model.dropped),
        "notes": "; ".join(model.notes),
        "statsmodels_difference": statsmodels_difference(model) if check else None,
    }
    full = by_likelihood(model.formula, model.data)
    shares, bare = r2_nakagawa(full.result), by_likelihood(without(full.formula, PARTS), full.data)
    common |= {"r2_marginal": shares.marginal, "r2_conditional": shares.conditional}
    common |= {f"{name}_all": value for name, value in compare(full, bare)._asdict().items()}
    return [
        {
            "level": part,
            **model.estimate(part),
            **_added(full, shares, part),
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


def _added(full: MixedModel, shares: R2NakagawaResult, part: str) -> Row:
    """What one part of similarity adds to the model."""
    reduced = by_likelihood(without_fixed(full.formula, part), full.data)
    test = compare(full, reduced)
    gained = shares.variance_fixed - r2_nakagawa(reduced.result).variance_fixed
    total = shares.variance_fixed + shares.variance_random + shares.variance_residual
    return {"chi2": test.chi2, "p_lrt": test.p, "part_r2": gained / total}


def permutation_p(
    rows: pd.DataFrame, outcome: str, part: str, terms: Iterable[str]
) -> float | None:
    """p-value of the part's permutation; none between targets, as their languages differ.

    `terms` are the model's fixed terms; the facts of languages among them are controlled for.
    """
    if part == "between_languages":
        facts = {name for name, measure in measures().items() if measure.level != "task"}
        controls = [name for name in terms if name in facts]
        return permuted_languages(rows, outcome, part, controls)
    if part == "within":
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
    bare = fit_formula(of_columns(specification.without_similarity, full.data.columns), full.data)
    keys = ["group", "term"]
    before = bare.random[[*keys, "variance"]].rename(columns={"variance": "without"})
    joined = full.random.merge(before, on=keys, how="left")
    return records(joined[[*keys, "sd", "variance", "without"]])


def nested_rows(fitted: Fitted, specification: Specification) -> list[Row]:
    """The steps of the formula, each compared with the one before."""
    frame = fitted.frame
    whole = parse(by_likelihood(of_columns(specification.formula, frame.columns), frame).formula)
    rows: list[Row] = []
    before: MixedModel | None = None
    for step, formula in specification.nested():
        # Terms that the whole model cannot hold are in no step, so that the steps are nested.
        estimable = common_random(of_columns(formula, frame.columns), whole)
        model = by_likelihood(estimable, frame)
        shares = r2_nakagawa(model.result)
        row = {
            "step": step,
            "formula": model.formula,
            "neg2loglik": model.neg2loglik,
            "parameters": model.parameters,
            "aic": model.neg2loglik + 2 * model.parameters,
            "r2_marginal": shares.marginal,
            "r2_conditional": shares.conditional,
        }
        test = compare(model, before) if before else None
        rows.append({**row, **(test._asdict() if test and test.df > 0 else {})})
        before = model
    return rows
