"""Predictors in units of their own spread, and estimates turned back into the user's units.

An optimiser takes for granted that variances are of a size near the residual's. Random slopes of
training-set sizes (10^6) or squared discrepancies (10^-3) lead it to a wrong optimum. So every
numeric predictor is divided by its standard deviation before the fit. One whose mean is many
standard deviations away from 0 is centred as well: else rounding hides it behind the intercept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula, VariableTerm

from xstilts.degradation.formulas import variables

ROUNDING = 1e-12  # a spread that is none, as a share of the largest value
FAR = 1e3  # from 0, in standard deviations: where the intercept alone would make up a predictor
POWER = re.compile(r"I\((.+)\*\*(\d+)\)")  # how a power is named among the terms


@dataclass(frozen=True)
class Units:
    """The unit of every numeric predictor of a formula, and where its scale begins.

    Attributes:
        scale: standard deviation of each, over the rows fitted; none of a constant.
        shift: mean of each that is centred. Those are fixed effects that are in no other term, so
            that centring them changes the intercept alone.
    """

    scale: Mapping[str, float]
    shift: Mapping[str, float]

    @classmethod
    def of(cls, formula: Formula, rows: pd.DataFrame) -> Units:
        """The units of a formula's predictors, from the rows that it is fitted to."""
        groups = {name for term in formula.random for name in term.grouping_factors}
        predictors = sorted(formula.all_variables - groups - {formula.response})
        numeric = [name for name in predictors if rows[name].dtype.kind in "iuf"]
        spread = rows[numeric].astype(float).std(ddof=0)
        noise = ROUNDING * rows[numeric].abs().max()
        scale = {name: float(spread[name]) for name in numeric if spread[name] > noise[name]}
        slopes = [effect for term in formula.random for effect in term.expr]
        joint = [term for term in formula.fixed.terms if not isinstance(term, VariableTerm)]
        elsewhere = {name for term in (*slopes, *joint) for name in variables(term)}
        alone = {*scale} - elsewhere if formula.fixed.has_intercept else set[str]()
        means = {name: float(rows[name].mean()) for name in sorted(alone)}
        far = {name: mean for name, mean in means.items() if abs(mean) > FAR * scale[name]}
        return cls(scale=scale, shift=far)

    def standardised(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with every predictor in its unit."""
        columns = {
            name: (rows[name].astype(float) - self.shift.get(name, 0.0)) / unit
            for name, unit in self.scale.items()
            if name in rows  # predictions need no predictor that the fit dropped
        }
        return rows.assign(**columns)

    def of_term(self, name: str) -> float:
        """The unit of a term, by its name: `x`, `x:z`, `I(x**2)`, `c[b]:x`; 1 for an intercept."""
        unit = 1.0
        for part in name.split(":"):
            power = POWER.fullmatch(part)
            column, exponent = (power[1], int(power[2])) if power else (part, 1)
            unit *= self.scale.get(column, 1.0) ** exponent
        return unit

    def of_terms(self, names: Sequence[str]) -> np.ndarray:
        """(terms,) the unit of each."""
        return np.array([self.of_term(name) for name in names])

    def turned_back(self, names: Sequence[str], intercept: str) -> np.ndarray:
        """(terms, terms) matrix that turns fixed effects of standardised rows into the user's."""
        units = self.of_terms(names)
        matrix = np.diag(1 / units)
        if intercept in names:
            for at, name in enumerate(names):
                matrix[names.index(intercept), at] -= self.shift.get(name, 0.0) / units[at]
        return matrix
