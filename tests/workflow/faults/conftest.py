"""One study that ran undisturbed, and a copy for each test to break."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.faults import copy_of, undisturbed_study
from helpers.shared import made_once
from helpers.study import Study


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Do not change it: take a copy."""
    return Study(made_once(tmp_path_factory, "undisturbed", undisturbed_study) / "checkout")


@pytest.fixture
def study(undisturbed: Study, tmp_path: Path) -> Study:
    """A copy that may be broken."""
    return copy_of(undisturbed, tmp_path / "checkout")
