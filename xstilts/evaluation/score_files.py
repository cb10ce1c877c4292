"""Scores of predictions in the official scorers' file formats, so that anyone can check them.

The formats are the kinds' own (`read_files` of each module of `xstilts.kinds`).
"""

from __future__ import annotations

from pathlib import Path

from xstilts.errors import InputError, check_name
from xstilts.evaluation.metrics import ALSO, evaluate_metric
from xstilts.kinds import evaluated_kind
from xstilts.languages import languages, languages_of
from xstilts.tasks import target_tasks, tasks

OFFICIAL = {  # what the official scorers call our metrics
    "span_f1": "f1",
    "token_accuracy": "accuracy",
    "retrieval_accuracy": "accuracy",
    "mining_f1": "f1",
}

COUNTED = {  # in words
    "missing": "{} gold answers have no prediction; they count as wrong",
    "ignored": "{} predictions are of nothing in the gold file; they are ignored",
    "empty": "{} predictions are empty",
    "hidden": "{} gold labels or answers are hidden; they are not scored",
}


def score_files(
    target: str, language: str, predictions: Path, gold: Path | None
) -> dict[str, float]:
    """Metrics in percent, `n`, and how many answers are `missing`, `ignored`, `empty` or `hidden`.

    Counts that are zero are not named; what they count is in `xstilts.kinds.Answered`.

    Args:
        target: an evaluated task.
        language: one of the target's languages.
        predictions: the file of predictions.
        gold: the file of gold answers; not needed for bitext retrieval.

    Raises:
        InputError: an unknown name, or a file that is not in the target's format.
    """
    check_name("target", target, target_tasks(), "--target")
    check_name("language", language, languages_of(target) or languages(), f"--language ({target})")
    for path in filter(None, (predictions, gold)):
        if not path.is_file():
            raise InputError(f"no file '{path}'")
    task = tasks()[target]
    kind = evaluated_kind(task)
    contents = kind.read_files(predictions, gold, task)
    if contents.hidden and not contents.gold:
        raise InputError(f"{gold}: every label or answer is hidden: nothing to score against")
    statistics = kind.compute_statistics(contents.answers, contents.gold, task, language)
    count = len(next(iter(statistics.values())))
    if not count:
        raise InputError(f"{predictions}: holds no prediction")
    values: dict[str, float] = {"n": count, **contents.counts}
    for metric in (task.metric, *ALSO.get(task.metric, ())):
        if not metric.endswith("real_piece"):  # files hold one reading only
            value = evaluate_metric(metric, statistics, resamples=0)[0]
            values[OFFICIAL.get(metric, metric)] = value
    return values
