"""Mistakes in a config stop before the first job, with one line that says what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.study import PUBLISHED, ROOT, TINY, Study, checkout
from snakemake.cli import parse_config

from xstilts.config import check_config, complete_config, read_config
from xstilts.errors import InputError


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return checkout(tmp_path_factory.mktemp("bare") / "checkout")


WHILE_PLANNING = ["one file of all languages", "tested on what is trained on"]
LISTED = {"languages": TINY["languages"]}  # of an entry that lists none
MISTAKES = {
    "a language that YAML reads as false": (
        {"languages": ["en", False]},
        "config: languages: False does not fit; YAML reads no and off so",
    ),
    "a section that is no mapping": (
        {"degradation": "gap"},
        "config: degradation: 'gap' is not of type 'object'",
    ),
    "braces in the results' name": (
        {"results": "results/a{b}"},
        "config: results: 'results/a{b}' has braces, which are wildcards here",
    ),
    "a model whose name is no folder's": (
        {"models": ["a/b"], "model_table": {"a/b": {"path": "x", "layer": 1}}},
        "config: models: 'a/b' names a folder of results; use letters, digits and -._+",
    ),
    "another word in braces": (
        {"data": {"xnli": {"path": "xnli-{lang}.tsv", "format": "tsv"}}},
        "'resources/tiny/xnli-{lang}.tsv' cannot be filled in ('lang'); known are {iso3}, {flores}",
    ),
    "one file of all languages": (
        {"data": {"xnli": {"path": "world.json", "format": "tsv", "languages": ["en", "qa"]}}}
        | {"languages": "all"},
        "config: data: xnli: 'resources/tiny/world.json' is the file of en, qa; write {language}",
    ),
    "tested on what is trained on": (
        {"data": {"udpos": {"path": "world.json", "format": "conll", "languages": ["en"]}}}
        | {"targets": ["udpos"], "languages": "all"},
        "config: data: udpos: 'resources/tiny/world.json' is the English training set and the test",
    ),
    "unknown key": (
        {"langauges": ["qa"]},
        "config: unknown key 'langauges'; did you mean 'languages'?",
    ),
    "unknown key in a section": (
        {"training": {"learning_rat": 1e-3}},
        "config: training: unknown key 'learning_rat'; did you mean 'learning_rate'?",
    ),
    "unknown target": (
        {"targets": ["xnil"]},
        "config: targets: unknown target 'xnil'; did you mean 'xnli'?",
    ),
    "unknown intermediate": (
        {"intermediates": ["hellaswga"]},
        "config: intermediates: unknown intermediate 'hellaswga'; did you mean 'hellaswag'?",
    ),
    "unknown model": (
        {"models": ["xlmr-large"]},
        "config: models: unknown model 'xlmr-large'; did you mean 'xlm-r-large'?",
    ),
    "unknown measure": (
        {"similarity": {"measures": ["centroid_cosin"]}},
        "config: similarity: measures: unknown measure 'centroid_cosin'; "
        "did you mean 'centroid_cosine'?",
    ),
    "a language that a target lacks": (
        {"languages": {"tatoeba": ["en"]}},
        "config: languages: tatoeba: unknown tatoeba language 'en'; known: qa, qb, qc",
    ),
    "languages that a target has none of": (
        {"languages": ["en"]},
        "config: languages: tatoeba has none of en; it has qa, qb, qc",
    ),
    "a seed that is no integer": (
        {"seeds": [1, "two"]},
        "config: seeds: 1: 'two' is not of type 'integer'; "
        "expected an integer, 0 or more, for each training run",
    ),
    "a missing data file": (
        {"data": {"xnli": {"path": "nowhere/{language}.tsv", "format": "tsv"}}},
        "config: data: xnli: no file 'resources/tiny/nowhere/en.tsv' (en); correct the path",
    ),
    "a directory that holds no model": (
        {"models": ["mine"], "model_table": {"mine": {"path": "docs", "layer": 1}}},
        "model_table: mine: path 'resources/tiny/docs' holds no model (no config.json); "
        "give a folder written by save_pretrained",
    ),
    "a headline that is not measured": (
        {"similarity": {"measures": ["mmd"], "headline": "centroid_cosine"}},
        "config: similarity: unknown headline 'centroid_cosine'; known: mmd",
    ),
    "parallel text that is a target": (
        {"similarity": {"parallel": "tatoeba"}},
        "config: similarity: parallel: unknown parallel text 'tatoeba'; known: flores",
    ),
    "an outcome that there is not": (
        {"degradation": {"outcome": "gapp"}},
        "config: degradation: outcome: 'gapp' is not one of ['gap', 'relative_gap'",
    ),
    "a control that no measure is": (
        {"degradation": {"steps": {"language": "pretraining_sise"}}},
        "config: degradation: steps: language: unknown name 'pretraining_sise'; "
        "did you mean 'pretraining_size'?",
    ),
    "a formula that cannot be read": (
        {"degradation": {"steps": {"language": "fertility + (1 | language"}}},
        "config: degradation: steps: language: formula 'gap ~ fertility + (1 | language': Expected",
    ),
    "too few texts to resample": (
        {"similarity": {"texts": 5}},
        "config: similarity: texts: 5 is less than the minimum of 10; expected an integer, 10",
    ),
    "a list of files that are not parallel": (
        {"data": {"xnli": {"path": ["a.tsv", "b.tsv"], "format": "tsv"}}},
        "config: data: xnli: a list of paths needs format parallel",
    ),
    "a licensed data set without files": (
        {**PUBLISHED, "intermediates": ["none", "ccg"], "languages": "all"},
        "config: ccg needs files of your own: CCGbank is sold by the Linguistic Data Consortium as "
        "LDC2005T13 (https://catalog.ldc.upenn.edu/LDC2005T13); with it write data: {ccg: {path:",
    ),
    "pools to mine that the hub lacks": (
        {**PUBLISHED, "intermediates": ["none"], "targets": ["bucc"], "languages": "all"},
        "config: bucc needs files of your own: the hub has the pools to mine, and lacks the sample",
    ),
    "mentions whose texts no copy has": (
        {**PUBLISHED, "intermediates": ["none"], "targets": ["mewslix"], "languages": "all"},
        "config: mewslix needs files of your own: the hub's copy cannot be read reliably",
    ),
    "hub data that are not locked": (
        {**PUBLISHED, "intermediates": ["none"], "targets": ["xnli"], "languages": "all"},
        "config: nyu-mll/glue@main has no commit in data.lock.yaml, so it could change between "
        "runs; run `xstilts lock-data` once where there is network",
    ),
    "a release that is no folder": (
        {"data": {"ccg": {"path": ["a", "b"], "format": "ccgbank"}}, "intermediates": ["ccg"]},
        "config: data: ccg: a list of paths needs format parallel",
    ),
    "a variable that is not set": (
        {"results": "${NO_SUCH_VARIABLE}/results"},
        "config: results: environment variable NO_SUCH_VARIABLE is not set",
    ),
}


def test_locked_hub_data_are_planned_at_their_commits(bare: Study) -> None:
    bare.configure(
        **PUBLISHED,
        intermediates=["none"],
        targets=["pawsx"],
        languages=["en", "de"],
        similarity={"parallel": None},
    )
    commit = "0123456789abcdef" * 2 + "01234567"
    lock = bare.folder / "data.lock.yaml"
    lock.write_text(f"google-research-datasets/paws-x@main: {commit}\n", encoding="utf-8")
    assert bare.planned()["fetch_task"] == 2
    lock.write_text("google-research-datasets/paws-x@main: newest\n", encoding="utf-8")
    result = bare.snakemake("-n")
    lock.unlink()
    assert "data.lock.yaml: google-research-datasets/paws-x@main: 'newest' is not a commit" in (
        result.stdout + result.stderr
    )


def configure(bare: Study, mistake: str) -> str:
    """Write a config with a mistake; what is to be said of it."""
    changes, message = MISTAKES[mistake]
    named = changes.get("data", {})
    data = {**TINY["data"], **{task: {**LISTED, **entry} for task, entry in named.items()}}
    bare.configure(**{**changes, "data": data if named or "data" not in changes else {}})
    return message


@pytest.mark.parametrize("mistake", sorted(MISTAKES.keys() - WHILE_PLANNING))
def test_a_mistake_says_what_to_write(
    bare: Study, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = configure(bare, mistake)
    monkeypatch.chdir(bare.folder)
    with pytest.raises(InputError) as error:
        check_config(read_config(Path("tiny.yaml"))[0])
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mistake", [*WHILE_PLANNING, "unknown key", "a missing data file"])
@pytest.mark.slow
def test_snakemake_says_a_mistake_in_one_line(bare: Study, mistake: str) -> None:
    message = configure(bare, mistake)
    result = bare.snakemake("-n")
    said = [line.strip() for line in (result.stdout + result.stderr).splitlines()]
    assert result.returncode != 0
    assert [line for line in said if line.startswith(message)], "\n".join(said[-8:])
    assert not Path(bare.folder / "results").exists()


GIVEN = [
    ("allow_unlocked=true", "allow_unlocked", True),
    ("seeds=[1, 2]", "seeds", [1, 2]),
    (
        "training={max_steps: 7, learning_rate: 1e-3, freeze_embeddings: false}",
        "training",
        None,
    ),
    ("similarity={layers: [0, 1]}", "similarity", None),
    ("examples={train: 10, test: null}", "examples", None),
    ("store=null", "store", None),
    ("languages={xnli: [en, qa]}", "languages", {"xnli": ["en", "qa"]}),
]


def test_snakemake_takes_values_of_the_command_line(bare: Study) -> None:
    bare.configure()
    given = [words for words, _, _ in GIVEN]
    assert bare.snakemake("-n", "--quiet", "all", "--config", *given).returncode == 0


@pytest.mark.parametrize(("given", "key", "value"), GIVEN)
def test_values_of_the_command_line_are_read_by_the_schemas_types(
    bare: Study, given: str, key: str, value: Any
) -> None:
    root = {"data_root": str(bare.folder / "resources/tiny")}
    config = {**TINY, **root, **parse_config([given])}
    complete_config(config)
    wanted = {
        "training": {"max_steps": 7, "learning_rate": 1e-3, "freeze_embeddings": False},
        "similarity": {"layers": [0, 1]},
        "examples": {"train": 10, "test": None},
    }.get(key)
    if wanted is None:
        assert config[key] == value
    else:
        assert {name: config[key][name] for name in wanted} == wanted


def test_entries_that_configs_make_together_are_said(bare: Study, tmp_path: Path) -> None:
    """Snakemake joins mappings key by key, so that a path of one may meet the labels of another."""
    entry = {"path": str(ROOT / "Makefile"), "format": "tsv", "labels": {"x": "neutral"}}
    bare.configure(data={**TINY["data"], "qqp": entry})
    (tmp_path / "more.yaml").write_text("data: {qqp: {path: Snakefile}}", encoding="utf-8")
    result = bare.snakemake("--configfile", "tiny.yaml", str(tmp_path / "more.yaml"), "-n")
    said = [line for line in result.stderr.splitlines() if line.startswith("config: data: qqp")]
    assert said == [
        "config: data: qqp is made of several configs: format of tiny.yaml, "
        "labels of tiny.yaml, path of more.yaml"
    ]


def test_a_name_that_this_session_cannot_write_is_refused(
    bare: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.configure(data={"qqp": {"path": "données.tsv", "format": "tsv"}})
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    result = bare.snakemake("-n")
    assert result.returncode != 0
    assert "this session's encoding is ascii: export PYTHONUTF8=1" in result.stdout + result.stderr
