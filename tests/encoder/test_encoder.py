"""The encoder without padding against padding, in fp32: hidden states, losses and gradients."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.examples import batch_of_all
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    ModernBertConfig,
    ModernBertModel,
)

from xstilts.encoder import packed_attention as attention
from xstilts.encoder.cpu_dropout import Dropout
from xstilts.encoder.encoded_rows import EncodedExamples, read_rows, write_rows
from xstilts.encoder.model import Encoder, device, load_tokenizer
from xstilts.encoder.packed_attention import boundaries, packed_attention
from xstilts.errors import InputError
from xstilts.evaluation.predict import read_by
from xstilts.kinds import kind_names, kind_of
from xstilts.tasks import tasks
from xstilts.world import World
from xstilts.world.examples import examples
from xstilts.world.planted_encoder import write_nano

WORLD = World(train=12, dev=12, test=12)
TRAINED = {  # one task of every kind that learns
    "classification": "mnli",
    "multiple_choice": "hellaswag",
    "tagging": "udpos",
    "span_qa": "squad1",
    "dual_encoder": "squad_retrieval",
    "masked_lm": "wikipedia",
}
EVALUATED = {  # one of every kind that answers
    **{kind: task for kind, task in TRAINED.items() if kind != "masked_lm"},
    "bitext": "tatoeba",
    "mining": "bucc",
}
SMALL: dict[str, Any] = dict(
    vocab_size=60,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=48,
    initializer_range=0.2,
    bos_token_id=1,
    cls_token_id=1,
    eos_token_id=2,
    sep_token_id=2,
)


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(WORLD, folder)
    return Encoder(folder), load_tokenizer(folder)


def eager(encoder: Encoder) -> Encoder:
    """The same weights behind transformers' own eager attention, with padding."""
    padded = copy.deepcopy(encoder)
    padded.model.set_attn_implementation("eager")
    padded.first_position, padded.narrows = None, False
    return padded


def read(nano: Any, task: str) -> Any:
    """A batch of the task's English examples, sequences of several lengths; a head for it."""
    encoder, tokenizer = nano
    facts, kind = tasks()[task], kind_of(tasks()[task])
    found = examples(WORLD, task, "en", "train" if task in TRAINED.values() else "test")
    labels = list(facts.labels) or sorted({tag for row in found for tag in row.get("tags", ())})
    batch = batch_of_all(kind.encode(found, tokenizer, facts, labels))
    assert len(set(batch.lengths)) > 1
    torch.manual_seed(0)
    return batch, kind.head(encoder, len(labels)).eval()


@pytest.mark.parametrize("task", TRAINED.values())
def test_loss_and_gradients_are_those_of_padding(nano: Any, task: str) -> None:
    batch, head = read(nano, task)
    results = []
    for each in (nano[0], eager(nano[0])):
        each.eval().zero_grad()
        torch.manual_seed(0)  # of the masks
        losses = kind_of(tasks()[task]).loss(head, each, batch)
        losses.sum().backward()
        results.append((losses, {name: value.grad for name, value in each.named_parameters()}))
    (losses, gradients), (wanted, others) = results
    torch.testing.assert_close(losses, wanted, atol=1e-5, rtol=1e-5)
    for name, value in gradients.items():
        torch.testing.assert_close(value, others[name], atol=1e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("task", EVALUATED.values())
def test_outputs_are_those_of_padding(nano: Any, task: str) -> None:
    batch, head = read(nano, task)
    kind, results = kind_of(tasks()[task]), []
    for each in (nano[0], eager(nano[0])):
        each.eval()
        with torch.inference_mode():
            results.append(kind.decode(head, each(batch, read_by(kind)), batch))
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(two), atol=1e-4)


def numbers(output: Any) -> np.ndarray:
    """All numbers of a row's output: a number, or several numbers or vectors, some not there."""
    parts = output if isinstance(output, list | tuple) else [output]
    return np.concatenate([np.ravel(part) for part in parts if part is not None])


def test_every_kind_is_compared() -> None:
    assert sorted({*TRAINED, *EVALUATED}) == kind_names()


