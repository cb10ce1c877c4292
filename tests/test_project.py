"""The project's own files agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from xstilts.digests import code_digest


def pins() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return dict(dependency.split("==") for dependency in project["dependencies"])


@pytest.mark.parametrize("name", ["torch", "stats", "report"])
def test_environment_pins_are_the_projects(name: str) -> None:
    described = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())
    listed = dict(line.split(" ==") for line in described["dependencies"][-1]["pip"])
    assert listed == {package: pins()[package] for package in listed}


def test_the_lock_holds_the_projects_pins() -> None:
    locked = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split())
    known = {name.lower(): version for name, version in locked.items()}
    assert {name: known.get(name.lower()) for name in pins()} == pins()


@pytest.mark.parametrize("script", sorted((ROOT / "workflow/scripts").glob("*.py")))
def test_a_script_names_a_function_that_is_there(script: Path) -> None:
    module, name = re.findall(r'"(xstilts[\w.]*):(\w+)"', script.read_text())[0]
    source = ROOT / f"{module.replace('.', '/')}.py"
    assert f"def {name}(" in source.read_text()


def test_a_digest_of_code_changes_with_it_and_only_with_it() -> None:
    assert code_digest("kinds") == code_digest("kinds") != code_digest("tasks")
