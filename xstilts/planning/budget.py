"""Which cells first, when there is not time for all.

A simulation of the study's shape (52 languages, 12 targets) gave a slope's
standard error of 0.26 with one seed, 0.25 with five; with 6 targets in place of 12 it was 0.34. So
languages come with their target (they cost only predictions), targets come first, then further
intermediates, then seeds. Targets that lack the outcome come after the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from xstilts.config import complete_config
from xstilts.languages import ENGLISH
from xstilts.planning.plan import gpu_hours, planned
from xstilts.recipes import NONE
from xstilts.tasks import tasks

# Intermediates beside none, so that similarity varies within a target and language.
MIN_INTERMEDIATES = 2


def ladder(config: Mapping[str, Any], jobs: pd.DataFrame, device: str) -> pd.DataFrame:
    """Grids from the smallest to the whole one, each with one value of an axis more.

    Columns: what is added, models, intermediates, targets, seeds (as lists), GPU hours of all up to
    there, cells.
    """
    rows = []
    for added, axes in _steps(config, jobs):
        part = {**config, **axes}
        grid = complete_config(part)
        plan = planned(part, grid, device)
        rows.append(
            {"added": added, **axes, "gpu_hours": gpu_hours(plan), "cells": len([*grid.cells()])}
        )
    return pd.DataFrame(rows)


def _steps(
    config: Mapping[str, Any], jobs: pd.DataFrame
) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """(what is added, the axes of the grid)."""
    first = [name for name in config["intermediates"] if name == NONE]
    others = sorted(
        (name for name in config["intermediates"] if name != NONE),
        key=lambda name: _cost(jobs, "intermediate", name),
    )
    without_outcome = _without_outcome(config)
    targets = sorted(
        config["targets"],
        key=lambda name: (name in without_outcome, _cost_of_target(jobs, name)),
    )

    def axes(recipes: int, tasks: int, runs: int) -> dict[str, list[Any]]:
        """The first of each axis."""
        return {
            "intermediates": [*first, *others[:recipes]],
            "targets": targets[:tasks],
            "seeds": config["seeds"][:runs],
        }

    for at, target in enumerate(targets, start=1):
        yield target, axes(MIN_INTERMEDIATES, at, 1)
    for at, name in enumerate(others[MIN_INTERMEDIATES:], start=MIN_INTERMEDIATES + 1):
        yield name, axes(at, len(targets), 1)
    for at, seed in enumerate(config["seeds"][1:], start=2):
        yield f"seed {seed}", axes(len(others), len(targets), at)


def _without_outcome(config: Mapping[str, Any]) -> set[str]:
    """Targets that are not tested in English, if the outcome is a gap or a change of it."""
    if "gap" not in config["degradation"]["outcome"]:
        return set()
    languages = complete_config({**config}).languages
    return {target for target, codes in languages.items() if ENGLISH not in codes}


def _cost(jobs: pd.DataFrame, axis: str, value: str) -> float:
    return float(jobs.loc[jobs["gpu"] & (jobs[axis] == value), "seconds"].sum())


def _cost_of_target(jobs: pd.DataFrame, target: str) -> float:
    """Seconds of its evaluations and of its training set, as if no other target shared that."""
    training = tasks()[target].training_name
    trained = _cost(jobs, "training_set", training) if training else 0.0
    return _cost(jobs, "target", target) + trained
