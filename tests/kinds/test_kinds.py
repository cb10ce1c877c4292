"""Every kind: encoded, learned, decoded, scored. Scores are checked by hand-worked examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.examples import batch_of_all
from helpers.invented import invented
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Encoder, load_tokenizer
from xstilts.encoder.packed_batch import by_length
from xstilts.evaluation.metrics import evaluate_metric
from xstilts.evaluation.predict import read_by
from xstilts.kinds import (
    Reference,
    ScoringInput,
    dual_encoder,
    kind_names,
    kind_of,
    masked_lm,
    span_qa,
    tagging,
)
from xstilts.languages import add_languages
from xstilts.models import MODELS
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.examples import examples
from xstilts.world.planted_encoder import write_nano

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


SCORED = [name for name, task in tasks().items() if task.kind != "masked_lm"]


@pytest.mark.parametrize("name", SCORED)
def test_a_task_is_encoded_learned_decoded_and_scored(nano: Any, name: str) -> None:
    encoder, tokenizer = nano
    add_languages(str(invented(WORLD) / "languages.csv"))  # MLQA's rules ask for them
    task, kind, labels = tasks()[name], kind_of(tasks()[name]), labels_of(name)
    split = "test" if task.target else "train"
    language = "qa" if task.target else "en"
    found = examples(WORLD, name, language, split)
    rows = kind.encode(found, tokenizer, task, labels)
    assert {row["example"] for row in rows} == set(range(len(found)))
    head = kind.head(encoder, len(labels))
    batch = batch_of_all(rows)
    if task.finetuning or task.intermediate:
        losses = kind.loss(head, encoder, batch)
        losses.sum().backward()
        assert torch.isfinite(losses).all()
    with torch.inference_mode():
        outputs = kind.decode(head, encoder(batch, read_by(kind)), batch)
    reference = Reference(outputs=outputs, examples=found)
    asked = ScoringInput(
        task=task,
        language=language,
        labels=labels,
        rows=EncodedExamples.of(rows),
        examples=found,
        reference=reference,
    )
    scored = kind.score(outputs, asked)
    value, low, high = evaluate_metric(task.metric, scored.statistics, resamples=50)
    sides = {"mining": "source", "dual_encoder": "query"}
    asking = [row for row in found if row[sides.get(task.kind, "id")]]
    assert scored.ids == [row["id"] for row in asking]
    assert len(scored.predictions) == len(asking)
    assert 0 <= low <= value <= high <= 100


def test_batches_by_length_hold_every_row_once_within_the_budget() -> None:
    rows = EncodedExamples.of({"sequences": [[0] * size]} for size in (9, 2, 5, 5, 1, 30))
    batches = list(by_length(rows, tokens=12))
    assert [rows.sizes[batch].tolist() for batch in batches] == [[1, 2, 5], [5], [9], [30]]
    assert sorted(np.concatenate(batches)) == list(range(6))


def test_a_long_sentence_is_split_not_cut(nano: Any) -> None:
    _, tokenizer = nano
    example = examples(WORLD, "udpos", "en", "dev")[0]
    long = {"words": example["words"] * 30, "tags": example["tags"] * 30}
    rows = tagging.KIND.encode([long], tokenizer, tasks()["udpos"], labels_of("udpos"))
    assert len(rows) > 1
    assert max(len(row["sequences"][0]) for row in rows) <= tasks()["udpos"].max_length
    tagged = [tag for row in rows for tag in row["tags"] if tag != tagging.IGNORED]
    assert len(tagged) == len(long["words"])


def test_an_answer_is_found_in_its_window(nano: Any) -> None:
    _, tokenizer = nano
    found = examples(WORLD, "squad1", "en", "train")
    for row in span_qa.KIND.encode(found, tokenizer, tasks()["squad1"], []):
        example = found[row["example"]]
        begin, end = row["starts"][row["first"]], row["ends"][row["last"]]
        assert example["context"][begin:end] == example["answers"][0]


def test_a_long_context_is_read_in_overlapping_windows(nano: Any) -> None:
    _, tokenizer = nano
    example = dict(examples(WORLD, "squad1", "en", "train")[0])
    example["context"] = " ".join([example["context"]] * 30)
    rows = span_qa.KIND.encode([example], tokenizer, tasks()["squad1"], [])
    assert len(rows) > 1
    covered = {at for row in rows for at in row["starts"] if at >= 0}
    words = example["context"].split()
    assert len(covered) == len(words)


def test_a_question_longer_than_a_window_is_cut(nano: Any) -> None:
    _, tokenizer = nano
    example = dict(examples(WORLD, "squad1", "en", "train")[0])
    example["question"] = " ".join([example["question"]] * 100)
    short = replace(tasks()["squad1"], max_length=48)
    rows = span_qa.KIND.encode([example], tokenizer, short, [])
    assert max(len(row["sequences"][0]) for row in rows) <= 48


class Pieces:
    """A tokenizer that writes a bare "▁" (1) before a word of more characters than one."""

    unk_token_id = 9

    def __call__(self, text: Any, add_special_tokens: bool = True) -> dict[str, Any]:
        if text == "":
            return {"input_ids": [7, 8]}
        return {"input_ids": [[1] * (len(word) > 1) + [5] * len(word) for word in text]}

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        return [1 if token == "▁" else 9 for token in tokens]


def test_both_readings_of_a_word_are_where_the_tokenizer_put_them() -> None:
    example = {"words": ["我", "喜欢", "书"], "tags": ["PRON", "VERB", "NOUN"]}
    tokenizer: Any = Pieces()
    (row,) = tagging.KIND.encode([example], tokenizer, tasks()["udpos"], ["PRON", "VERB", "NOUN"])
    assert row["sequences"] == [[7, 5, 1, 5, 5, 5, 8]]
    assert row["tags"] == [-100, 0, 1, -100, -100, 2, -100]  # official: at the bare mark
    assert row["real"] == [1, 3, 5]


def test_a_word_without_pieces_or_with_too_many_becomes_unknown() -> None:
    tokenizer: Any = Pieces()
    short = replace(tasks()["udpos"], max_length=5)  # room for three pieces
    example = {"words": ["", "书", "喜欢书"], "tags": ["X", "NOUN", "VERB"]}
    (row,) = tagging.KIND.encode([example], tokenizer, short, ["X", "NOUN", "VERB"])
    assert row["sequences"] == [[7, 9, 5, 9, 8]]
    assert row["tags"] == [-100, 0, 1, 2, -100]


def test_sentence_vectors_are_means_over_all_tokens_special_ones_included() -> None:
    """By hand: the mean of 0, 3 and 6, the first and last of which are special, is 3."""
    batch = batch_of_all([{"sequences": [[7, 5, 8]]}, {"sequences": [[7, 8]]}])  # shortest first
    hidden = torch.tensor([[10.0], [20.0], [0.0], [3.0], [6.0]])
    assert batch.mean(hidden).tolist() == [[3.0], [15.0]]


def test_retrieval_pools_layer_14_of_the_large_model() -> None:
    """Of 24, counted after the embeddings: index 13 of the last 24 states in XTREME's script."""
    assert MODELS["xlm-r-large"].layer == 14


