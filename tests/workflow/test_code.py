"""What a digest of code counts, and that it counts all that a job runs."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.study import ROOT, TINY, Study

from xstilts.io import code
from xstilts.io.code import UNWATCHED, reached_code
from xstilts.job_code import SCRIPTS, job_functions, script_function

NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
DIGESTS = """
import json
from xstilts.job_code import SCRIPTS, job_code
from xstilts.similarity.measures import measures
scripts = sorted(path.stem for path in SCRIPTS.glob("*.py"))
tasks, measures = ("xnli", "mnli"), ("mmd", "fertility")
print(json.dumps({name: job_code(name, tasks, measures) for name in scripts}))
"""


def digests(root: Path) -> dict[str, str]:
    """Those of every script, for two tasks and two measures, by the sources under a folder."""
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return digests(ROOT)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the package and the scripts, which may be edited."""
    for part in ("xstilts", "workflow/scripts"):
        for file in (ROOT / part).rglob("*.*"):
            if file.suffix in (".py", ".csv"):
                copy = tmp_path / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")


class Explained(ast.NodeTransformer):
    """Other docstrings, and other words in errors and in the log."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ast.Expr(ast.Constant("It is said better."))
        owner = getattr(getattr(node.value, "func", None), "value", None)
        if getattr(owner, "id", "") == "logger":
            return ast.parse("logger.info('otherwise')").body[0]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if getattr(getattr(node.exc, "func", None), "id", "") == "InputError":
            return ast.parse("raise InputError('said better')").body[0]
        return node


def test_words_and_form_rerun_nothing(sources: Path, before: dict[str, str]) -> None:
    """Every file anew: without comments, formatted otherwise, docstrings and messages changed."""
    for file in (sources / "xstilts").rglob("*.py"):
        tree = Explained().visit(ast.parse(file.read_bytes()))
        file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
    assert digests(sources) == before


def test_a_function_that_moves_to_another_module_reruns_nothing(
    sources: Path, before: dict[str, str]
) -> None:
    old, new = (sources / f"xstilts/training/{name}.py" for name in ("sampling", "shares"))
    old.rename(new)
    for file in (sources / "xstilts").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("training.sampling", "training.shares"), encoding="utf-8")
    assert digests(sources) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "rerun", "kept"),
    [
        (
            "training/sampling.py",
            "CORPUS_SHARE = 0.5",
            "CORPUS_SHARE = 0.6",
            {"train_intermediate", "finetune_target"},
            {"encode_task", "evaluate_target", "fit_degradation"},
        ),
        (
            "similarity/measures/mmd.py",
            'title="',
            'title="a better ',
            {"plot_effects", "write_answer", "plot_overview"},
            {"fit_degradation", "collect_cells", "finetune_target"},
        ),
        (
            "tasks/xnli.py",
            'title="XNLI"',
            'title="Cross-lingual NLI"',
            {"plot_outcome", "plot_overview", "show_outcomes"},
            {"fetch_task", "encode_task", "finetune_target", "evaluate_target", "fit_degradation"},
        ),
        (
            "io/tables.py",
            "uuid.uuid4().hex",
            "uuid.uuid1().hex",
            set(),
            {"finetune_target", "evaluate_target", "fetch_task"},
        ),
    ],
)
def test_an_edit_reruns_what_it_changes_and_no_more(
    sources: Path,
    before: dict[str, str],
    file: str,
    old: str,
    new: str,
    rerun: set[str],
    kept: set[str],
) -> None:
    edit(sources / "xstilts" / file, old, new)
    after = digests(sources)
    changed = {name for name in NAMES if after[name] != before[name]}
    assert rerun <= changed
    assert not kept & changed


REGISTRIES = {  # what finds plug-ins, and their rows: facts and methods of theirs count apart
    ("xstilts.tasks", "tasks"),
    ("xstilts.tasks", "Task"),
    ("xstilts.similarity.measures", "measures"),
    ("xstilts.similarity.measure", "Measure"),
}
STARTING = {("xstilts.languages", "add_languages")}  # before a job's function, by what runs it
Ran = dict[str, set[tuple[str, str]]]


@pytest.fixture(scope="module")
def ran(finished: Study) -> Ran:
    """By script, the (module, top-level function or class) that its jobs ran in the tiny study."""
    found: Ran = {}
    for trace in (finished.folder.parent / "traces").iterdir():
        names = set()
        for line in trace.read_text(encoding="utf-8").splitlines():
            file, name = line.split("\t")
            path = Path(file).relative_to(finished.folder).with_suffix("")
            module = ".".join(path.parts).removesuffix(".__init__")
            if not name.startswith("<") and module != "xstilts.jobs":
                names.add((module, name.split(".")[0]))
        for script in NAMES:
            if tuple(script_function(script).split(":")) in names:
                found.setdefault(script, set()).update(names - REGISTRIES - STARTING)
    return found


@pytest.mark.xdist_group("workflow")
def test_all_that_jobs_run_is_watched(ran: Ran) -> None:
    """The tracer's word on what ran, against what is read off the sources."""
    assert len(ran) > 30
    assert ("xstilts.training.loop", "Fit") in ran["finetune_target"]
    for script, names in ran.items():
        watched = reached_code(watched_functions(script))
        missed = {name for name in names - watched if name[0] not in UNWATCHED}
        assert missed == set(), script


@pytest.mark.xdist_group("workflow")
def test_a_changed_number_in_whatever_ran_reruns_the_job(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, tried = code._module, 0
    modules = {module for names in ran.values() for module, _ in names} - {*UNWATCHED}
    for module, name, tree in (mutant for each in sorted(modules) for mutant in mutants(each)):
        mutant = {module: code.read_module(tree)}
        for script in [script for script in ran if (module, name) in ran[script]][:1]:
            before = code.code_digest(*watched_functions(script))
            with monkeypatch.context() as patch:
                patch.setattr(
                    code, "_module", lambda each, own=mutant: own.get(each) or plain(each)
                )
                forget_digests()
                after = code.code_digest(*watched_functions(script))
            forget_digests()
            assert after != before, f"{script} does not see a change of {name} in {module}"
            tried += 1
    assert tried > 200


def forget_digests() -> None:
    code.code_digest.cache_clear()
    code._linked.cache_clear()


def watched_functions(script: str) -> tuple[str, ...]:
    """What a script's jobs of the tiny study run; of a measure, its module."""
    names = (*TINY["targets"], "mnli", "flores")
    computed = TINY["similarity"]["measures"] if script == "measure_similarity" else []
    modules = [f"xstilts.similarity.measures.{name}" for name in computed]
    return (*job_functions(script, names), *modules)


def mutants(module: str) -> Iterator[tuple[str, str, ast.Module]]:
    """For each top-level definition that holds a number: both names, and the tree with another."""
    source = inspect.getsource(importlib.import_module(module))
    for at, node in enumerate(ast.parse(source).body):
        tree = Explained().visit(ast.parse(source))  # numbers in messages do not count
        numbers = [
            each
            for each in ast.walk(tree.body[at])
            if isinstance(each, ast.Constant) and type(each.value) in (int, float)
        ]
        if numbers and isinstance(node, ast.FunctionDef | ast.ClassDef):
            numbers[-1].value += 1
            yield module, node.name, tree
