"""Real data and a real encoder, where XSTILTS_REALDATA and XSTILTS_ENCODER say they lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, checkout

from xstilts.config import check_config
from xstilts.data import examples_of, fetch_task
from xstilts.degradation.outcomes import CELLS
from xstilts.tables import read_table

LACKING = [name for name in ("XSTILTS_REALDATA", "XSTILTS_ENCODER") if name not in os.environ]
pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"{' and '.join(LACKING)} not set")

# Rows by split, from the data sets' own descriptions and the shares in config/real.yaml.
ROWS = {
    ("commonsenseqa", "en"): {"train": 9741, "dev": 1221},
    ("hellaswag", "en"): {"train": 9038, "dev": 1004},  # 10,042, nine to one
    ("anli", "en"): {"train": 800, "dev": 200},
    ("mnli", "en"): {"train": 1743, "dev": 249},  # XNLI's 2,490 dev rows, seven to one (to two)
    ("xnli", "sw"): {"test": 498},
    ("udpos", "zh"): {"test": 1000},  # blocks between blank lines, counted by awk
    ("tatoeba", "sw"): {"test": 390},
    ("xquad", "de"): {"test": 1190},
    ("squad1", "en"): {"train": 3326, "dev": 370},  # TyDiQA-GoldP's English 3,696, nine to one
}


def real_config() -> dict[str, Any]:
    study = yaml.safe_load((ROOT / "config.yaml").read_text())
    config = {**study, **yaml.safe_load((ROOT / "config/real.yaml").read_text())}
    check_config(config)
    return config


@pytest.mark.parametrize(("task", "language"), ROWS)
def test_a_real_data_set_is_read_whole(task: str, language: str, tmp_path: Path) -> None:
    expected = ROWS[task, language]
    output = tmp_path / "manifest.json"
    fetch_task(
        task=task,
        part="train" if "train" in expected else "test",
        languages=[language],
        output=str(output),
        world=None,
        source=real_config()["data"][task],
        commits={},
        limits={},
    )
    found = examples_of(output, language)
    assert {split: len(rows) for split, rows in found.items()} == expected


def test_rows_of_parallel_sets_that_are_tested_were_not_trained_on(tmp_path: Path) -> None:
    texts = {}
    for task, part in (("mnli", "train"), ("xnli", "test")):
        output = tmp_path / task / "manifest.json"
        source = real_config()["data"][task]
        fetch_task(
            task=task,
            part=part,
            languages=["en"],
            output=str(output),
            world=None,
            source=source,
            commits={},
            limits={},
        )
        found = examples_of(output, "en")
        texts[task] = {(row["text_a"], row["text_b"]) for rows in found.values() for row in rows}
    assert not texts["mnli"] & texts["xnli"]


def test_the_road_runs_on_real_input(tmp_path: Path) -> None:
    study = checkout(tmp_path / "checkout")
    config = yaml.safe_load((ROOT / "config/real.yaml").read_text())
    config |= {
        "results": "results/real",
        "intermediates": ["none", "anli"],
        "targets": ["udpos", "tatoeba"],
        "languages": ["en", "de", "zh"],
        "seeds": [1],
        "examples": {"train": 200, "dev": 20, "test": 30},
        "training": {**config["training"], "max_steps": 3},
        "similarity": {"texts": 30},
    }
    (study.folder / "tiny.yaml").write_text(yaml.safe_dump(config))
    result = study.snakemake(warm=True)
    assert result.returncode == 0, result.stderr[-3000:]
    cells = read_table(study.folder / "results/real/cells.parquet", CELLS).to_pandas()
    reported = cells[cells["reported"]]
    assert len(reported) == 2 * (3 + 2)
    # Sentence embeddings of a real multilingual encoder: far above one in thirty.
    assert (reported[reported["target"] == "tatoeba"]["value"] > 20).all()
