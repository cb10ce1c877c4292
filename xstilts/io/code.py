"""Digests of code: of all that a function runs, by its meaning.

A module's top level is a set of definitions, each of which names others. The digest of a function
is that of the definitions that it reaches through names, in all modules of the package. Comments,
docstrings, formatting, annotations of functions, and what errors and logs say do not count; nor
does how results are kept on disk (`UNWATCHED`).

Code that is loaded by its name, such as a kind of task, is not reached through names: the caller
names its module too.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

from xstilts.io.hashing import digest
from xstilts.io.tables import atomic

ROOT = Path(__file__).parents[2]
PACKAGE = __package__.split(".")[0]
MODULES = ROOT / PACKAGE / "__pycache__" / f"modules.{sys.implementation.cache_tag}.pickle"
UNWATCHED = {
    "xstilts.errors": "the words of errors",
    "xstilts.io.code": "which code is watched",
    "xstilts.io.hashing": "names of what is kept",
    "xstilts.io.store": "where finished work is kept",
    "xstilts.io.tables": "how tables are written and read back",
    "xstilts.training.preemption": "when a training is interrupted",
    "xstilts.training.training_state": "how an interrupted training is kept",
}
"""Modules that decide how results are kept, never what they are: an edit of them reruns nothing."""

Name = tuple[str, str]
"""A module and a definition of it."""
AT_IMPORT = ""
"""In place of a definition's name: what runs whenever the module is imported."""


@dataclass
class Definition:
    """A top-level definition: its meaning, and what it reaches.

    Attributes:
        meaning: digest of the syntax tree without what does not count.
        names: names that it reads.
        attributes: names of the attributes that it reads.
        methods: names of the methods that it calls.
        imports: what it imports itself: local name -> module and definition.
    """

    meaning: str
    names: set[str]
    attributes: set[str]
    methods: set[str]
    imports: dict[str, Name]


@dataclass
class Module:
    """The definitions of a module, and what it imports: local name -> module and definition."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, Name] = field(default_factory=dict)


@cache
def code_digest(*functions: str) -> str:
    """Digest of what functions run; each is `module:name`, or a module as a whole."""
    reached = reached_code(functions)
    return digest(sorted([name, _linked(module, name)] for module, name in reached))[:16]


@cache
def reached_code(functions: Sequence[str]) -> frozenset[Name]:
    """The definitions that functions reach, themselves among them."""
    if len(functions) != 1:
        return frozenset().union(*(reached_code((function,)) for function in functions))
    waiting = _entry(*functions)
    reached: set[Name] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name[0] not in UNWATCHED:
            reached.add(name)
            waiting += _next(name)
    return frozenset(reached)


@cache
def reached_members(functions: Sequence[str]) -> tuple[set[str], set[str]]:
    """Names of the attributes that the reached code reads, and of the methods that it calls."""
    reached = [_module(module).definitions[name] for module, name in reached_code(functions)]
    attributes = set().union(*(definition.attributes for definition in reached))
    return attributes, set().union(*(definition.methods for definition in reached))


def _entry(function: str) -> list[Name]:
    module, _, name = function.partition(":")
    if name and name not in _module(module).definitions:
        raise ValueError(f"{module} defines no {name}")
    return [(module, name)] if name else [(module, each) for each in _module(module).definitions]


def _next(name: Name) -> Iterator[Name]:
    """What a definition reaches at once: what it names, and what runs when it is imported."""
    module, own = name
    yield module, AT_IMPORT
    if own == AT_IMPORT:
        imported = {target for target, _ in _module(module).imports.values()}
        yield from ((each, AT_IMPORT) for each in imported if each in _modules())
    for target in _targets(module, own).values():
        if target and target[1] == "*":
            yield from ((target[0], each) for each in _module(target[0]).definitions)
        elif target:
            yield target


@cache
def _linked(module: str, name: str) -> list[Any]:
    """A definition's meaning, with that of whatever its names stand for."""
    imports, links = _known(module, name), []
    for local, target in _targets(module, name).items():
        if target:
            definition = _module(target[0]).definitions.get(target[1])
            watched = definition if target[0] not in UNWATCHED else None
            links.append([local, target[1], watched.meaning if watched else ""])
        elif local in imports:  # of another package
            links.append([local, *imports[local]])
    return [_module(module).definitions[name].meaning, sorted(links)]


def _known(module: str, name: str) -> dict[str, Name]:
    """What a definition can name of other modules: its module's imports, and its own."""
    return {**_module(module).imports, **_module(module).definitions[name].imports}


