"""The tiny study, run for real, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.shared import made_once
from helpers.study import Study, traced_study

from xstilts.languages import add_languages

pytest_plugins = ["helpers.mirrored"]
# Or each of the hundreds of processes that tests start would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


FIRST = ("report", "null", "slurm", "real", "docs", "hub", "faults", "damage", "changes", "storage")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups that take minutes come first, or one of them would keep one worker at the end."""

    def rank(item: pytest.Item) -> int:
        mark = item.get_closest_marker("xdist_group")
        return FIRST.index(mark.args[0]) if mark and mark.args[0] in FIRST else len(FIRST)

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def shipped_languages() -> Iterator[None]:
    """Languages that a test's config adds are gone after it: they count for the whole process."""
    yield
    add_languages(None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The tiny study, finished, and what its jobs ran. Do not change it: take a copy."""
    return Study(made_once(tmp_path_factory, "finished", traced_study) / "checkout")


@pytest.fixture
def study(finished: Study, tmp_path: Path) -> Study:
    """A copy of the finished tiny study."""
    return finished.copy(tmp_path / "checkout")
