"""Degrees of freedom by containment: every effect is tested on its own error term.

A random effect contains a fixed effect that its columns make up: a slope by group contains the
slope, and groups contain what is the same in all rows of a group. The fixed effect has the least
degrees of freedom of those that contain it: what their columns add to the rank of the fixed ones
and of the random ones that they make up as well, as pairs of target and language make up targets.
So a split-plot's analysis of variance has them. An effect that none contains has those of the
residual (SAS Institute, The MIXED Procedure: `ddfm=contain`). Variances that are estimated as zero
count as any: the degrees of freedom do not rise by luck, as Satterthwaite's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

DEPENDENT = 1e-9  # the rest of a standardised column that others make up


class RandomColumns(NamedTuple):
    """The columns of one random effect: a coefficient per group of what `values` holds.

    Attributes:
        groups: (rows,) number of each row's group.
        values: (rows,) what is multiplied by the group's coefficient; 1 for an intercept.
    """

    groups: np.ndarray
    values: np.ndarray

    @property
    def rank(self) -> int:
        """Groups in which there is something to multiply."""
        return int(np.count_nonzero(np.bincount(self.groups, self.values**2)))

    def removed_from(self, columns: np.ndarray) -> np.ndarray:
        """(rows, columns) what these columns do not make up."""
        squares = np.bincount(self.groups, self.values**2)
        left = np.empty_like(columns)
        for at, column in enumerate(columns.T):
            products = np.bincount(self.groups, self.values * column)
            slopes = np.divide(products, squares, out=np.zeros_like(products), where=squares > 0)
            left[:, at] = column - self.values * slopes[self.groups]
        return left

    def makes_up(self, other: RandomColumns) -> bool:
        """Whether another effect is of the same values in fewer groups, which these subdivide."""
        if other.rank >= self.rank or not np.array_equal(other.values, self.values):
            return False
        left = self.removed_from(_dummies(other))
        return bool((np.linalg.norm(left, axis=0) < DEPENDENT).all())


def contained_df(fixed: np.ndarray, random: Sequence[RandomColumns]) -> np.ndarray:
    """(columns,) degrees of freedom of each fixed column; at least 1.

    Args:
        fixed: (rows, columns) of the fixed effects, of full rank.
        random: every random effect.
    """
    columns = fixed / np.linalg.norm(fixed, axis=0)
    freedom = np.full(columns.shape[1], np.inf)
    for effect in random:
        left = effect.removed_from(columns)
        contained = np.linalg.norm(left, axis=0) < DEPENDENT
        if contained.any():
            coarser = [_dummies(other) for other in random if effect.makes_up(other)]
            added = effect.rank + _rank(left) - _rank(np.hstack([columns, *coarser]))
            freedom[contained] = np.minimum(freedom[contained], added)
    if np.isinf(freedom).any():
        whole = np.hstack([columns, *(_dummies(effect) for effect in random)])
        freedom[np.isinf(freedom)] = len(columns) - _rank(whole)
    return np.maximum(freedom, 1.0)


def _rank(columns: np.ndarray) -> int:
    """Rank by the eigenvalues of the products of the columns, which are few beside the rows."""
    values = np.linalg.eigvalsh(columns.T @ columns)
    return int((values > DEPENDENT).sum())


def _dummies(effect: RandomColumns) -> np.ndarray:
    """(rows, groups) the columns of a random effect, each of length 1."""
    columns = np.asarray(pd.get_dummies(effect.groups), dtype=float) * effect.values[:, None]
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=0), DEPENDENT))
