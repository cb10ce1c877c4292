"""Formulas in Wilkinson notation: read, shortened, and joined from the config's steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mixedlm.formula.parser import parse_formula
from mixedlm.formula.terms import Formula

from xstilts.degradation.parts import AXES, PARTS, TRAINED
from xstilts.errors import InputError, check_name, one_line
from xstilts.languages import FACTORS
from xstilts.similarity.measures import measures

RUN = "(1 | intermediate:target:seed)"  # the random effect of one training, where seeds are rows


@dataclass(frozen=True)
class Specification:
    """The model that is fitted.

    Attributes:
        outcome: a column of the cells (`xstilts.degradation.outcomes`).
        steps: terms in Wilkinson notation by the name of the step; each adds to those before it.
        groups: random intercepts, which every step has.
    """

    outcome: str
    steps: Mapping[str, str]
    groups: str

    @property
    def formula(self) -> Formula:
        """All steps."""
        return self._joined(self.steps.values())

    @property
    def of_runs(self) -> Specification:
        """The same with seeds as rows, and a random effect of the run."""
        return replace(self, groups=f"{self.groups} + {RUN}")

    @property
    def without_similarity(self) -> Formula:
        """All steps, less the terms that a part of similarity is in."""
        return without(self.formula, PARTS)

    def nested(self) -> Iterator[tuple[str, Formula]]:
        """Every step with its formula."""
        names = list(self.steps)
        for at, name in enumerate(names, start=1):
            yield name, self._joined(self.steps[each] for each in names[:at])

    def check(self, place: str) -> None:
        """Raise an InputError for a step that is no formula, or names no column."""
        for name, terms in {**self.steps, "groups": self.groups}.items():
            where = f"{place}: groups" if name == "groups" else f"{place}: steps: {name}"
            try:
                formula = parse(f"{self.outcome} ~ {terms}")
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            for variable in sorted(formula.all_variables - {self.outcome}):
                columns = (*AXES, *FACTORS, TRAINED, *PARTS, *measures())
                check_name("name", variable, columns, where)

    def _joined(self, terms: Iterable[str]) -> Formula:
        return parse(f"{self.outcome} ~ {' + '.join([*terms, self.groups])}")


def parse(formula: str | Formula) -> Formula:
    """The parts of a formula.

    Raises:
        InputError: it is not in Wilkinson notation as lme4 has it.
    """
    if isinstance(formula, Formula):
        return formula
    try:
        return parse_formula(formula)
    except ValueError as error:
        raise InputError(
            f"formula '{formula}': {one_line(error)}; "
            "write it as y ~ x + (1 | group) + (0 + x | group)"
        ) from error


def without(formula: str | Formula, names: Iterable[str]) -> Formula:
    """The formula less every fixed or random term that contains one of the variables."""
    parsed, gone = parse(formula), set(names)
    fixed = tuple(term for term in parsed.fixed.terms if not variables(term) & gone)
    random = tuple(
        replace(term, expr=tuple(each for each in term.expr if not variables(each) & gone))
        for term in parsed.random
        if not set(term.grouping_factors) & gone
    )
    nonempty = tuple(term for term in random if term.has_intercept or term.expr)
    return replace(parsed, fixed=replace(parsed.fixed, terms=fixed), random=nonempty)


def common_random(formula: Formula, other: Formula) -> Formula:
    """The formula with only the random terms that another formula has as well."""
    return replace(formula, random=tuple(term for term in formula.random if term in other.random))


def absent(formula: Formula, columns: Iterable[str]) -> list[str]:
    """The formula's controls (measures) that have no column."""
    return sorted(formula.all_variables & set(measures()) - set(columns))


def of_columns(formula: Formula, columns: Iterable[str]) -> Formula:
    """The formula without the controls and the parts of similarity that have no column."""
    return without(formula, {*measures(), *PARTS} - {*columns})


def variables(term: Any) -> set[str]:
    """Names of the columns that a term is made of."""
    if hasattr(term, "source_variables"):
        return set(term.source_variables)
    return {term.name} if hasattr(term, "name") else set()
