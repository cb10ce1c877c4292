"""Every kind: encoded, learned, decoded, scored. Scores are checked by hand-worked examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.batches import by_length, pad
from xstilts.encoder import Encoder, load_tokenizer
from xstilts.kinds import (
    Asked,
    Reference,
    dual_encoder,
    kind_names,
    kind_of,
    mining,
    span_qa,
    tagging,
)
from xstilts.kinds.classification import score as score_classes
from xstilts.scores import evaluate_metric
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.encoder import write_nano
from xstilts.world.examples import examples

WORLD = World(train=40, dev=12, test=12)


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(WORLD, folder)
    torch.manual_seed(0)
    return Encoder(folder), load_tokenizer(folder)


def labels_of(task: str) -> list[str]:
    found = examples(WORLD, task, "en", "train")
    return list(tasks()[task].labels) or sorted(
        {tag for row in found for tag in row.get("tags", ())}
    )


def test_every_kind_is_some_tasks_kind() -> None:
    assert {task.kind for task in tasks().values()} == set(kind_names())


@pytest.mark.parametrize("name", tasks())
def test_a_task_is_encoded_learned_decoded_and_scored(nano: Any, name: str) -> None:
    encoder, tokenizer = nano
    task, kind, labels = tasks()[name], kind_of(tasks()[name]), labels_of(name)
    split = "test" if task.target else "train"
    found = examples(WORLD, name, "qa" if task.target else "en", split)
    rows = kind.encode(found, tokenizer, task, labels)
    assert {row["example"] for row in rows} == set(range(len(found)))
    head = kind.head(encoder.width, len(labels))
    batch = pad(rows, encoder.pad_id)
    hidden = encoder(batch)
    if task.training or task.intermediate:
        loss = kind.loss(head, hidden, batch)
        loss.backward()
        assert torch.isfinite(loss)
    with torch.inference_mode():
        outputs = kind.decode(head, encoder(batch), batch)
    reference = Reference(outputs=outputs, examples=found)
    asked = Asked(task=task, labels=labels, rows=rows, examples=found, reference=reference)
    scored = kind.score(outputs, asked)
    value, low, high = evaluate_metric(task.metric, scored.statistics, resamples=50)
    assert len(scored.predictions) == len(found)
    assert 0 <= low <= value <= high <= 100


@pytest.mark.parametrize("name", [name for name in tasks() if not tasks()[name].target][:9])
def test_padding_changes_nothing(nano: Any, name: str) -> None:
    encoder, tokenizer = nano
    task, kind = tasks()[name], kind_of(tasks()[name])
    rows = kind.encode(examples(WORLD, name, "en", "dev"), tokenizer, task, labels_of(name))
    encoder.eval()
    with torch.inference_mode():
        together = encoder(pad(rows, encoder.pad_id))
        alone = encoder(pad(rows[:1], encoder.pad_id))
    size = len(rows[0]["sequences"][0])
    torch.testing.assert_close(together[0, :size], alone[0, :size], atol=1e-5, rtol=1e-4)


def test_batches_by_length_hold_every_row_once_within_the_budget() -> None:
    rows = [{"sequences": [[0] * size]} for size in (9, 2, 5, 5, 1, 30)]
    batches = list(by_length(rows, tokens=12))
    assert sorted(np.concatenate(batches)) == list(range(6))
    for batch in batches:
        longest = max(len(rows[at]["sequences"][0]) for at in batch)
        assert len(batch) == 1 or longest * len(batch) <= 12


def test_accuracy_by_hand() -> None:
    gold = [{"label": 0}, {"label": 1}, {"label": 1}, {"label": 2}]
    asked = Asked(task=tasks()["xnli"], labels=["e", "n", "c"], rows=[], examples=gold)
    scored = score_classes([0, 1, 2, 2], asked)
    assert evaluate_metric("accuracy", scored.statistics, 10)[0] == 75.0


def test_a_long_sentence_is_split_not_cut(nano: Any) -> None:
    _, tokenizer = nano
    example = examples(WORLD, "udpos", "en", "dev")[0]
    long = {"words": example["words"] * 30, "tags": example["tags"] * 30}
    rows = tagging.encode([long], tokenizer, tasks()["udpos"], labels_of("udpos"))
    assert len(rows) > 1
    assert max(len(row["sequences"][0]) for row in rows) <= tasks()["udpos"].max_length
    tagged = [tag for row in rows for tag in row["tags"] if tag != tagging.IGNORED]
    assert len(tagged) == len(long["words"])


def test_runs_of_a_tag_are_spans() -> None:
    # N N V: one run of N, one of V; adjacent equal tags merge, as in the published UD-POS score
    assert tagging.run_spans(["N", "N", "V"]) == [(0, 2, "N"), (2, 3, "V")]


def test_iob_entities_by_hand() -> None:
    tags = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-ORG"]
    assert tagging.iob_spans(tags) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC"), (5, 6, "ORG")]


def test_span_f1_by_hand() -> None:
    # gold spans A(0,2) B(2,3); predicted A(0,1) B(1,3): no hit. Second sentence: 1 hit of 1 and 1.
    gold = [{"tags": ["A", "A", "B"]}, {"tags": ["A"]}]
    rows = [{"example": 0}, {"example": 1}]
    asked = Asked(task=tasks()["udpos"], labels=["A", "B"], rows=rows, examples=gold)
    scored = tagging.score([[0, 1, 1], [0]], asked)
    assert evaluate_metric("span_f1", scored.statistics, 10)[0] == pytest.approx(100 * 2 / 6)
    assert evaluate_metric("token_accuracy", scored.statistics, 10)[0] == 75.0


def test_squad_rules_by_hand() -> None:
    assert span_qa.exact_match("The Cat!", "cat") == 1.0
    assert span_qa.f1("the black cat", "cat sat") == pytest.approx(2 * 1 / 4)
    assert span_qa.f1("", "") == 1.0
    assert span_qa.f1("cat", "") == 0.0


def test_an_answer_is_found_in_its_window(nano: Any) -> None:
    _, tokenizer = nano
    found = examples(WORLD, "squad1", "en", "train")
    for row in span_qa.encode(found, tokenizer, tasks()["squad1"], []):
        example = found[row["example"]]
        begin, end = row["starts"][row["first"]], row["ends"][row["last"]]
        assert example["context"][begin:end] == example["answers"][0]


def test_a_long_context_is_read_in_overlapping_windows(nano: Any) -> None:
    _, tokenizer = nano
    example = dict(examples(WORLD, "squad1", "en", "train")[0])
    example["context"] = " ".join([example["context"]] * 30)
    rows = span_qa.encode([example], tokenizer, tasks()["squad1"], [])
    assert len(rows) > 1
    covered = {at for row in rows for at in row["starts"] if at >= 0}
    words = example["context"].split()
    assert len(covered) == len(words)


def test_a_question_longer_than_a_window_is_cut(nano: Any) -> None:
    _, tokenizer = nano
    example = dict(examples(WORLD, "squad1", "en", "train")[0])
    example["question"] = " ".join([example["question"]] * 100)
    short = replace(tasks()["squad1"], max_length=48)
    rows = span_qa.encode([example], tokenizer, short, [])
    assert max(len(row["sequences"][0]) for row in rows) <= 48


def test_ratio_margin_by_hand() -> None:
    # One target, two sources; fewer neighbours than k: means over all there are.
    cosine = np.array([[0.8], [0.2]])
    expected = [[0.8 / ((0.8 + 0.5) / 2)], [0.2 / ((0.2 + 0.5) / 2)]]
    np.testing.assert_allclose(mining.ratio_margin(cosine), expected)


def test_the_mining_threshold_maximises_f1() -> None:
    pair, single = {"source": "a", "target": "b"}, {"source": "a", "target": None}
    gold = [pair, pair, single]
    mined = [(3.0, 0, 0), (2.0, 1, 1), (1.0, 2, 0)]
    # F1 after 1, 2, 3 pairs: 2/3, 4/4, 4/5
    assert mining.best_threshold(mined, gold) == 2.0


def test_mean_average_precision_by_hand() -> None:
    # The query's nearest is wrong, the next two are right: AP = (1/2 + 2/3) / 2, RR = 1/2.
    query = {"key": "x"}
    pool = [{"key": "y"}, {"key": "x"}, {"key": "x"}, {"key": "z"}]
    vectors = [[1.0, 0.0], [0.9, 0.1], [0.8, 0.2], [0.0, 1.0]]
    outputs = [np.array([[0.0, 0.0], vector]) for vector in vectors]
    asked = Asked(
        task=tasks()["lareqa"],
        labels=[],
        rows=[],
        examples=[query],
        reference=Reference(outputs=outputs, examples=pool),
    )
    scored = dual_encoder.score([np.array([[1.0, 0.0], [0.0, 0.0]])], asked)
    assert scored.statistics["average_precision"][0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scored.statistics["reciprocal_rank"][0] == 0.5


def test_the_bootstrap_interval_is_that_of_a_binomial() -> None:
    # 400 examples, 60% right: normal approximation 60 +- 1.96 * sqrt(.6 * .4 / 400) = 4.8 points
    correct = np.repeat([1.0, 0.0], [240, 160])
    value, low, high = evaluate_metric("accuracy", {"correct": correct}, 4000)
    assert value == 60.0
    assert low == pytest.approx(60 - 4.8, abs=0.7)
    assert high == pytest.approx(60 + 4.8, abs=0.7)
