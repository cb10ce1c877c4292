"""Data looked at as a whole: what is wrong with them though every row is well formed.

Examples are compared by what a model reads of them, without case and spacing. The shares from
which on there is a warning, and from which on an error, are ours:

- The same test examples in two languages: one file stands for both.
- Test examples that were trained on, and dev examples, which choose the weights that are kept.
- Sides of a bitext that do not translate each other. Lengths of a sentence and its translation go
  together (rank correlation 0.74 to 0.94 in Tatoeba's 41 languages, measured); those of unrelated
  sentences do not (-0.03 to 0.05).
  XTREME's download sorts the English side of Tatoeba alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr

from xstilts.errors import InputError
from xstilts.kinds import kind_of
from xstilts.tasks import Task

Example = Mapping[str, Any]
Prints = dict[str, np.ndarray]
"""Fingerprints of examples, sorted and each once, by what the examples are of."""

READ = (pa.string(), pa.list_(pa.string()))
TOLD, REFUSED = 0.01, 0.5  # shares of test examples that are elsewhere too
COMPARED = {  # by kind, the texts that say whether an example was met before; else all it reads
    "span_qa": ("context",),  # other questions of a paragraph are no new text
    "dual_encoder": ("query",),
    "bitext": ("source",),  # the English side is that of other languages
    "mining": ("source",),
}
ANSWERS = {"tags", "keys"}  # texts that say what is right, not what is read
FEW = 10  # examples: fewer are a trial, in which nothing is refused
UNRELATED = 0.4  # a rank correlation of lengths


def compared(task: Task) -> list[str]:
    """The columns that tell a task's examples apart."""
    columns = kind_of(task).columns
    read = [name for name, each in columns.items() if each in READ and name not in ANSWERS]
    return [*COMPARED.get(task.kind, read)]


def fingerprints(task: Task, examples: Iterable[Example]) -> np.ndarray:
    """64-bit digests of what tells examples apart, sorted, each once."""
    names = compared(task)
    digests = (
        _digest([example[name] for name in names]) for example in examples if example[names[0]]
    )
    return np.unique(np.fromiter(digests, dtype=np.uint64))


def _digest(values: list[Any]) -> int:
    texts = (" ".join(value) if isinstance(value, list) else value or "" for value in values)
    text = "\x1f".join(" ".join(each.split()) for each in texts).casefold()
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass
class Doubts:
    """Warnings on a task's part as a whole, complete once every language was looked at.

    Attributes:
        task: the task.
    """

    task: Task
    own: Prints = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def look_at(self, language: str, rows: Sequence[Example]) -> None:
        """Look at the rows of a language, each with its `split`.

        Raises:
            InputError: they cannot be meant.
        """
        splits = dict.fromkeys(row["split"] for row in rows)
        prints = {
            split: fingerprints(self.task, (row for row in rows if row["split"] == split))
            for split in splits
        }
        name = f"{self.task.name}, {language}"
        for split, before in (("dev", "train"), ("test", "dev")):
            if {split, before} <= prints.keys():
                others = {f"its {before} split": prints[before]}
                self.found += seen_before(f"{name}, {split}", prints[split], others)
        if "test" in prints:
            self.own[language] = prints["test"]
        if self.task.kind == "bitext":
            self.found += sides_apart(
                f"{name}, test", [row for row in rows if row["split"] == "test"]
            )

    def told(self) -> list[str]:
        """All warnings, with those on languages beside each other.

        Raises:
            InputError: two of them are the same.
        """
        return [*self.found, *same_in_two_languages(self.task, self.own)]


def same_in_two_languages(task: Task, prints: Prints) -> Iterator[str]:
    """A warning for two languages that share many test examples.

    Raises:
        InputError: all of one are in the other.
    """
    for one, other in combinations(prints, 2):
        fewer = min(len(prints[one]), len(prints[other]))
        shared = len(np.intersect1d(prints[one], prints[other], assume_unique=True))
        if fewer >= FEW and shared == fewer:
            raise InputError(
                f"{task.name}: the test examples of {one} are those of {other}; give a path with "
                "{language} in it, or say under only which rows of a file are a language's"
            )
        if shared >= REFUSED * fewer and fewer > 1:
            which = f"the same in {one} and {other}"
            yield f"{task.name}: {shared:,} of {fewer:,} test examples are {which}"


def seen_before(what: str, prints: np.ndarray, before: Prints) -> Iterator[str]:
    """A warning for examples that are among those that were learned or chosen from.

    Args:
        what: what the examples are, for the message.
        prints: their fingerprints.
        before: fingerprints of the others, by what they are.

    Raises:
        InputError: half of them are.
    """
    for name, others in before.items():
        shared = len(np.intersect1d(prints, others, assume_unique=True))
        words = f"{what}: {shared:,} of {len(prints):,} examples are in {name}"
        if shared > REFUSED * len(prints) and len(prints) >= FEW:
            raise InputError(f"{words}; give other data, or divide the file by splits")
        if shared >= TOLD * len(prints) and shared:
            yield words


def sides_apart(what: str, examples: Sequence[Example]) -> Iterator[str]:
    """A warning for a bitext whose sides' lengths do not go together.

    Raises:
        InputError: and the English side alone is sorted.
    """
    if len(examples) < FEW:
        return
    sides = [[example[name] for example in examples] for name in ("source", "target")]
    lengths = [[float(len(text)) for text in side] for side in sides]
    related = float(spearmanr(lengths[0], lengths[1]).statistic)
    if related >= UNRELATED or related != related:
        return
    words = (
        f"{what}: the lengths of a sentence and its translation do not go together (rank "
        f"correlation {related:.2f})"
    )
    source, english = (all(a <= b for a, b in pairwise(side)) for side in sides)
    if english and not source:
        raise InputError(
            f"{words}, and the English side alone is sorted, as XTREME's download leaves Tatoeba: "
            "line i of one is not line i of the other; take LASER's files"
        )
    yield f"{words}: are the sides aligned line by line?"
