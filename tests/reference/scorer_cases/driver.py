"""All tasks at once, by the benchmarks' own driver."""

from __future__ import annotations

import random
from pathlib import Path
from unittest import mock

from scorer_cases import Case, official


def driver_case(folder: Path, version: str, tasks: list[str], seed: int) -> Case:
    """What evaluate.py averages out of invented scores of each task and language."""
    code, rng = official("evaluate"), random.Random(seed)
    languages = code.XTREME_VERSIONS_LANG_DICT[version]
    groups = code.XTREME_VERSIONS_GROUP_DICT[version]
    kinds = {"f1": ["f1", "precision", "recall"], "bucc_f1": ["f1", "precision", "recall"]}
    kinds |= {"accuracy": ["accuracy"], "mewslix_map20": ["map@20"]}
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for task in tasks:
        metrics = kinds.get(code.METRIC_FUNCTION[task].__name__, ["exact_match", "f1"])
        (folder / version / task).mkdir(parents=True)
        scores[task] = {}
        for language in languages[task]:
            suffix = code.get_suffix(task, groups)
            (folder / version / task / f"test-{language}.{suffix}").touch()
            scores[task][language] = {m: round(rng.uniform(20, 90), 1) for m in metrics}

    def answer(prediction_file: str, label_file: str, task: str, language: str) -> dict[str, float]:
        return scores[task][language]

    where = str(folder / version)
    with mock.patch.object(code, "evaluate_one_task", answer):
        overall, detailed = code.evaluate(where, where, version)
    averages = {
        t: {k: v for k, v in d.items() if k.startswith("avg_")} for t, d in detailed.items()
    }
    return {"version": version, "scores": scores, "averages": averages, "overall": overall}


def driver(folder: Path) -> list[Case]:
    code = official("evaluate")
    extended = [t for t in code.XTREME_R_TASK2LANGS if t != "lareqa"]  # never scored there
    return [
        driver_case(folder / "a", "xtreme", list(code.XTREME_TASK2LANGS), 1),
        driver_case(folder / "b", "xtreme", ["xquad", "xnli", "pawsx"], 2),
        driver_case(folder / "c", "xtreme-r", extended, 3),
    ]
