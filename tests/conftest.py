"""The tiny study, run for real, once per worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.study import ROOT, Study, checkout

from xstilts.languages import add_languages

pytest_plugins = ["helpers.mirrored"]


@pytest.fixture(autouse=True)
def shipped_languages() -> Iterator[None]:
    """Languages that a test's config adds are gone after it: they count for the whole process."""
    yield
    add_languages(None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The tiny study, finished. Do not change it: take a copy."""
    study = checkout(tmp_path_factory.mktemp("finished") / "checkout")
    (study.folder.parent / "traces").mkdir()
    result = study.snakemake(
        warm=True,
        PYTHONPATH=f"{study.folder}:{ROOT / 'tests/tracing'}",
        XSTILTS_TRACES=str(study.folder.parent / "traces"),
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return study


@pytest.fixture
def study(finished: Study, tmp_path: Path) -> Study:
    """A copy of the finished tiny study."""
    return finished.copy(tmp_path / "checkout")