def test_first_tokens_alone_have_the_states_that_all_tokens_have(nano: Any) -> None:
    encoder, _ = nano
    assert encoder.narrows
    batch = batch_of_all([{"sequences": [[0, 7, 8, 9, 2], [0, 9, 2]]}, {"sequences": [[0, 5, 2]]}])
    encoder.eval()
    torch.testing.assert_close(encoder(batch, "first"), batch.first(encoder(batch)))


def test_hidden_states_of_every_layer_are_those_of_reading_alone(nano: Any) -> None:
    encoder, _ = nano
    batch = batch_of_all([{"sequences": [[0, 7, 8, 9, 2], [0, 7, 2]]}, {"sequences": [[0, 9, 2]]}])
    encoder.eval()
    with torch.inference_mode():
        together = encoder(batch, "all")
        for at, ids in enumerate(batch.split(batch.input_ids)):
            alone = encoder(batch_of_all([{"sequences": [ids.tolist()]}]), "all")
            for layer, hidden in enumerate(together):
                torch.testing.assert_close(batch.split(hidden)[at], alone[layer])


@pytest.mark.parametrize("learning", [True, False])
def test_attention_dropout_is_applied_as_the_recipe_says(learning: bool) -> None:
    """At a share of 0.5, half of what each token reads is dropped, the rest doubled: mean kept."""
    torch.manual_seed(0)
    value = torch.ones(1, 1, 4000, 4, requires_grad=learning)
    query = torch.zeros_like(value)
    lengths = np.full(400, 10)
    module, edges = torch.nn.Module(), boundaries(lengths, torch.device("cpu"))
    with torch.set_grad_enabled(learning):
        output, _ = packed_attention(module, query, query, value, None, edges, dropout=0.5)
    drawn = output[0, :, 0, 0] * 5  # of 10 equal weights of 0.1, each doubled: how many were kept
    assert drawn.mean().item() == pytest.approx(5, abs=0.1)
    assert drawn.var().item() == pytest.approx(2.5, abs=0.2)  # binomial(10, 0.5)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_the_gpu_path_calls_flash_attention_with_what_it_wants(dropout: float) -> None:
    """No GPU is needed: tensors without data check the call and its shapes, not its values."""
    edges = boundaries(np.array([3, 5]), torch.device("meta"))
    states = torch.empty(8, 2, 64, dtype=torch.bfloat16, device="meta")
    states.requires_grad_()
    output = attention._flash(states, states, states, edges, dropout, 0.1)
    output.sum().backward()
    for found in (output, states.grad):
        assert found is not None
        assert found.shape == (8, 2, 64)
        assert found.dtype == torch.bfloat16


