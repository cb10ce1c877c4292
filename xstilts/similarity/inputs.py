"""What measures compare: the two sides of an (intermediate, target, language), by what they read.

A missing side raises `NoValueError`, with the reason that is written beside the empty value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from xstilts.encoder.encoded_rows import evenly_spaced
from xstilts.languages import ENGLISH
from xstilts.recipes import recipes
from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Level, NoValueError, Reads
from xstilts.similarity.subword_counts import Subwords, read_subwords
from xstilts.similarity.text_set import MIN_TEXTS, Texts
from xstilts.similarity.token_sets import SPREAD, NearestOwners, TokenPool
from xstilts.similarity.vector_table import VectorTable
from xstilts.tasks import Task, tasks

FIRST, SECOND = 0, 1  # seeds of the two sides' resamples


@dataclass(frozen=True, kw_only=True)
class MeasureRequest:
    """What the evidence of a measure is made from.

    Attributes:
        files: what the measure reads, by role and task if the files are of tasks.
        level: the measure's.
        intermediates: recipes of the cells that are asked for.
        languages: every language by its code.
        resamples: bootstrap resamples of a set of texts.
    """

    files: Any
    level: Level
    intermediates: list[str]
    languages: Mapping[str, Known]
    resamples: int


class MeasureInputs(Protocol):
    """The sides of every cell at one layer."""

    layer: int | None
    is_default: bool

    def sides(self, intermediate: str, target: str, language: str) -> tuple[Any, Any]:
        """The two sides; the same objects wherever a side is the same."""


def mixed(parts: list[Any]) -> list[np.ndarray]:
    """Indices of each part's equal share, as many in total as the largest part has."""
    share = max(1, max(len(part) for part in parts) // len(parts))
    return [evenly_spaced(len(part), share) for part in parts]


def trained_task(target: str) -> str:
    """The English training set that decides a target."""
    chain = tasks()[target].trains_on
    if not chain:
        raise NoValueError(f"{target} trains on nothing")
    return chain[-1]


Side = TypeVar("Side")


class Sets(Generic[Side]):
    """Sets of texts by (role, task, language), made into sides once each."""

    layer: int | None = None
    is_default = True

    def __init__(self, asked: MeasureRequest) -> None:
        self.asked = asked
        self._sides: dict[tuple[str, ...], Side] = {}

    def sides(self, intermediate: str, target: str, language: str) -> tuple[Side, Side]:
        """The recipe's English training texts; the target's, or its test texts in the language."""
        recipe = recipes()[intermediate].tasks
        first = [("train", task, ENGLISH) for task in recipe]
        role = "train" if self.asked.level == "task" else "test"
        task = trained_task(target) if role == "train" else target
        second = (role, task, ENGLISH if role == "train" else language)
        return self._side(first, FIRST), self._side([second], SECOND)

    def _side(self, keys: list[tuple[str, str, str]], seed: int) -> Side:
        key = (str(seed), *("/".join(names) for names in keys))
        if key not in self._sides:
            self._sides[key] = self.made(keys, seed)
        return self._sides[key]

    def made(self, keys: list[tuple[str, str, str]], seed: int) -> Side:
        """The side that these sets are together."""
        raise NotImplementedError


def _enough(count: int) -> None:
    if count < MIN_TEXTS:
        raise NoValueError(f"{count} texts, of at least {MIN_TEXTS}")


class TextSets(Sets[Texts]):
    """Coordinates of a layer (`xstilts.similarity.projection`)."""

    def __init__(self, asked: MeasureRequest, table: VectorTable, layer: int) -> None:
        super().__init__(asked)
        self.layer, self.is_default = layer, table.layers()[layer]
        groups = table.read(layer=layer)
        self.themes = int(groups[0][0]["themes"])
        self.vectors = {
            (str(key["role"]), str(key["task"]), str(key["language"])): vectors
            for key, vectors in groups
        }

    def made(self, keys: list[tuple[str, str, str]], seed: int) -> Texts:
        """Texts of the sets, in equal shares."""
        parts = [self.vectors[key] for key in keys]
        together = np.concatenate(
            [part[rows] for part, rows in zip(parts, mixed(parts), strict=True)]
        )
        _enough(len(together))
        return Texts.of(together, self.themes, self.asked.resamples, seed)


class TokenSets:
    """The tasks of a recipe, and whose tokens are nearest to those of a target in a language."""

    layer: int | None

    def __init__(self, asked: MeasureRequest) -> None:
        self.asked = asked
        tables = {
            (part, task): VectorTable(Path(path))
            for part, by_task in asked.files.items()
            for task, path in by_task.items()
        }
        self.tokens = {
            (*of, str(key["language"])): vectors
            for of, table in tables.items()
            for key, vectors in table.read()
        }
        (read,) = next(iter(tables.values())).layers().items()
        self.layer, self.is_default = read
        pooled = {task for name in asked.intermediates for task in recipes()[name].tasks}
        self.pooled = sorted(pooled)
        own = [self.tokens["train", task, ENGLISH] for task in self.pooled]
        self.pool = TokenPool.of(own, self.tokens.values())
        self._nearest: dict[tuple[str, str], NearestOwners] = {}

    def sides(
        self, intermediate: str, target: str, language: str
    ) -> tuple[list[int], NearestOwners]:
        """The recipe's tasks by number, and the target's texts."""
        key = (target, language)
        if key not in self._nearest:
            tokens = self.tokens["test", target, language]
            _enough(len(tokens) // SPREAD)
            self._nearest[key] = self.pool.nearest(tokens, self.asked.resamples, SECOND)
        recipe = recipes()[intermediate].tasks
        for task in recipe:
            _enough(len(self.tokens["train", task, ENGLISH]) // SPREAD)
        return [self.pooled.index(task) for task in recipe], self._nearest[key]


class SubwordSets(Sets[Subwords]):
    """Subwords of the same texts."""

    @cached_property
    def texts(self) -> dict[tuple[str, str, str], tuple[list[np.ndarray], np.ndarray]]:
        """Token ids and words of each set."""
        return {
            (role, task, language): texts
            for role, by_task in self.asked.files.items()
            for task, path in by_task.items()
            for language, texts in read_subwords(Path(path)).items()
        }

    def made(self, keys: list[tuple[str, str, str]], seed: int) -> Subwords:
        """Subwords of the sets, in equal shares."""
        parts = [self.texts[key] for key in keys]
        shares = mixed([words for _, words in parts])
        subwords = [
            texts[at] for (texts, _), rows in zip(parts, shares, strict=True) for at in rows
        ]
        words = np.concatenate([w[rows] for (_, w), rows in zip(parts, shares, strict=True)])
        _enough(len(words))
        script = self.asked.languages[keys[0][2]].script
        return Subwords.of(subwords, words, script, self.asked.resamples, seed)


@dataclass
class Translations:
    """Sentences and their English translations, at a layer."""

    asked: MeasureRequest
    table: VectorTable | None
    layer: int | None = None
    is_default: bool = True

    def sides(self, intermediate: str, target: str, language: str) -> tuple[Texts, Texts]:
        """The English side and the language's; resamples draw pairs."""
        if language == ENGLISH:
            raise NoValueError("English is not translated into itself")
        groups = self.table.read(layer=self.layer or 0, language=language) if self.table else []
        if not groups:
            raise NoValueError(f"no parallel text in {self.asked.languages[language].name}")
        by_side = {key["side"]: vectors for key, vectors in groups}
        _enough(len(by_side["text"]))
        pair = (by_side["english"], by_side["text"])
        x, y = (Texts.of(vectors, 0, self.asked.resamples, FIRST) for vectors in pair)
        return x, y


@dataclass
class Languages:
    """Facts of languages, each beside English."""

    languages: Mapping[str, Known]
    layer: int | None = None
    is_default: bool = True

    def sides(self, intermediate: str, target: str, language: str) -> tuple[Known, Known]:
        """English and the language."""
        return self.languages[ENGLISH], self.languages[language]


class Tasks:
    """Facts of tasks."""

    layer: int | None = None
    is_default = True

    def sides(self, intermediate: str, target: str, language: str) -> tuple[list[Task], list[Task]]:
        """The recipe's tasks, and those that the target trains on."""
        trained_task(target)
        names = (recipes()[intermediate].tasks, tasks()[target].trains_on)
        first, second = ([tasks()[name] for name in each] for each in names)
        return first, second


class Features:
    """English dev examples of the target's training set, through each intermediate encoder."""

    layer: int | None = None
    is_default = True

    def __init__(self, asked: MeasureRequest) -> None:
        self.by_intermediate = {name: _features(Path(path)) for name, path in asked.files.items()}

    def sides(self, intermediate: str, target: str, language: str) -> tuple[np.ndarray, np.ndarray]:
        """(n, width) features and (n,) classes."""
        task = trained_task(target)
        if task not in self.by_intermediate[intermediate]:
            raise NoValueError(f"{task} has no English dev examples with classes")
        return self.by_intermediate[intermediate][task]


class Diagonals:
    """Fisher diagonals of trained networks."""

    layer: int | None = None
    is_default = True

    def __init__(self, asked: MeasureRequest) -> None:
        first, second = (asked.files[name] for name in ("intermediate", "training_set"))
        self.intermediates = {name: _only_vector(path) for name, path in first.items()}
        self.trainings = {name: _only_vector(path) for name, path in second.items()}

    def sides(self, intermediate: str, target: str, language: str) -> tuple[np.ndarray, np.ndarray]:
        """(1, neurons) of the recipe's network and of the target's without an intermediate."""
        trained_task(target)
        if not self.trainings:
            raise NoValueError("the grid has no run without an intermediate")
        return self.intermediates[intermediate], self.trainings[tasks()[target].training_name]


def _features(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Features and classes of each task of a table."""
    by_task: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for key, vectors in VectorTable(path).read():
        classes = np.full(len(vectors), int(key["label"]))
        by_task.setdefault(str(key["task"]), []).append((vectors, classes))
    return {
        task: (np.concatenate([v for v, _ in groups]), np.concatenate([c for _, c in groups]))
        for task, groups in by_task.items()
    }


def _only_vector(path: str) -> np.ndarray:
    ((_, vector),) = VectorTable(Path(path)).read()
    return vector


def _texts(asked: MeasureRequest) -> Iterator[MeasureInputs]:
    table = VectorTable(Path(asked.files))
    for layer in table.layers():
        yield TextSets(asked, table, layer)


def _translations(asked: MeasureRequest) -> Iterator[MeasureInputs]:
    if not asked.files:
        yield Translations(asked, None)
        return
    table = VectorTable(Path(asked.files))
    for layer, is_default in table.layers().items():
        yield Translations(asked, table, layer, is_default)


INPUTS: dict[Reads, Callable[[MeasureRequest], Iterator[MeasureInputs]]] = {
    "texts": _texts,
    "tokens": lambda asked: iter([TokenSets(asked)]),
    "subwords": lambda asked: iter([SubwordSets(asked)]),
    "parallel": _translations,
    "languages": lambda asked: iter([Languages(asked.languages)]),
    "tasks": lambda asked: iter([Tasks()]),
    "features": lambda asked: iter([Features(asked)]),
    "fisher": lambda asked: iter([Diagonals(asked)]),
}
