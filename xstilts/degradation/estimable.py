"""The terms of a formula that some rows can hold.

The rule, in the formula's order:

1. A fixed term stays if it varies, and the fixed terms before it do not make it up.
2. A random effect stays if it has two groups or more (a slope: three, as two say nothing of how
   slopes vary), not every row is a group, its predictor varies, no earlier term has the same, and
   the fixed effects do not make up every group's coefficient.
3. While the rows are no more than the fixed and random effects, the last slope goes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import mixedlm
import numpy as np
import pandas as pd
from mixedlm.formula.terms import Formula, RandomTerm, format_term

from xstilts.degradation.containment import DEPENDENT, RandomColumns
from xstilts.degradation.formulas import parse, variables
from xstilts.errors import InputError

TINY = 1e-300  # a length that can be divided by
FEWEST_SLOPES = 3  # groups


def estimable(
    parsed: Formula, rows: pd.DataFrame
) -> tuple[Formula, list[str], list[tuple[str, ...]]]:
    """The formula without what the rows cannot hold, those terms in words, and known factors.

    A factor is known if every group of it has a coefficient in the fixed effects.
    """
    if not parsed.random:
        raise InputError(f"formula '{parsed}': no random effect; add one, such as (1 | language)")
    if parsed.response in parsed.fixed_variables:
        raise InputError(f"formula '{parsed}': {parsed.response} stands on both sides")
    fixed = replace(parsed.fixed, terms=_independent(parsed, rows))
    dropped = [format_term(term) for term in parsed.fixed.terms if term not in fixed.terms]
    span = fixed_design(replace(parsed, fixed=fixed), rows)[0]
    random, seen, known_factors = [], set[tuple[Any, ...]](), []
    for term in parsed.random:
        codes = group_codes(term, rows)
        if 1 < codes.max() + 1 < len(rows) and _spanned(None, codes, rows, span):
            known_factors.append(term.grouping_factors)
        separable, words = _separate(term, codes, rows, span, seen)
        random += separable
        dropped += words
    slopes = [term for term in random if not term.has_intercept]
    while slopes and len(rows) <= span.shape[1] + len(random) + 1:
        random.remove(slopes[-1])
        dropped.append(random_words(slopes.pop()))
    if not random:
        groups_named = ", ".join(random_words(term) for term in parsed.random)
        raise InputError(
            f"formula '{parsed}': too few cells: no grouping factor ({groups_named}) has several "
            f"levels with several of the {len(rows)} rows each"
        )
    if len(rows) <= span.shape[1] + len(random) + 1:
        raise InputError(
            f"formula '{parsed}': too few cells: {len(rows)} rows for {span.shape[1]} fixed and "
            f"{len(random)} random effects"
        )
    return replace(parsed, fixed=fixed, random=tuple(random)), dropped, known_factors


def fixed_design(formula: str | Formula, data: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """(rows, columns) matrix of the fixed effects, and the names of its columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about few groups; the fit reports them
        matrices = mixedlm.lFormula(replace(parse(formula), random=()), data).matrices
    return np.asarray(matrices.X), readable_names(matrices)


def constant_within(rows: pd.DataFrame, factor: tuple[str, ...], terms: Iterable[str]) -> list[str]:
    """The terms that are columns and do not vary within the groups of a factor."""
    groups = rows.groupby(list(factor), sort=False)
    return [
        term for term in terms if term in rows and (groups[term].nunique(dropna=False) == 1).all()
    ]


def random_columns(formula: Formula, rows: pd.DataFrame) -> Iterator[RandomColumns]:
    """The columns of every random effect of a formula."""
    for term in formula.random:
        codes = group_codes(term, rows)
        if term.has_intercept:
            yield RandomColumns(codes, np.ones(len(rows)))
        for effect in term.expr:
            alone = replace(formula.fixed, terms=(effect,), has_intercept=False)
            columns = fixed_design(replace(formula, fixed=alone), rows)[0]
            yield from (RandomColumns(codes, column) for column in columns.T)


