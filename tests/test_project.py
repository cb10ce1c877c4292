"""The project's own files agree with each other."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.study import ROOT

from xstilts.data.releases import RELEASES
from xstilts.io.formats import FORMATS
from xstilts.similarity.measures import measures


def pins() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return dict(dependency.split("==") for dependency in listed)


@pytest.mark.parametrize("name", ["torch", "stats", "report"])
def test_environment_pins_are_the_projects(name: str) -> None:
    described = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))
    listed = dict(line.split(" ==") for line in described["dependencies"][-1]["pip"])
    assert listed == {package: pins()[package] for package in listed}


def normal(package: str) -> str:
    """A package's name as pip compares names."""
    return package.lower().replace("_", "-")


def test_the_lock_holds_the_projects_pins() -> None:
    locked = dict(
        line.split("==")
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").split()
    )
    known = {normal(name): version for name, version in locked.items()}
    assert {name: known.get(normal(name)) for name in pins()} == pins()


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="of parallel tests: make test")
@pytest.mark.xdist_group("project")
def test_tests_of_one_group_run_on_one_worker(request: pytest.FixtureRequest) -> None:
    """Or two would run the same study, or one SLURM, at once; xdist reads the group off the id."""
    assert request.node.nodeid.endswith("@project")


def test_the_config_allows_the_formats_that_can_be_read() -> None:
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    )
    entry = schema["properties"]["data"]["additionalProperties"]["properties"]
    assert set(entry["format"]["enum"]) == {*FORMATS, *RELEASES}


def text_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that read or write text files, of paths, of `open`, and of processes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        modes = [each.value for each in node.args if isinstance(each, ast.Constant)]
        binary = any(isinstance(mode, str) and "b" in mode for mode in modes)
        if name in ("read_text", "write_text") or (
            name == "open" and not binary and owner not in ("os", "bz2", "gzip")
        ):
            yield node


@pytest.mark.parametrize("folder", ["xstilts", "workflow", "tests", "benchmarks"])
def test_text_is_utf8_wherever_it_is_read_or_written(folder: str) -> None:
    """The linter's rule sees only what it knows to be a path; other locales are others' default."""
    calls = [
        (path, call)
        for path in (ROOT / folder).rglob("*.py")
        for call in text_calls(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert [
        f"{path}:{call.lineno}"
        for path, call in calls
        if "encoding" not in {word.arg for word in call.keywords}
    ] == []
    assert folder == "workflow" or len(calls) > 5  # it sees them


@pytest.mark.parametrize(
    "page", sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")}), ids=lambda page: page.name
)
def test_the_pages_show_yaml_that_can_be_read(page: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert isinstance(yaml.safe_load(block), dict)


def test_the_page_of_similarity_names_every_measure() -> None:
    page = (ROOT / "docs/similarity.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `") for line in page.splitlines() if line.startswith("| `")}
    assert set(measures()) <= rows
