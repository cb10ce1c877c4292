"""A checkout of the project with a tiny study, which tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.invented import invented
from xstilts.world import World

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SMALL = World(train=320, dev=12, test=30)  # too few dev examples to call answers constant
INVENTED = ("language_table", "size_table", "truth", "data", "translation")
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))
PUBLISHED: dict[str, Any] = {
    key: {} if key in ("data", "translation") else None for key in INVENTED
}
TINY = {
    **{key: DEMO[key] for key in ("model_table", *INVENTED)},
    "data_root": "resources/tiny",
    "results": "results/tiny",
    "models": ["nano"],
    "intermediates": ["none", "mnli"],
    "targets": ["xnli", "udpos", "tatoeba"],
    "languages": ["en", "qa", "qe", "ql"],
    "seeds": [1],
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
        ".git", ".venv", ".snakemake", "resources", "results", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, folder, ignore=left_out)
    shutil.copytree(invented(SMALL), folder / str(TINY["data_root"]))
    study = Study(folder)
    study.configure()
    return study


def traced_study(folder: Path) -> None:
    """Run the tiny study in a folder's `checkout`; its `traces` say which functions jobs ran."""
    (folder / "traces").mkdir()
    study = checkout(folder / "checkout")
    result = study.snakemake(
        warm=True,
        PYTHONPATH=f"{study.folder}:{ROOT / 'tests/tracing'}",
        XSTILTS_TRACES=str(folder / "traces"),
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
