"""The registry of similarity measures: one file each, found by walking this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How similar two sets of texts are.

    Attributes:
        title: as figures write it.
        direction: whether a larger value means more or less similar.
        reference: where the definition comes from.
        compute: the value for vectors (n, width) and (m, width), centred on the mean of all texts.
    """

    title: str
    direction: Literal["similarity", "distance"]
    reference: str
    compute: Callable[[np.ndarray, np.ndarray], float]


@cache
def measures() -> dict[str, Measure]:
    """Every measure by the name of its module."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").MEASURE for name in names}