def test_a_missing_side_has_no_sequence_and_no_vector(nano: Any) -> None:
    encoder, tokenizer = nano
    text = examples(WORLD, "lareqa", "en", "test")[0]["query"]
    found = [
        {"id": "q", "query": text, "candidate": None, "keys": ["q"]},
        {"id": "c", "query": None, "candidate": text, "keys": ["q"]},
    ]
    rows = dual_encoder.KIND.encode(found, tokenizer, tasks()["lareqa"], [])
    assert [row["sides"] for row in rows] == [[0], [1]]
    batch = batch_of_all(rows)
    with torch.inference_mode():
        query, candidate = dual_encoder.KIND.decode(
            dual_encoder.KIND.head(encoder, 1), encoder(batch), batch
        )
    assert query[1] is None
    assert candidate[0] is None
    np.testing.assert_allclose(query[0], candidate[1], atol=1e-6)
    assert np.linalg.norm(query[0]) == pytest.approx(1, abs=1e-5)


def test_fifteen_in_a_hundred_tokens_are_masked_changed_or_left(nano: Any) -> None:
    _, tokenizer = nano
    found = [{"text": " ".join(["sea"] * 100)} for _ in range(400)]
    rows = masked_lm.KIND.encode(found, tokenizer, tasks()["wikipedia"], [])
    batch = batch_of_all(rows)
    torch.manual_seed(0)
    changed, chosen = masked_lm.masked(batch, vocabulary=1000)
    special = (batch.positions == 0) | (batch.positions == 101)
    assert not chosen[special].any()
    assert chosen[~special].float().mean().item() == pytest.approx(0.15, abs=0.005)
    assert torch.equal(changed[~chosen], batch.input_ids[~chosen])
    hidden = (changed == tokenizer.mask_token_id)[chosen].float().mean().item()
    same = (changed == batch.input_ids)[chosen].float().mean().item()
    assert hidden == pytest.approx(0.8, abs=0.02)
    assert same == pytest.approx(0.1, abs=0.015)


def test_the_language_modelling_head_is_transformers_own_and_starts_from_the_pretrained_one(
    tmp_path: Path,
) -> None:
    """The logits of `XLMRobertaForMaskedLM` are the expected values."""
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=130,
        type_vocab_size=1,
    )
    whole = XLMRobertaForMaskedLM(config).eval()
    torch.nn.init.normal_(whole.lm_head.bias)
    whole.save_pretrained(tmp_path)
    encoder = Encoder(tmp_path).eval()
    batch = batch_of_all([{"sequences": [[0, 5, 6, 7, 2]]}])
    with torch.inference_mode():
        own = masked_lm.KIND.head(encoder, 0)(encoder(batch), encoder.word_embeddings.weight)
        expected = whole(batch.input_ids[None]).logits[0]
    torch.testing.assert_close(own, expected, atol=1e-5, rtol=1e-4)
