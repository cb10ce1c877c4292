"""Commands on the pages run, here or in the test that is named; every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml
from helpers.study import BIN, ROOT, Study

from xstilts.config import check_config, read_config
from xstilts.errors import InputError

pytestmark = pytest.mark.xdist_group("docs")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "config/README.md"])
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)

# Commands that do not run here but elsewhere, and where: a test, or what CI runs on a clean clone.
CI = ".ci/run"
ELSEWHERE = {
    r"make (venv|test|quick|lint)\b": CI,
    r"make (demo$|demo publish|publish)": "test_the_site_has_figures_tables_and_graph",
    r"make (real)\b|export XSTILTS_": "test_the_road_runs_on_real_input",
    r"make demo-null": "test_where_similarity_means_nothing_the_demo_finds_nothing",
    r"make format": "test_make_format_mends_python_and_snakemake",
    r"pre-commit": "test_hooks_are_installed",
    r"make lock|pip ": "test_make_knows_its_targets",
    r"xstilts lock-data": "test_data_are_locked_at_the_commits_of_the_hub",
    r"squeue ": "test_what_was_killed_is_found_by_name",
    r"python -m benchmarks.orchestration": "test_a_plan_is_of_the_projects_own_workflow",
    r"python -m benchmarks.training": "test_the_command_prints_ratios_as_json",
    r"python -m benchmarks.learning": "test_the_loss_falls_as_it_does_for_the_trainer",
    r"python -m benchmarks.hub": "test_sets_of_the_hub_are_made_up_fetched_and_encoded",
    r"python -m benchmarks.rates": "test_rates_are_recovered_from_jobs_that_follow_them",
    r"snakemake --profile slurm --config 'seeds": "test_seeds_that_are_added_reuse_all_there_is",
    r"xstilts predict": "test_a_language_without_texts_is_predicted_from_its_facts",
    r"xstilts power": "test_power_of_a_config_is_printed_and_drawn",
    r"xstilts score": "test_answers_by_question_id_against_squads_json",
    r"xstilts fit scores.csv": "test_a_gap_and_the_parts_of_similarity_are_made_of_scores",
}
# How a command of the study or the demo becomes one of the tiny study.
TINY = [
    (r"--profile slurm", "--profile local"),
    (r"results/(study|demo)", "results/tiny"),
    (r"xlm-r-large", "nano"),
    (r"--configfile \S+( my.yaml)?", "--configfile tiny.yaml"),
    (r"config/demo.yaml", "tiny.yaml"),
    (r"en,sw", "en,qa"),
    (r"^snakemake (?!.*--configfile)", "snakemake --configfile tiny.yaml "),
    (r"^snakemake (?!.*(-n|--report|--unlock)\b)", "xstilts warm snakemake "),  # quicker
    (r"^xstilts plan (?!.*--config)", "xstilts plan --config tiny.yaml --device cpu "),
    # The answer alone: what else is drawn from the tables is run by other tests.
    (
        r"^(?:xstilts warm )?snakemake (?!.* -- )(?!.*(-n|--report|--unlock|--lint|--delete)).*$",
        r"\g<0> -- results/tiny/answer.txt",
    ),
    (r"^xstilts world \S+", r"\g<0> --train 20 --dev 5 --test 5"),
    (
        r"FILE \.\.\.",
        "results/tiny/scores/target=xnli/model=nano/intermediate=mnli/seed=1/language=qe/scores.parquet",
    ),
]


def commands(page: Path) -> list[str]:
    """The command lines of a page's bash blocks, without their comments."""
    text = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    lines = (re.sub(r"\s+#.*|^#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("source ")]


def here(page: Path) -> list[str]:
    return [line for line in commands(page) if not any(re.match(each, line) for each in ELSEWHERE)]


def rewritten(line: str) -> str:
    parts = line.split(" && ")
    for pattern, other in TINY:
        parts = [re.sub(pattern, other, part) for part in parts]
    return " && ".join(parts)


@pytest.mark.parametrize("page", [page for page in PAGES if here(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_run_one_after_the_other(page: Path, study: Study) -> None:
    path = f"{BIN}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(study.folder)}
    for line in here(page):
        result = subprocess.run(
            ["bash", "-c", rewritten(line)],
            cwd=study.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout[-1500:]}{result.stderr[-1500:]}"


def known_tests() -> set[str]:
    """Names of all tests, and of their files."""
    files = [*ROOT.glob("tests/**/test_*.py")]
    sources = (path.read_text(encoding="utf-8") for path in files)
    names = {name for source in sources for name in re.findall(r"def (test_\w+)", source)}
    return names | {path.stem for path in files}


def test_what_runs_elsewhere_is_there() -> None:
    assert set(ELSEWHERE.values()) - {CI} <= known_tests()
    in_use = "\n".join(line for page in PAGES for line in commands(page))
    assert [each for each in ELSEWHERE if not re.search(each, in_use)] == []
    script = (ROOT / CI).read_text(encoding="utf-8")
    assert "make test" in script and "make lint" in script


def test_the_pages_name_tests_that_are_there() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"\btest_\w+", pages))
    assert named <= known_tests()
    assert len(named) > 30  # docs/reliability.md alone names as many


@pytest.mark.parametrize("target", ["demo", "demo-null", "demo-full", "real", "format", "lock"])
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout


def test_make_format_mends_python_and_snakemake(study: Study) -> None:
    files = [study.folder / "xstilts/__init__.py", study.folder / "Snakefile"]
    texts = [file.read_text(encoding="utf-8") for file in files]
    for file, text in zip(files, texts, strict=True):
        file.write_text(
            text.replace(" = ", "  =  ").replace("include: ", "include:   "), encoding="utf-8"
        )
    assert [file.read_text(encoding="utf-8") for file in files] != texts
    result = study.make("format")
    assert result.returncode == 0, result.stderr
    assert [file.read_text(encoding="utf-8") for file in files] == texts


def test_hooks_are_installed(study: Study) -> None:
    subprocess.run(["git", "init", "-q"], cwd=study.folder, check=True)
    subprocess.run([BIN / "pre-commit", "install"], cwd=study.folder, check=True)
    assert "pre-commit" in (study.folder / ".git/hooks/pre-commit").read_text(encoding="utf-8")


def test_what_was_killed_is_found_by_name(tmp_path: Path) -> None:
    """The page's line, with an squeue that lists two jobs, of which one is ours."""
    (line,) = [line for line in commands(ROOT / "docs/cluster.md") if line.startswith("squeue")]
    programs = {
        "squeue": "echo '12 xstilts-a1'; echo '13 other'",
        "scancel": f"echo $* > {tmp_path}/got",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", line], env=environment, check=True)
    assert (tmp_path / "got").read_text(encoding="utf-8").split() == ["12"]


@pytest.mark.parametrize("name", ["offline.md", "data.md"])
def test_a_config_without_network_lacks_nothing(name: str, tmp_path: Path) -> None:
    """It finds all in its files; of the hub nothing is locked here, which would be an error."""
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    text = next(block for block in blocks if "targets: [xnli]" in block)
    placed = re.sub(r"/(data/models|data|models)/", f"{tmp_path}/", text)
    (tmp_path / "mine.yaml").write_text(placed, encoding="utf-8")
    files = [f"mnli/{split}.tsv" for split in ("train", "dev")]
    files += [f"xnli/test-{code}.tsv" for code in read_config()[1].languages["xnli"]]
    for file in [*files, "xlm-roberta-large/config.json"]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("{}", encoding="utf-8")
    config, _ = read_config(tmp_path / "mine.yaml")
    check_config(config)
    (tmp_path / "xnli/test-sw.tsv").unlink()
    with pytest.raises(InputError, match=r"test-sw\.tsv"):
        check_config(config)


# Links


def headings(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in headings(file), target


def test_every_page_is_reached_from_the_readme() -> None:
    linked = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "docs/README.md").read_text(
        encoding="utf-8"
    )
    assert [page.name for page in ROOT.glob("docs/*.md") if page.name not in linked] == []


# The hub


class Hub(BaseHTTPRequestHandler):
    """Answers whatever is asked with a commit."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        name = self.path.split("/api/")[1].split("/", 1)[1].split("/revision")[0].split("?")[0]
        self.wfile.write(json.dumps({"id": name, "sha": "c" * 40, "siblings": []}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_data_are_locked_at_the_commits_of_the_hub(study: Study, hub: str) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub, "PYTHONPATH": str(study.folder)}
    result = subprocess.run(
        [sys.executable, "-m", "xstilts.cli", "lock-data"],
        cwd=study.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    locked = yaml.safe_load((study.folder / "data.lock.yaml").read_text(encoding="utf-8"))
    assert "c" * 40 in str(locked) and "xlm-roberta-large" in str(locked)