def group_codes(term: RandomTerm, data: pd.DataFrame) -> np.ndarray:
    """(rows,) number of each row's group."""
    return np.asarray(data.groupby(list(term.grouping_factors), sort=False, dropna=False).ngroup())


def readable_names(matrices: Any) -> list[str]:
    """Names of the fixed columns; `target.1` says which level it stands for: `target[xnli]`."""
    readable = {
        f"{name}.{at}": f"{name}[{level}]"
        for name, levels in matrices.category_levels.items()
        for at, level in enumerate(levels)
    }
    return [
        ":".join(readable.get(part, part) for part in name.split(":"))
        for name in matrices.fixed_names
    ]


def _separate(
    term: RandomTerm,
    codes: np.ndarray,
    rows: pd.DataFrame,
    span: np.ndarray,
    seen: set[tuple[Any, ...]],
) -> tuple[list[RandomTerm], list[str]]:
    """A random term without the effects that cannot be told apart, and these in words.

    Such an effect does not vary, is in `seen` for the same groups, or is made up by the fixed
    effects for every group, so that the criterion does not depend on it.
    """
    groups = int(codes.max()) + 1
    partition = tuple(pd.factorize(codes)[0])
    separable, inseparable = [], []
    for effect in [*([None] if term.has_intercept else []), *term.expr]:
        names = [] if effect is None else variables(effect)
        fewest = 2 if effect is None else FEWEST_SLOPES
        enough = fewest <= groups < len(rows) and all(rows[name].nunique() > 1 for name in names)
        key = (partition, effect and format_term(effect))
        if enough and key not in seen and not _spanned(effect, codes, rows, span):
            separable.append(effect)
            seen.add(key)
        else:
            inseparable.append(effect)
    words = [random_words(_of_effects(term, [effect])) for effect in inseparable]
    return ([_of_effects(term, separable)] if separable else []), words


def _of_effects(term: RandomTerm, effects: list[Any]) -> RandomTerm:
    """The term with some of its effects; None is the intercept."""
    slopes = tuple(effect for effect in effects if effect is not None)
    return replace(term, expr=slopes, has_intercept=None in effects)


def _spanned(effect: Any, codes: np.ndarray, rows: pd.DataFrame, span: np.ndarray) -> bool:
    """Whether fixed effects make up every group's coefficient, as `trained` does of two recipes."""
    groups = int(codes.max()) + 1
    if groups > span.shape[1] or any(
        not pd.api.types.is_numeric_dtype(rows[name]) for name in variables(effect)
    ):
        return False
    values = np.prod([rows[name] for name in sorted(variables(effect))], axis=0)
    columns = (codes[:, None] == np.arange(groups)) * np.reshape(values, (-1, 1))
    basis = np.linalg.qr(span / np.maximum(np.linalg.norm(span, axis=0), TINY))[0]
    left = np.linalg.norm(columns - basis @ (basis.T @ columns), axis=0)
    return bool((left < DEPENDENT * np.maximum(np.linalg.norm(columns, axis=0), TINY)).all())


def _independent(parsed: Formula, rows: pd.DataFrame) -> tuple[Any, ...]:
    """The fixed terms with a column that the terms before them do not make up."""
    independent: list[Any] = []
    basis = np.ones((len(rows), 1)) / np.sqrt(len(rows)) if parsed.fixed.has_intercept else None
    for term in parsed.fixed.terms:
        alone = replace(parsed, fixed=replace(parsed.fixed, terms=(*independent, term)))
        columns, _ = fixed_design(alone, rows)
        scaled = columns / np.maximum(np.linalg.norm(columns, axis=0), TINY)
        left = scaled if basis is None else scaled - basis @ (basis.T @ scaled)
        if np.linalg.norm(left, axis=0).max() > DEPENDENT:
            independent.append(term)
            basis = np.linalg.qr(scaled)[0]
    return tuple(independent)


def random_words(term: RandomTerm) -> str:
    """A random term as lme4 writes it."""
    bar = "|" if term.correlated else "||"
    effects = [*(["1"] if term.has_intercept else ["0"]), *map(format_term, term.expr)]
    return f"({' + '.join(effects)} {bar} {':'.join(term.grouping_factors)})"
