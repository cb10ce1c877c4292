"""The registry of similarity measures: one file each, found by walking this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from xstilts.similarity.measure import Measure


@cache
def measures() -> dict[str, Measure]:
    """Every measure by the name of its module."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").MEASURE for name in names}
