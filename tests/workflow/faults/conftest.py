"""One study that ran undisturbed, and a copy for each test to break."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.faults import copy_of, undisturbed_study
from helpers.study import Study


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return undisturbed_study(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def study(undisturbed: Study, tmp_path: Path) -> Study:
    return copy_of(undisturbed, tmp_path / "checkout")
