"""Every rule passes its script's function what it has, and watches the code that it runs."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from helpers.invented import invented
from helpers.study import ROOT, SMALL, TINY
from snakemake.api import SnakemakeApi
from snakemake.rules import Rule
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from xstilts import jobs
from xstilts.planning.stages import ON_GPU, STAGES

WAITED_FOR = {"waits_for", "weights", "leaks"}  # inputs that a function does not open itself
AS_MAPPINGS = {"show_tables", "show_outcomes", "train_intermediate", "finetune_target"}
WATCHED = {"watched", "code"}  # parameters that are there to make a job run again


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rule]]:
    """The rules of the tiny study, as Snakemake reads them."""
    config = tmp_path_factory.mktemp("config") / "tiny.yaml"
    root = {"data_root": str(invented(SMALL))}
    config.write_text(yaml.safe_dump({**TINY, **root}), encoding="utf-8")
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(),
            config_settings=ConfigSettings(configfiles=[config]),
            snakefile=ROOT / "Snakefile",
        )
        yield {rule.name: rule for rule in workflow._workflow.rules if rule.script}


def passed(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> tuple[str, set[str]]:
    """The function that a rule's script runs, and the names of the arguments it is offered."""
    seen: list[tuple[str, set[str]]] = []

    def run_job(log: str, threads: int, function: str, **arguments: Any) -> None:
        seen.append((function, set(arguments)))

    monkeypatch.setattr(jobs, "run_job", run_job)
    job = SimpleNamespace(
        rule=rule.name,
        log=["log"],
        threads=1,
        config={
            "training": {"save_minutes": 1},
            "store": None,
            "results": "r",
            "language_table": None,
        },
        input=Named({name: ["file"] for name, _ in rule.input.items()}),
        output=Named(rule.output.items()),
        params=Named(rule.params.items()),
        wildcards=Named(dict.fromkeys(rule.wildcard_names, "1")),
    )
    script = Path(rule.basedir) / rule.script
    runpy.run_path(str(script), init_globals={"snakemake": job})
    ((function, names),) = seen
    return function, names


class Named(dict[str, Any]):
    """As Snakemake's lists with names: values are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def test_the_stages_know_every_rule_that_wants_a_gpu(rules: dict[str, Rule]) -> None:
    named = {re.sub("^evaluate_.*", "evaluate", name): rule for name, rule in rules.items()}
    assert {name for name, rule in named.items() if "gpu" in rule.resources} == ON_GPU
    others = {name.split("_")[0] for name in {*named} - {*STAGES}}
    assert others == {"check", "collect", "fit", "measure", "plot", "predict", "show"} | {
        "summarise",
        "write",
    }


def test_a_rule_passes_what_its_function_takes(
    rules: dict[str, Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(rules) > 30
    for rule in rules.values():
        function, names = passed(rule, monkeypatch)
        module, name = function.split(":")
        taken = inspect.signature(getattr(importlib.import_module(module), name)).parameters
        needed = {key for key, each in taken.items() if each.default is each.empty}
        assert needed <= names, f"{rule.name} does not name {needed - names}"
        if rule.name not in AS_MAPPINGS:
            own = {*rule.params.keys(), *rule.input.keys(), *rule.output.keys()}
            unknown = own - {*taken} - WAITED_FOR - WATCHED
            assert not unknown, f"{rule.name} names {unknown}, which {function} does not take"
        assert len(rule.input) == 0 or list(rule.input.keys()), f"{rule.name}: inputs without names"


def test_every_rule_watches_code(rules: dict[str, Rule]) -> None:
    assert [rule.name for rule in rules.values() if "code" not in dict(rule.params.items())] == []
