"""Simulated grids of known effects, to compare fits of mixed models on.

    python -m benchmarks.grids GRID.csv

writes the one whose fits by lme4 are in tests/reference/lme4.json: every target of the study in its
languages, eleven intermediates, five seeds. The same rows come out every time.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from xstilts.degradation.simulation import EXPECTED, simulated_grid, simulated_outcome
from xstilts.languages import languages_of
from xstilts.recipes import NONE
from xstilts.tasks import intermediate_tasks, target_tasks

PLANTED = {  # points per standard deviation
    "by_language": -3.0,
    "by_target": 2.0,
    "by_target_language": -1.0,
    "by_intermediate": 0.5,
    "by_intermediate_target": -1.5,
    "by_intermediate_language": -1.0,
    "by_cell": -0.8,
}
FROZEN = ("by_language", "by_target_language", "by_intermediate_target", "by_cell")  # lme4's
EFFECTS = {part: PLANTED[part] for part in FROZEN}
SEED = 20_250_101


def main() -> None:
    """Write the grid of the frozen fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("grid", type=Path, metavar="GRID.csv")
    frozen_grid().to_csv(parser.parse_args().grid, index=False)  # floats as they are, in full


def frozen_grid() -> pd.DataFrame:
    """The rows that lme4 was given, with a weight for each."""
    return grid(study_languages(), study_intermediates(), seeds=range(1, 6))


def study_languages() -> dict[str, list[str]]:
    """The languages of every target without English, which loses nothing."""
    return {
        target: [code for code in languages_of(target) if code != "en"] for target in target_tasks()
    }


def study_intermediates() -> list[str]:
    """The intermediate tasks, their mixture and `none`."""
    return [NONE, *intermediate_tasks(), "multi"]


def made_up_languages(targets: int, languages: int, most: int) -> dict[str, list[str]]:
    """Targets of 7 to `most` languages each; the first languages are in most of them."""
    sizes = np.geomspace(7, most, targets).round().astype(int)
    random = np.random.default_rng(SEED)
    chance = np.linspace(3, 1, languages) / np.linspace(3, 1, languages).sum()
    return {
        f"target{at}": [f"l{code}" for code in random.choice(languages, size, False, chance)]
        for at, size in enumerate(sizes)
    }


def grid(
    languages: Mapping[str, Sequence[str]], intermediates: Sequence[str], seeds: Sequence[int]
) -> pd.DataFrame:
    """A simulated grid with an `outcome` of EFFECTS and the expected spreads."""
    random = np.random.default_rng(SEED)
    frame = simulated_grid(languages, intermediates, seeds, random)
    outcome = simulated_outcome(frame, EFFECTS, EXPECTED, random)
    return frame.assign(outcome=outcome, weight=random.uniform(0.5, 2.0, len(frame)))


if __name__ == "__main__":
    main()
