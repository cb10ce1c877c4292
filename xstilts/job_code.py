"""Which code a job depends on: the digest that its rule passes, so that an edit reruns the job.

A rule names its script, and the script its function; the rest follows from what that function
reaches (`xstilts.io.code`). What is found by its name counts only for the job's own tasks and
measures: the module of a task's kind, and those facts of a task or measure that the code reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from inspect import getmembers_static
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from xstilts.io.code import code_digest, function_meaning, reached_code, reached_members
from xstilts.io.hashing import digest
from xstilts.similarity.measures import measures
from xstilts.tasks import tasks

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
PASSED = {"languages"}  # a fact that rules pass: those of the job
REGISTRIES: tuple[Callable[[], Mapping[str, Any]], ...] = (tasks, measures)


def script_function(script: str) -> str:
    """The `module:name` that a script of the workflow runs."""
    source = (SCRIPTS / f"{script}.py").read_text(encoding="utf-8")
    return str(re.findall(r'"(xstilts[\w.]*:\w+)"', source)[0])


def job_functions(script: str, task_names: tuple[str, ...]) -> tuple[str, ...]:
    """What a script's jobs run: its function, and the modules of the kinds of their tasks."""
    function = script_function(script)
    if ("xstilts.kinds", "kind_of") not in reached_code((function,)):
        return (function,)
    return (function, *sorted({f"xstilts.kinds.{tasks()[name].kind}" for name in task_names}))


@cache
def job_code(script: str, task_names: tuple[str, ...], measure_names: tuple[str, ...]) -> str:
    """Digest of the code of those jobs of a script that concern some tasks and measures.

    Raises:
        ValueError: the code reads facts of tasks or of measures, and none is named.
    """
    functions, facts = job_functions(script, task_names), []
    for registry, names in zip(REGISTRIES, (task_names, measure_names), strict=True):
        if (registry.__module__, registry.__name__) in reached_code(functions):
            if not names:
                raise ValueError(f"{script} reads {registry.__name__}: name those it concerns")
            facts += [_facts(registry, name, functions) for name in sorted({*names})]
    return digest([code_digest(*functions), facts])[:16]


@cache
def _facts(
    registry: Callable[[], Mapping[str, Any]], name: str, functions: tuple[str, ...]
) -> dict[str, Any]:
    """What functions can know of a row: the fields that they, or its own methods, read."""
    row = registry()[name]
    used, attributes, called = _used(registry, functions)
    facts: dict[str, Any] = {**used}
    for each in fields(row):
        value = getattr(row, each.name)
        read = each.name in attributes or (callable(value) and each.name in called)
        if read and each.name not in PASSED:
            facts[each.name] = _plain(value)
    return facts


@cache
def _used(
    registry: Callable[[], Mapping[str, Any]], functions: tuple[str, ...]
) -> tuple[dict[str, str], set[str], set[str]]:
    """The code of the methods and properties of rows that functions use; and what they read.

    That is the names of attributes, those that these methods read among them, and the names that
    are called.
    """
    attributes, called = reached_members(functions)
    members = getmembers_static(type(next(iter(registry().values()))))
    functions_of = {name: getattr(member, "fget", member) for name, member in members}
    used = {
        name: each
        for name, each in functions_of.items()
        if isinstance(each, FunctionType) and name in attributes | called and name[:2] != "__"
    }
    read = attributes.union(*(_names(each.__code__) for each in used.values()))
    return {name: function_meaning(each) for name, each in used.items()}, read, called


def _names(code: CodeType) -> set[str]:
    """The names that a function's code reads, including those in its comprehensions."""
    inner = [_names(each) for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*inner)


def _plain(value: Any) -> Any:
    """A value as JSON; a function is the code of its module, and the values that it is bound to."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, partial):
        return _plain([value.func, value.args, value.keywords])
    if callable(value):
        closed = [cell.cell_contents for cell in value.__closure__ or ()]
        return [code_digest(value.__module__), _plain(closed)]
    return value
