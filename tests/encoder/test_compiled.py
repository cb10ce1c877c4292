"""Compiled training: the same numbers from batches filled up to a few sizes, traced once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.examples import batch_of_all
from torch.nn.functional import scaled_dot_product_attention

from xstilts.encoder import packed_attention as attention
from xstilts.encoder.compiled import Compiled, bucket_size, pad_to_bucket
from xstilts.encoder.model import Encoder
from xstilts.encoder.packed_attention import Boundaries
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano


def masked_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    edges: Boundaries,
    dropout: float,
    scaling: float,
) -> torch.Tensor:
    """What flash attention computes, from the same arguments, by a mask."""
    own = torch.bucketize(torch.arange(len(query)), edges.ends[1:].long(), right=True)
    heads = (states.transpose(0, 1) for states in (query, key, value))
    mask = own[:, None] == own
    return scaled_dot_product_attention(
        *heads, attn_mask=mask, dropout_p=dropout, scale=scaling
    ).transpose(0, 1)


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    """`nano` without dropout, whose compiled pass a machine without GPU or compiler can trace."""
    write_nano(World(train=12, dev=12, test=12), tmp_path)
    found = Encoder(tmp_path)
    for layer in found.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    monkeypatch.setattr(attention, "_can_flash", lambda states: True)
    monkeypatch.setattr(attention, "_flash", masked_attention)
    plain = partial(torch.compile, backend="aot_eager", fullgraph=True)
    monkeypatch.setattr(
        torch, "compile", lambda forward, dynamic, mode: plain(forward, dynamic=dynamic)
    )
    found.compiled = Compiled(found.model, "default")
    return found


def batches(number: int) -> list[Any]:
    """Batches of different sequences, tokens and lengths."""
    random = np.random.default_rng(0)
    return [
        batch_of_all([{"sequences": [random.integers(5, 60, size).tolist()]} for size in sizes])
        for sizes in (random.integers(3, 40, random.integers(6, 16)) for _ in range(number))
    ]


def gradients(encoder: Encoder, hidden: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of a loss to which every state contributes otherwise."""
    encoder.zero_grad()
    (hidden * torch.linspace(-1, 1, hidden.numel()).view_as(hidden)).sum().backward()
    return {name: value.grad.clone() for name, value in encoder.named_parameters()}


def test_compiled_states_and_gradients_are_those_of_the_model(encoder: Encoder) -> None:
    encoder.train()
    for batch in batches(3):
        compiled = encoder(batch)
        found = gradients(encoder, compiled)
        encoder.uses_compiled = False
        plain = encoder(batch)
        wanted = gradients(encoder, plain)
        encoder.uses_compiled = True
        torch.testing.assert_close(compiled, plain, atol=1e-5, rtol=1e-4)
        for name, value in wanted.items():
            torch.testing.assert_close(found[name], value, atol=1e-3, rtol=1e-3, msg=name)


def test_other_sizes_are_not_traced_again(encoder: Encoder) -> None:
    encoder.train()
    first, *others = batches(6)
    encoder(first)
    with torch._dynamo.config.patch(error_on_recompile=True):
        for batch in others:
            encoder(batch)


def test_predictions_are_not_compiled(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "compiled", None)
    wanted = encoder.eval()(batches(1)[0])

    def refuse(*words: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(encoder, "compiled", refuse)
    assert torch.equal(encoder(batches(1)[0]), wanted)


def test_a_batch_is_filled_up_by_one_sequence_at_the_first_position() -> None:
    """By hand: 17 tokens are filled up to 24; 11, the longest, to 16."""
    batch = batch_of_all([{"sequences": [[5] * 6]}, {"sequences": [[6] * 11]}])
    found = pad_to_bucket(batch, pad_id=1, first_position=2)
    assert found["input_ids"].tolist() == [[5] * 6 + [6] * 11 + [1] * 7]
    assert found["position_ids"].tolist() == [[*range(2, 8), *range(2, 13), *[2] * 7]]
    assert found["boundaries"].ends.tolist() == [0, 6, 17, 24]
    assert found["boundaries"].longest == 16


def test_sizes_are_few_and_at_most_an_eighth_too_large() -> None:
    """From 1,024 to 2,048 tokens, where MNLI's batches of 32 are, there are nine."""
    assert sorted({bucket_size(number) for number in range(1024, 2049)}) == [
        *range(1024, 2049, 128)
    ]
    for number in range(1, 5000):
        assert number <= bucket_size(number) <= max(number * 9 / 8, number + 7)