ARCHITECTURES = {
    "bert": (BertModel, BertConfig(**SMALL, pad_token_id=0), 0),
    "deberta-v2": (
        DebertaV2Model,
        DebertaV2Config(**SMALL, pad_token_id=0, relative_attention=True, pos_att_type=["c2p"]),
        None,
    ),
    "modernbert": (
        ModernBertModel,
        ModernBertConfig(**SMALL, pad_token_id=0, local_attention=16),
        None,
    ),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_that_needs_padding_gets_it_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    torch.manual_seed(0)
    kind, config, position = ARCHITECTURES[name]
    kind(config).save_pretrained(tmp_path)
    encoder = Encoder(tmp_path).eval()
    assert encoder.first_position == position
    assert ("cannot do without padding" in caplog.text) == (position is None)
    ids = [[1, *range(5, 45), 2], [1, 7, 2]]
    batch = batch_of_all([{"sequences": [each]} for each in ids])
    with torch.inference_mode():
        for hidden, each in zip(batch.split(encoder(batch)), ids, strict=True):
            alone = kind.from_pretrained(tmp_path).eval()(torch.tensor([each])).last_hidden_state[0]
            torch.testing.assert_close(hidden, alone, atol=1e-5, rtol=1e-4)


def test_rows_are_read_as_they_were_written_without_copying(tmp_path: Path) -> None:
    """By hand: two splits, a row with two sequences, a column of lists."""
    import pyarrow as pa

    train = [
        {"example": 0, "sequences": [[5, 6], [7]], "tags": [1, 2]},
        {"example": 1, "sequences": [[8, 9, 10]], "tags": []},
    ]
    dev = [{"example": 0, "sequences": [[11]], "tags": [3]}]
    tables = {"train": [pa.Table.from_pylist([row]) for row in train]}
    write_rows(tmp_path / "rows.arrow", {**tables, "dev": [pa.Table.from_pylist(dev)]})
    rows = read_rows(tmp_path / "rows.arrow", "train")
    assert len(rows) == 2
    assert rows.sizes.tolist() == [3, 3]
    assert rows["example"].tolist() == [0, 1]
    assert [rows["tags"][at].tolist() for at in (0, 1)] == [[1, 2], []]
    assert rows.tokens.values.tolist() == [5, 6, 7, 8, 9, 10]
    assert not rows.tokens.values.flags.owndata  # the file's own bytes
    assert read_rows(tmp_path / "rows.arrow", "dev").tokens.values.tolist() == [11]
    assert len(read_rows(tmp_path / "rows.arrow", "test")) == 0


def test_rows_of_some_examples_are_numbered_anew() -> None:
    rows = EncodedExamples.of(
        {"example": example, "sequences": [[at], [at, at]]}
        for at, example in enumerate((0, 0, 1, 2, 2))
    )
    chosen = rows.of_examples(np.array([0, 2]))
    assert chosen["example"].tolist() == [0, 0, 1, 1]
    assert chosen.tokens.values.tolist() == [0, 0, 0, 1, 1, 1, 3, 3, 3, 4, 4, 4]
    assert chosen.sizes.tolist() == [3, 3, 3, 3]


def test_a_batch_lies_shortest_first_and_answers_in_row_order() -> None:
    batch = batch_of_all(
        [{"sequences": [[1, 2, 3], [4]], "label": 7}, {"sequences": [[5, 6]], "label": 8}]
    )
    assert batch.input_ids.tolist() == [4, 5, 6, 1, 2, 3]
    assert batch.positions.tolist() == [0, 0, 1, 0, 1, 2]
    assert batch.first(batch.input_ids).tolist() == [1, 4, 5]
    assert batch.column("label").tolist() == [7, 8]
    assert batch.padded(batch.input_ids, 0).tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert boundaries(batch.lengths, torch.device("cpu")).runs == [(0, 1, 1), (1, 1, 2), (3, 1, 3)]


def test_gradients_through_attention_dropout_are_those_of_the_same_draw() -> None:
    """Numerical differentiation, with the generator set back before each evaluation."""
    lengths = np.array([2, 3, 3])
    edges = boundaries(lengths, torch.device("cpu"))
    torch.manual_seed(1)
    states = [torch.randn(1, 2, 8, 4, requires_grad=True) for _ in range(3)]
    weight = torch.randn(1, 8, 2, 4)

    def total() -> torch.Tensor:
        torch.manual_seed(2)
        output, _ = packed_attention(torch.nn.Module(), *states, None, edges, dropout=0.3)
        return (output * weight).sum()

    total().backward()
    for each in states:
        for place in [(0, 0, 1, 2), (0, 1, 4, 0), (0, 1, 7, 3)]:
            with torch.no_grad():
                before = each[place].item()
                values = []
                for change in (1e-2, -1e-2):
                    each[place] = before + change
                    with torch.enable_grad():
                        values.append(total().item())
                each[place] = before
            assert each.grad is not None
            slope = (values[0] - values[1]) / 2e-2
            assert each.grad[place].item() == pytest.approx(slope, abs=2e-3)


def test_quick_dropout_drops_the_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    states = Dropout(0.1)(torch.ones(999, 1001))
    assert (states == 0).float().mean().item() == pytest.approx(0.1, abs=0.001)
    assert states.mean().item() == pytest.approx(1, abs=0.002)
    assert sorted(states.unique().tolist()) == pytest.approx([0, 1 / 0.9])
    still = Dropout(0.1).eval()
    assert torch.equal(still(states), states)


@pytest.mark.parametrize(
    ("given", "cuda", "refused"),
    [
        ("0", "13.0", True),  # the driver of the node has lost it
        ("0", None, False),  # a PyTorch without CUDA cannot use one
        ("", "13.0", False),
        ("-1", "13.0", False),  # hidden on purpose
    ],
)
def test_a_gpu_that_a_job_was_given_and_cannot_see_stops_it(
    given: str, cuda: str | None, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    if refused:
        with pytest.raises(InputError, match=r"given GPU 0 of .*PyTorch finds none"):
            device()
    else:
        assert device().type == "cpu"
