"""What a similarity measure is.

A measure compares two *sides*: one is of an intermediate (or of English), the other of a target (or
of one of its languages). What a side is depends on what the measure reads
(`xstilts.similarity.inputs`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["cell", "task", "language"]
Reads = Literal[
    "texts", "tokens", "subwords", "parallel", "languages", "tasks", "features", "fisher"
]
Invariance = Literal["rotation", "scale"]


class NoValueError(Exception):
    """A measure has no value here; the message says why, and is written beside the empty value."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How similar two sides are.

    Attributes:
        title: as figures write it.
        level: what its value differs by: `cell` (intermediate, target and language), `task`
            (intermediate and target) or `language`.
        reads: what its sides are, a name in `xstilts.similarity.inputs.INPUTS`.
        direction: whether a larger value means more or less similar.
        limits: least and greatest value.
        cost: how its time grows, in words.
        reference: where the definition comes from.
        compute: the value of two sides. A measure that reads texts or subwords gives the values of
            the sample and of each bootstrap resample, (1 + resamples,); others a number.
        describe: what `compute` needs of a side, worked out once per side; None: the side itself.
        test: p-value of the hypothesis that the sides are samples of one distribution, if it is a
            test.
        missing: where it has no value, in words; it then raises `NoValueError`.
        symmetric: whether the sides may change places.
        invariant: changes of both sides' vectors that leave the value as it is.
    """

    title: str
    level: Level
    reads: Reads
    direction: Literal["similarity", "distance"]
    limits: tuple[float, float]
    cost: str
    reference: str
    compute: Callable[[Any, Any], Any]
    describe: Callable[[Any], Any] | None = None
    test: Callable[[Any, Any], float] | None = None
    missing: str = "nowhere"
    symmetric: bool = True
    invariant: tuple[Invariance, ...] = ()

    @property
    def sign(self) -> float:
        """Factor that makes more mean more similar."""
        return 1.0 if self.direction == "similarity" else -1.0


UNBOUNDED = math.inf
