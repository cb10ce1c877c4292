"""A tiny study that has run for real, once, and what tests of the workflow need of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from xstilts.data.fetch import examples_of, fetch_task
from xstilts.encoder.batch import Batch
from xstilts.encoder.encoded_rows import EncodedExamples

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TINY = {
    "results": "results/tiny",
    "models": ["nano"],
    "intermediates": ["none", "mnli"],
    "targets": ["xnli", "udpos", "tatoeba"],
    "languages": ["en", "qa", "qe", "ql"],
    "seeds": [1],
    "world": {"train": 320, "dev": 12, "test": 30},  # too few dev examples to call answers constant
    "training": {
        "learning_rate": 3.0e-3,
        "batch_size": 16,
        "max_steps": 20,
        "freeze_embeddings": True,
    },
    "evaluation": {"resamples": 20},
    "similarity": {
        "texts": 20,
        "layers": "all",
        # one for each of what measures read
        "measures": [
            "centroid_cosine",
            "cosine_gap",
            "jensen_shannon",
            "logme",
            "mmd",
            "same_data",
            "task_embedding",
            "theme_overlap",
            "uriel_genetic",
        ],
    },
}


@dataclass(frozen=True)
class Study:
    """A checkout with a config, in a folder of its own."""

    folder: Path

    def snakemake(
        self, *words: str, warm: bool = False, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run snakemake in the checkout with the tiny config on top."""
        before = [str(BIN / "xstilts"), "warm"] if warm else []
        command = [
            *before,
            str(BIN / "snakemake"),
            "--configfile",
            "tiny.yaml",
            "--profile",
            "local",
        ]
        return self._run(*command, *words, **environment)

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """Make a target in the checkout, with the environment that tests run in."""
        return self._run("make", f"BIN={BIN}", "-o", ".venv/installed", target)

    def xstilts(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the checkout's own command."""
        return self._run(sys.executable, "-m", "xstilts.cli", *words)

    def _run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def planned(self, *words: str) -> Counter[str]:
        """How many jobs of each rule a dry run plans."""
        result = self.snakemake(*words, "-n", "--quiet", "rules")
        assert result.returncode == 0, result.stdout + result.stderr
        lines = (line.split() for line in result.stdout.splitlines())
        pairs = [words for words in lines if len(words) == 2 and words[1].isdigit()]
        return Counter({name: int(count) for name, count in pairs if name != "total"})

    def configure(self, **changes: object) -> None:
        """Rewrite the config with some keys changed."""
        (self.folder / "tiny.yaml").write_text(
            yaml.safe_dump({**TINY, **changes}), encoding="utf-8"
        )

    def copy(self, folder: Path) -> Study:
        """A copy that may be changed, results and their times included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Study(folder)


def checkout(folder: Path) -> Study:
    """The project's files, without results or environment, and the tiny config."""
    left_out = shutil.ignore_patterns(
        ".git", ".venv", ".snakemake", "results", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, folder, ignore=left_out)
    study = Study(folder)
    study.configure()
    return study


def fetch(
    task: str,
    part: str,
    language: str | list[str],
    output: Path,
    source: dict[str, Any] | None = None,
    limits: dict[str, int] | None = None,
    world: dict[str, Any] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Canonical examples by split, written by `fetch_task` to `output` and read again.

    Of several languages, those of the first.
    """
    languages = [language] if isinstance(language, str) else language
    fetch_task(
        task=task,
        part=part,
        languages=languages,
        manifest=str(output),
        world=world,
        source=source,
        commits={},
        limits=limits or {},
    )
    return examples_of(output, languages[0])


def batch_of_all(records: Iterable[Mapping[str, Any]]) -> Batch:
    """One batch of all the encoded records, in memory."""
    rows = EncodedExamples.of(records)
    return Batch(rows, np.arange(len(rows)), torch.device("cpu"))


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
