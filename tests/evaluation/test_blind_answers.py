"""Answers that do not look at what is asked, and what they score: by hand."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.evaluation.metrics import evaluate_metric
from xstilts.kinds import ScoringInput, evaluated_kind
from xstilts.tasks import tasks

PLACES = [["Rome"], ["Paris"], ["in Rome", "Rome"]]
TAGS = [["DET", "NOUN"], ["NOUN", "NOUN"]]


def scores(
    target: str, metric: str, answers: list[Any], gold: list[Any], blind: bool = True
) -> list[float]:
    """The metric of each way of answering without looking."""
    task = tasks()[target]
    unread: Any = None
    asked = ScoringInput(task=task, language="en", labels=[], rows=unread, examples=[], blind=blind)
    answered = evaluated_kind(task).blind(answers, gold, asked)
    return [evaluate_metric(metric, each, 0)[0] for each in answered]


@pytest.mark.parametrize(
    ("target", "metric", "answers", "gold", "expected"),
    [
        # Answers n, n, e, n are turned to e, n, n, n; three of four are n.
        ("xnli", "accuracy", [*"nnen"], [*"nnne"], [50.0, 75.0]),
        # Of three questions, turned by one: Paris, Rome, Rome. "Rome" is right twice.
        ("xquad", "exact_match", ["Rome", "Paris", "Rome"], PLACES, [100 / 3, 200 / 3]),
        # Of four tags: each other's tags are right twice; NOUN is right three times.
        ("udpos", "token_accuracy", TAGS, TAGS, [50.0, 75.0]),
        # LAReQA has no answer in common: only the rankings of other queries are tried.
        ("lareqa", "map@20", [["a"], ["b"]], [{"a"}, {"b"}], [0.0]),
    ],
)
def test_what_they_score(
    target: str, metric: str, answers: list[Any], gold: list[Any], expected: list[float]
) -> None:
    assert scores(target, metric, answers, gold) == pytest.approx(expected)


def test_they_are_scored_if_they_are_wanted_and_one_example_has_no_other() -> None:
    assert scores("xnli", "accuracy", [*"nn"], [*"nn"], blind=False) == []
    assert scores("xnli", "accuracy", ["n"], ["n"]) == [100.0]  # the majority class


def test_of_questions_without_an_answer_none_is_the_commonest() -> None:
    assert scores("squad2", "exact_match", ["a", "a"], [[], []])[1] == 100.0
