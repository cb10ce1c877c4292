r"""The degradation model: a linear mixed model of the transfer gap on similarity, split by level.

$$\mathrm{gap}_{itl} = \beta_0 + \beta_1 \mathrm{trained}_i
  + \beta_w w_{itl} + \beta_t b_{tl} + \beta_l b_l
  + u_l + u_t + u_i + u_{it} + u_{lt} + (v_l + v_t)\, w_{itl} + \varepsilon_{itl}$$

Similarity $s_{itl}$ is split as Mundlak (1978) does: $b_l$ the language's mean, $b_{tl}$ the mean
of the (target, language) less $b_l$, and $w_{itl}$ what is left: how much more similar this
intermediate is than the others are. Each is divided by its standard deviation, so a slope is in
points of gap per standard deviation; negative means that similarity goes with a smaller loss.
`none` has no similarity: $w = 0$ and $\mathrm{trained} = 0$.

Fitted by REML with `mixedlm`; 95% intervals by Satterthwaite's degrees of freedom; the headline
fit is refitted with `statsmodels`, and the difference of the two criteria is in the table.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from xstilts.degradation.effects import EFFECTS, LEVELS, TRUTH
from xstilts.degradation.outcomes import gaps
from xstilts.errors import InputError
from xstilts.measuring import read_similarity
from xstilts.recipes import NONE
from xstilts.similarity import Level
from xstilts.tables import read_table, rows_table, write_table

logger = logging.getLogger(__name__)

INTERCEPTS = {
    "language": ["language"],
    "target": ["target"],
    "intermediate": ["intermediate"],
    "intermediate_target": ["intermediate", "target"],
    "language_target": ["language", "target"],
}
SLOPES = ("language", "target")


def fit_degradation(
    *, cells: str, similarity: list[str], headline: str, truth: list[str], output: str
) -> None:
    """Fit the model for every measure (and the world's truth) and write the table of effects."""
    scored = gaps(read_table(Path(cells)).to_pandas())
    if scored.empty:
        logger.warning("no target was run in English and elsewhere: no gap, nothing to fit")
        write_table(Path(output), rows_table([], EFFECTS), EFFECTS)
        return
    tables = read_similarity(similarity)
    tables = tables[tables["own"]]
    rows: list[dict[str, Any]] = []
    for (model, measure), table in tables.groupby(["model", "measure"]):
        mine = scored[scored["model"] == model]
        frame = join(mine, table)
        found = _fit_or_say_why(frame, measure == headline, table["level"].iloc[0])
        common = {"model": model, "measure": measure, "missing": len(mine) - len(frame)}
        rows += [{**common, **row} for row in found]
    for path in truth:
        planted = read_table(Path(path)).to_pandas()
        rows += [
            {"model": planted["model"][0], "measure": TRUTH, "missing": 0, **row}
            for row in _fit_or_say_why(planted)
        ]
    write_table(Path(output), rows_table(rows, EFFECTS), EFFECTS)


def _fit_or_say_why(
    frame: pd.DataFrame, check: bool = False, level: Level = "cell"
) -> list[dict[str, Any]]:
    """The fit, or no rows and a line in the log where the cells of a part of a grid are too few."""
    try:
        return fit(frame, check, level)
    except InputError as error:
        logger.warning("%s", error)
        return []


def join(scored: pd.DataFrame, similarity: pd.DataFrame) -> pd.DataFrame:
    """Gaps with their similarity, which rows of `none` do not have.

    A (target, language) that lacks a value after some intermediate is left out whole, since its
    mean would not be that of the others.
    """
    keys = ["intermediate", "target", "language"]
    frame = scored.merge(similarity[[*keys, "similarity"]], on=keys, how="left")
    lacking = frame["similarity"].isna() & (frame["intermediate"] != NONE)
    pairs = lacking.groupby([frame["target"], frame["language"]]).transform("any")
    return frame[~pairs]


def split_similarity(frame: pd.DataFrame, level: Level = "cell") -> pd.DataFrame:
    """The frame with `trained` and the standardised parts `w`, `b_target` and `b_language`.

    A measure of tasks has no part between languages, though the targets of each may differ.
    """
    pair = frame.groupby(["target", "language"])["similarity"].transform("mean")
    by_language = frame.groupby("language")["similarity"].transform("mean")
    language = by_language if level != "task" else pair * 0 + pair.mean()
    parts = {
        "w": (frame["similarity"] - pair).fillna(0.0),
        "b_target": pair - language,
        "b_language": language - language.mean(),
    }
    return frame.assign(
        trained=(frame["intermediate"] != NONE).astype(float),
        **{name: _standardised(part) for name, part in parts.items()},
        **{name: frame[parts].agg("|".join, axis=1) for name, parts in INTERCEPTS.items()},
    )


def _standardised(part: pd.Series) -> pd.Series:
    """Divided by its standard deviation; exactly zero if it does not vary."""
    spread = part.std()
    return part / spread if spread > 1e-9 else part * 0.0


def fit(frame: pd.DataFrame, check: bool = False, level: Level = "cell") -> list[dict[str, Any]]:
    """One row a level that similarity varies on, from a frame of gaps and similarities.

    `level` is what the measure differs by, as it declares.
    """
    if frame.empty:
        raise InputError("no cell has a value of similarity: there is nothing to fit")
    data = split_similarity(frame, level)
    fixed, random, dropped = terms(data)
    present = [name for name in LEVELS if name in fixed]
    if not present:
        raise InputError("similarity is the same in every cell: there is nothing to fit")
    if not random:
        raise InputError("too few cells: one target in one language has no groups to compare")
    formula = " + ".join([f"gap ~ {' + '.join(fixed)}", *random])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = mixedlm.lmer(formula, data)
        freedom = mixedlm.satterthwaite_df(result)
    for warning in {str(warning.message) for warning in caught}:
        logger.warning("%s", warning)
    common = {
        "rows": len(data),
        "languages": data["language"].nunique(),
        "targets": data["target"].nunique(),
        "intermediates": data["intermediate"].nunique(),
        "singular": bool(result.isSingular()),
        "converged": bool(result.converged),
        "dropped": ", ".join(dropped),
        "neg2loglik": float(result.REMLcrit()),
        "statsmodels_difference": (
            float(result.REMLcrit()) - statsmodels_criterion(data, fixed, random) if check else None
        ),
    }
    estimates = dict(
        zip(freedom.param_names, zip(*_estimates(result, freedom.df), strict=True), strict=True)
    )
    return [{"level": LEVELS[name], **_inference(*estimates[name]), **common} for name in present]


def _estimates(result: Any, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    fixed = result.fixef()
    values = np.array(list(fixed.values()) if isinstance(fixed, Mapping) else fixed, dtype=float)
    return values, np.sqrt(np.diag(result.vcov())), freedom


def _inference(estimate: float, error: float, freedom: float) -> dict[str, float]:
    half = stats.t.ppf(0.975, freedom) * error
    return {
        "estimate": float(estimate),
        "se": float(error),
        "df": float(freedom),
        "low": float(estimate - half),
        "high": float(estimate + half),
        "p": float(2 * stats.t.sf(abs(estimate) / error, freedom)),
    }


def terms(data: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Fixed terms, random terms, and those dropped because these data cannot hold them.

    A fixed term must vary; a grouping factor needs two levels, fewer than rows, and must not be the
    same partition as one before it.
    """
    fixed = [name for name in ("trained", *LEVELS) if data[name].nunique() > 1]
    random, seen = [], []
    for name in INTERCEPTS:
        codes = tuple(pd.factorize(data[name])[0])
        if 1 < len(set(codes)) < len(data) and codes not in seen:
            random.append(f"(1|{name})")
            seen.append(codes)
    if "w" in fixed:
        random += [f"(0+w|{name})" for name in SLOPES if f"(1|{name})" in random]
    wanted = [
        *("trained", *LEVELS),
        *(f"(1|{name})" for name in INTERCEPTS),
        *(f"(0+w|{name})" for name in SLOPES),
    ]
    return fixed, random, [term for term in wanted if term not in (*fixed, *random)]


def statsmodels_criterion(data: pd.DataFrame, fixed: list[str], random: list[str]) -> float:
    """The REML criterion, -2 log-likelihood, of the same model in statsmodels."""
    parts = [term.strip("()").split("|") for term in random]
    components = {
        f"{name}_{'slope' if effect == '0+w' else 'intercept'}": (
            f"0+C({name}):w" if effect == "0+w" else f"0+C({name})"
        )
        for effect, name in parts
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its boundary warnings; `singular` says it
        model = MixedLM.from_formula(
            f"gap ~ {' + '.join(fixed)}",
            data,
            groups=np.ones(len(data)),
            re_formula="0",
            vc_formula=components,
            use_sparse=True,
        )
        # L-BFGS alone can stop units short of the optimum (5.6 on the demo); Powell first does not.
        return float(-2 * model.fit(method=["powell", "lbfgs"]).llf)