@cache
def _targets(module: str, name: str) -> dict[str, Name | None]:
    """What the names in a definition stand for in the package; None for nothing in it."""
    definition, imports, targets = _module(module).definitions[name], _known(module, name), {}
    for local in definition.names:
        if local in definition.imports or local not in _module(module).definitions:
            targets[local] = _origin(*imports[local]) if local in imports else None
        else:
            targets[local] = (module, local)
    return targets


def _origin(module: str, name: str) -> Name | None:
    """Where an imported name is defined; a whole module is (module, "*")."""
    if module not in _modules():
        return None
    if f"{module}.{name}" in _modules():
        return f"{module}.{name}", "*"
    if name in _module(module).definitions:
        return module, name
    further = _module(module).imports.get(name)
    return _origin(*further) if further else None


def _module(name: str) -> Module:
    return _modules()[name]


@cache
def _modules() -> dict[str, Module]:
    """Every module of the package, by its name.

    Reading them takes half a second, so they are kept until a source changes.
    """
    names = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (ROOT / PACKAGE).rglob("*.py")
    }
    sources = {name: file.read_bytes() for name, file in names.items()}
    state = digest({name: hashlib.sha256(source).hexdigest() for name, source in sources.items()})
    with suppress(Exception):  # whatever a file that is not there, or broken, raises
        kept_state, modules = pickle.loads(MODULES.read_bytes())
        if kept_state == state:
            return dict(modules)
    modules = {name: read_module(ast.parse(source)) for name, source in sources.items()}
    with suppress(OSError), atomic(MODULES) as file:  # such as a package that is read-only
        file.write_bytes(pickle.dumps((state, modules)))
    return modules


def read_module(tree: ast.Module) -> Module:
    """The definitions of a module's syntax tree."""
    module = Module()
    bound: dict[str, list[ast.stmt]] = {AT_IMPORT: []}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module.imports.update(_imports(node))
        elif not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            for each in _bound(node) or [AT_IMPORT]:
                bound.setdefault(each, []).append(node)
    for name, nodes in bound.items():
        reader = _Reader()
        meaning = digest(reader.read(nodes))
        module.definitions[name] = Definition(
            meaning, reader.names, reader.attributes, reader.methods, reader.imports
        )
    module.imports.update(module.definitions[AT_IMPORT].imports)
    return module


def _bound(node: ast.stmt) -> list[str]:
    """Names that a statement of a module's top level defines, if that is all it does."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = [each for target in targets for each in getattr(target, "elts", [target])]
    assigned = isinstance(node, ast.Assign | ast.AnnAssign)
    plain = assigned and all(isinstance(each, ast.Name) for each in names)
    return [each.id for each in names] if plain else []


def _imports(node: ast.Import | ast.ImportFrom) -> dict[str, Name]:
    """Local names that a statement imports; for a whole module the definition is "*"."""
    if isinstance(node, ast.ImportFrom):
        return {each.asname or each.name: (str(node.module), each.name) for each in node.names}
    return {each.asname or each.name.split(".")[0]: (each.name, "*") for each in node.names}


def function_meaning(function: Callable[..., Any]) -> str:
    """Digest of one function, or of a method, without what it reaches."""
    return digest(_Reader().read(ast.parse(dedent(inspect.getsource(function))).body))


IGNORED = {"annotation", "returns", "type_params", "type_comment", "ctx"}  # a type runs nothing


class _Reader:
    """Reads a syntax tree as nested lists, in which nothing stands that does not count."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.methods: set[str] = set()
        self.imports: dict[str, Name] = {}

    def read(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.read(each) for each in node if not _is_said(each)]
        if not isinstance(node, ast.AST):
            return repr(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.imports.update(_imports(node))
            return "import"  # what is imported counts where its name is read
        raised = getattr(node, "exc", None) if isinstance(node, ast.Raise) else None
        if getattr(getattr(raised, "func", None), "id", "") == "InputError":
            return "raise InputError"
        if isinstance(node, ast.Name):
            self.names.add(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            self.methods.add(node.func.attr)
            called = ["Attribute", node.func.attr, self.read(node.func.value)]
            return ["Call", called, self.read(node.args), self.read(node.keywords)]
        if isinstance(node, ast.Attribute):
            self.attributes.add(node.attr)
        fields = [each for each in ast.iter_fields(node) if each[1] not in (None, [])]
        parts = [[name, self.read(value)] for name, value in fields if name not in IGNORED]
        return [type(node).__name__, *parts]


def _is_said(node: Any) -> bool:
    """Whether a statement only says something: a docstring, a line of the log."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    owner = getattr(getattr(node.value, "func", None), "value", None)
    return getattr(owner, "id", "") == "logger"
