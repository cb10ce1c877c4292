"""Real data and a real encoder, where XSTILTS_REALDATA and XSTILTS_ENCODER say they lie."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import examples
from helpers.contract import check_examples
from helpers.study import ROOT, Study, checkout

from xstilts.config import check_config
from xstilts.data.fetch import examples_of
from xstilts.degradation.outcomes import CELLS
from xstilts.encoder.model import Encoder, load_tokenizer
from xstilts.evaluation.score_files import OFFICIAL, score_files
from xstilts.io.tables import read_json, read_table
from xstilts.tasks import tasks

LACKING = [name for name in ("XSTILTS_REALDATA", "XSTILTS_ENCODER") if name not in os.environ]
pytestmark = [
    pytest.mark.skipif(bool(LACKING), reason=f"{' and '.join(LACKING)} not set"),
    pytest.mark.xdist_group("real"),
]

# Rows by split, from the data sets' own descriptions and the shares in config/real.yaml.
ROWS = {
    ("commonsenseqa", "en"): {"train": 9741, "dev": 1221},
    ("hellaswag", "en"): {"train": 9038, "dev": 1004},  # 10,042, nine to one
    ("cosmosqa", "en"): {"train": 2686, "dev": 299},  # 2,985, nine to one (round half to even)
    ("anli", "en"): {"train": 800, "dev": 200},
    ("mnli", "en"): {"train": 1743, "dev": 249},  # XNLI's 2,490 dev rows, seven to one (to two)
    ("xnli", "sw"): {"test": 498},
    ("pawsx", "en"): {"train": 1400, "dev": 200},  # 2,000, seven to one (to two)
    ("pawsx", "zh"): {"test": 400},
    ("siqa", "en"): {"train": 1759, "dev": 195},  # 1,954, nine to one
    ("copa", "en"): {"train": 400, "dev": 100},
    ("xcopa", "qu"): {"test": 500},
    ("udpos", "zh"): {"test": 1000},  # blocks between blank lines, counted by awk
    ("wikiann", "en"): {"train": 2001},
    ("wikiann", "ru"): {"test": 1000},
    ("tatoeba", "sw"): {"test": 390},
    ("squad1", "en"): {"train": 3326, "dev": 370},  # TyDiQA-GoldP's English 3,696, nine to one
    ("squad_retrieval", "en"): {"train": 3326, "dev": 370},
    ("tydiqa", "en"): {"train": 2957, "dev": 369},  # 3,696, eight to one (to one)
    ("tydiqa", "ko"): {"test": 163},  # a tenth of 1,625 (round half to even)
    ("xquad", "de"): {"test": 1190},
    ("lareqa", "de"): {"test": 1190 + 1276},  # questions and candidate sentences
    ("mlqa", "zh"): {"test": 504},
}


def real_config() -> dict[str, Any]:
    study = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config = {**study, **yaml.safe_load((ROOT / "config/real.yaml").read_text(encoding="utf-8"))}
    check_config(config)
    return config


def fetch(task: str, part: str, language: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    source = real_config()["data"][task]
    return examples.fetch(task, part, language, folder / "manifest.json", source)


@pytest.fixture(scope="module")
def model() -> tuple[Any, Any]:
    folder = os.environ["XSTILTS_ENCODER"]
    return Encoder(folder), load_tokenizer(folder)


@pytest.mark.parametrize(("task", "language"), ROWS)
def test_a_real_data_set_is_read_whole_and_keeps_the_contract(
    task: str, language: str, tmp_path: Path, model: tuple[Any, Any]
) -> None:
    expected = ROWS[task, language]
    found = fetch(task, "train" if "train" in expected else "test", language, tmp_path)
    assert {split: len(rows) for split, rows in found.items()} == expected
    few = {split: rows[:4] for split, rows in found.items()}
    if task == "lareqa":  # questions come first, their candidates later
        queries = {key for row in few["test"] for key in row["keys"]}
        few["test"] += [row for row in found["test"][1190:] if queries & set(row["keys"])]
    check_examples(tasks()[task], few, read_json(tmp_path / "manifest.json")["labels"], model)


@pytest.mark.parametrize(
    ("trained", "tested", "fields", "repeated"),
    [
        ("mnli", "xnli", ("text_a", "text_b"), 0),
        ("pawsx", "pawsx", ("text_a", "text_b"), 2),  # the set holds two pairs of rows twice
        ("tydiqa", "tydiqa", ("context", "question"), 0),
        ("squad1", "xquad", ("context",), 0),
        ("squad_retrieval", "lareqa", ("candidate",), 0),
        ("wikiann", "wikiann", ("words",), 0),
    ],
)
def test_english_rows_that_are_tested_were_not_trained_on(
    tmp_path: Path, trained: str, tested: str, fields: tuple[str, ...], repeated: int
) -> None:
    """The other languages of these sets are translations of their English rows."""
    texts = []
    for task, part in ((trained, "train"), (tested, "test")):
        found = fetch(task, part, "en", tmp_path / part)
        rows = [row for split in found.values() for row in split if row[fields[0]]]
        texts.append({str([row[field] for field in fields]) for row in rows})
    assert len(texts[0] & texts[1]) == repeated


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Every target of the real config in every language it has, few rows, hardly trained."""
    study = checkout(tmp_path_factory.mktemp("road") / "checkout")
    config = yaml.safe_load((ROOT / "config/real.yaml").read_text(encoding="utf-8"))
    config |= {
        "intermediates": ["none", "anli"],
        "examples": {"train": 100, "dev": 20, "test": 30},
        "training": {**config["training"], "max_steps": 3},
        "similarity": {"texts": 30},
    }
    (study.folder / "config/real.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = study.make("real")
    assert result.returncode == 0, result.stderr[-3000:]
    return study


def test_the_road_runs_on_real_input(road: Study) -> None:
    cells = read_table(road.folder / "results/real/cells.parquet", CELLS).to_pandas()
    reported = cells[cells["reported"]]
    languages = {"udpos": 17, "wikiann": 5, "xnli": 10, "pawsx": 3, "xcopa": 11, "xquad": 3}
    languages |= {"mlqa": 3, "tydiqa": 3, "tatoeba": 41, "lareqa": 3}
    assert reported.groupby("target").size().to_dict() == {
        target: 2 * count for target, count in languages.items()
    }
    # Sentence embeddings of a real multilingual encoder: far above one in thirty.
    tatoeba = reported[(reported["target"] == "tatoeba") & (reported["intermediate"] == "none")]
    assert tatoeba["value"].mean() > 40


def _answers(rows: list[Any], predictions: dict[str, str]) -> tuple[Any, Any]:
    """A QA prediction file and its gold file, in SQuAD's format."""
    paragraphs = [
        {
            "context": row["context"],
            "qas": [
                {
                    "id": row["id"],
                    "question": row["question"],
                    "answers": [
                        {"text": text, "answer_start": start}
                        for text, start in zip(row["answers"], row["answer_starts"], strict=True)
                    ],
                }
            ],
        }
        for row in rows
    ]
    return json.dumps(predictions), json.dumps({"data": [{"paragraphs": paragraphs}]})


def _labels(rows: list[Any], predictions: dict[str, str], names: tuple[str, ...]) -> Any:
    return (
        "".join(f"{predictions[row['id']]}\n" for row in rows),
        "".join(f"{names[row['label']]}\n" for row in rows),
    )


def _tokens(rows: list[Any], predictions: dict[str, str]) -> tuple[str, str]:
    def lines(tags: list[list[str]]) -> str:
        pairs = [zip(row["words"], each, strict=True) for row, each in zip(rows, tags, strict=True)]
        return "\n".join("".join(f"{word}\t{tag}\n" for word, tag in pair) for pair in pairs)

    return (
        lines([predictions[row["id"]].split(" ") for row in rows]),
        lines([row["tags"] for row in rows]),
    )


def _ranked(rows: list[Any], predictions: dict[str, str], pool: dict[str, Any]) -> tuple[str, str]:
    gold = [
        [name for name, keys in pool.items() if set(row["keys"]) & keys]
        for row in rows
        if row["query"]
    ]
    asked = [predictions[row["id"]] for row in rows if row["query"]]
    return "\n".join(asked) + "\n", "\n".join(map(" ".join, gold)) + "\n"


def _pool(manifest: Path) -> dict[str, set[str]]:
    return {
        f"{language}:{row['id']}": set(row["keys"])
        for language in read_json(manifest)["languages"]
        for row in examples_of(manifest, language)["test"]
        if row["candidate"]
    }


def official_files(target: str, language: str, cell: Path, manifest: Path) -> tuple[str, str]:
    """The predictions that the workflow stored, and its test data, in the official formats."""
    rows = examples_of(manifest, language)["test"]
    table = read_table(cell / "predictions.parquet").to_pylist()
    predictions = {row["id"]: row["prediction"] for row in table}
    task = tasks()[target]
    if task.kind == "span_qa":
        return _answers(rows, predictions)
    if task.kind == "tagging":
        return _tokens(rows, predictions)
    if task.kind == "dual_encoder":
        return _ranked(rows, predictions, _pool(manifest))
    if task.kind == "bitext":
        return "".join(f"{predictions[row['id']]}\n" for row in rows), ""
    files: tuple[str, str] = _labels(rows, predictions, task.labels)
    return files


def test_predictions_score_the_same_by_the_command_and_inside_the_workflow(
    road: Study, tmp_path: Path
) -> None:
    """Every target, every language of the kit, every metric that both know."""
    scores = sorted(
        (road.folder / "results/real/scores").rglob("intermediate=none/**/scores.parquet")
    )
    assert len(scores) == 99
    for file in scores:
        axes = dict(part.split("=") for part in file.parts if "=" in part)
        target, language = axes["target"], axes["language"]
        manifest = road.folder / f"results/real/data/part=test/task={target}/manifest.json"
        texts = official_files(target, language, file.parent, manifest)
        paths = [tmp_path / "predictions", tmp_path / "gold"]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        gold = None if target == "tatoeba" else paths[1]
        by_command = score_files(target, language, paths[0], gold)
        rows = read_table(file).to_pylist()
        known = {OFFICIAL.get(row["metric"], row["metric"]): row["value"] for row in rows}
        assert by_command.pop("n") == rows[0]["n"]
        assert by_command == pytest.approx({name: known[name] for name in by_command}, abs=1e-9)
