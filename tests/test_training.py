"""Training and checkpoints: deterministic, resumable by content, honest about divergence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import fetch

from xstilts import training
from xstilts.checkpoints import load
from xstilts.encoding import encode_task
from xstilts.pretrained import fetch_model
from xstilts.sampling import shuffled_batches, task_order
from xstilts.tables import read_json, read_table

WORLD = {"train": 400, "dev": 60, "test": 20}
SETTINGS = {
    "learning_rate": 3.0e-3,
    "warmup_fraction": 0.1,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "batch_size": 16,
    "max_steps": 60,
    "examples_cap": 131072,
    "freeze_embeddings": True,
    "batch_tokens": 4096,
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Manifests of `nano` and of a few encoded training sets."""
    folder = tmp_path_factory.mktemp("parts")
    found = {"nano": str(folder / "nano/checkpoint.json")}
    fetch_model(path=None, revision="main", world=WORLD, output=found["nano"])
    for task in ("siqa", "copa", "udpos", "mnli", "ccg"):
        data = str(folder / task / "data/manifest.json")
        found[task] = str(folder / task / "encoded/manifest.json")
        fetch(task, "train", "en", Path(data), world=WORLD)
        encode_task(
            task=task, data=data, pretrained=found["nano"], output=found[task], max_length=None
        )
    return found


def finetune(
    parts: dict[str, str], tasks: list[str], output: Path, **changes: Any
) -> dict[str, Any]:
    training.finetune_target(
        parent=parts["nano"],
        parts=[parts[task] for task in tasks],
        seed=1,
        settings={**SETTINGS, **changes},
        output=str(output),
    )
    return read_json(output)


def test_the_same_seed_gives_the_same_checkpoint_byte_for_byte(
    parts: dict[str, str], tmp_path: Path
) -> None:
    for run in ("a", "b"):
        finetune(parts, ["udpos"], tmp_path / run / "checkpoint.json", max_steps=5)
    one, two = ((tmp_path / run / "checkpoint.json").read_bytes() for run in ("a", "b"))
    assert one == two


def test_training_learns_its_task(parts: dict[str, str], tmp_path: Path) -> None:
    manifest = finetune(parts, ["udpos"], tmp_path / "checkpoint.json")
    assert manifest["dev"]["udpos"] > 90
    assert not manifest["diverged"]
    curve = read_table(tmp_path / "curve.parquet", training.CURVE)
    assert curve.num_rows == 60
    assert curve["loss"][-1].as_py() < curve["loss"][0].as_py() / 4


def test_a_loaded_checkpoint_is_what_was_saved(parts: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    finetune(parts, ["udpos"], path, max_steps=5)
    first, second, before = load(path), load(path), load(Path(parts["nano"]))
    for name, value in first.encoder.state_dict().items():
        torch.testing.assert_close(value, second.encoder.state_dict()[name], rtol=0, atol=0)
    changed = [
        name
        for name, value in before.encoder.state_dict().items()
        if not torch.equal(value, first.encoder.state_dict()[name])
    ]
    assert changed
    assert not [name for name in changed if "word_embeddings" in name]  # frozen


def test_word_embeddings_are_trained_unless_frozen(parts: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    finetune(parts, ["udpos"], path, max_steps=3, freeze_embeddings=False)
    name = "model.embeddings.word_embeddings.weight"
    before = load(Path(parts["nano"])).encoder.state_dict()[name]
    assert not torch.equal(load(path).encoder.state_dict()[name], before)


def test_a_chain_keeps_the_head_and_several_tasks_have_one_each(
    parts: dict[str, str], tmp_path: Path
) -> None:
    chain = finetune(parts, ["siqa", "copa"], tmp_path / "chain/checkpoint.json", max_steps=4)
    assert list(chain["heads"]) == ["copa"]
    assert chain["history"] == [["siqa", "copa"]]
    output = tmp_path / "multi/checkpoint.json"
    training.train_intermediate(
        parent=parts["nano"],
        parts=[parts["mnli"], parts["ccg"]],
        seed=1,
        settings={**SETTINGS, "max_steps": 4},
        output=str(output),
    )
    assert sorted(read_json(output)["heads"]) == ["ccg", "mnli"]


def test_a_loss_that_is_not_finite_stops_training_and_is_recorded(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, steps = training._loss, iter(range(100))
    monkeypatch.setattr(
        training,
        "_loss",
        lambda *words: honest(*words) * (float("nan") if next(steps) == 2 else 1.0),
    )
    manifest = finetune(parts, ["udpos"], tmp_path / "checkpoint.json")
    assert manifest["diverged"]
    assert manifest["steps"] == 3
    diverged = {**parts, "nano": str(tmp_path / "checkpoint.json")}
    child = finetune(diverged, ["mnli"], tmp_path / "child/checkpoint.json", max_steps=2)
    assert child["diverged"]  # what grows from a diverged checkpoint says so too


def test_warm_up_and_decay_are_linear() -> None:
    rates = [training._triangle(step, 100, 0.1) for step in range(100)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(rates) == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(1 / 90)


def test_tasks_are_drawn_in_proportion_to_their_capped_size() -> None:
    order = task_order([100, 900, 10_000], cap=1000, steps=20_000, seed=0)
    shares = np.bincount(order) / len(order)
    np.testing.assert_allclose(shares, np.array([100, 900, 1000]) / 2000, atol=0.01)


def test_an_epoch_holds_every_row_once() -> None:
    batches = shuffled_batches(10, 4, seed=0)
    first, second = (np.concatenate([next(batches) for _ in range(3)]) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
