"""Training and checkpoints: deterministic, content-addressed, honest about divergence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.invented import fetch_nano
from helpers.trainings import SETTINGS, WORLD, encoded_parts, finetune
from safetensors.torch import load_file

from xstilts.checkpoint.curves import CURVE
from xstilts.checkpoint.network import load
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.io.tables import read_json, read_table
from xstilts.tasks import preset_length, tasks
from xstilts.training import loop
from xstilts.training import phases as training


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return encoded_parts(tmp_path_factory.mktemp("parts"))


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
    curve = read_table(tmp_path / "curve.parquet", CURVE)
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
    both = [parts["mnli"], parts["ccg"]]
    training.train(
        parent=parts["nano"],
        phase="intermediate",
        fits=[{"parts": both, "dev": both, "corpus": []}],
        seed=1,
        settings={**SETTINGS, "max_steps": 4},
        save_minutes=10,
        store=None,
        code="",
        checkpoint=str(output),
    )
    assert sorted(read_json(output)["heads"]) == ["ccg", "mnli"]


def poisoned(monkeypatch: pytest.MonkeyPatch, bad: int, value: float) -> None:
    """Give step `bad`, from 0, this loss and gradient norm."""
    honest, steps = loop.Fit._gradients, iter(range(1000))

    def gradients(self: Any, *words: Any) -> tuple[float, float]:
        found = honest(self, *words)
        return (value, value) if next(steps) == bad else found

    monkeypatch.setattr(loop.Fit, "_gradients", gradients)


def test_a_loss_that_is_no_number_stops_training_and_is_recorded(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, 2, float("nan"))
    manifest = finetune(parts, ["udpos"], tmp_path / "checkpoint.json")
    assert manifest["diverged"] == "loss nan, gradient norm nan at step 3"
    assert manifest["steps"] == 3
    weights = load(tmp_path / "checkpoint.json").trainable()
    assert all(torch.isfinite(each).all() for each in weights.values())  # those of step 2
    diverged = {**parts, "nano": str(tmp_path / "checkpoint.json")}
    child = finetune(diverged, ["mnli"], tmp_path / "child/checkpoint.json", max_steps=2)
    assert child["diverged"].startswith(manifest["diverged"])  # what grows from it says so too


def test_an_exploding_gradient_stops_training_and_is_recorded(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, 4, 1e7)
    manifest = finetune(parts, ["udpos"], tmp_path / "checkpoint.json")
    assert manifest["diverged"] == "loss 10000000.0, gradient norm 10000000.0 at step 5"


def test_a_network_that_answers_the_same_everywhere_is_recorded(
    parts: dict[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "checkpoint.json"
    manifest = finetune(parts, ["mnli"], output, max_steps=1, learning_rate=1.0)
    assert manifest["diverged"] == "every dev prediction is the same: mnli"


def test_a_real_nan_in_the_weights_is_met_in_the_loss(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = training.load

    def broken(path: Path) -> Any:
        network = honest(path)
        next(iter(network.encoder.model.encoder.parameters())).data.fill_(float("nan"))
        return network

    monkeypatch.setattr(training, "load", broken)
    manifest = finetune(parts, ["udpos"], tmp_path / "checkpoint.json")
    assert manifest["diverged"].startswith("loss nan")
    assert manifest["steps"] == 1


def rounded(weights: torch.Tensor) -> torch.Tensor:
    """As checkpoints keep them."""
    return weights.to(torch.bfloat16).float()


def test_the_weights_of_the_best_look_are_kept(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dev scores are dictated: best at step 4 of 10; the weights are those after 4 steps."""
    scores = iter([10.0, 30.0, 20.0, 20.0, 20.0])
    monkeypatch.setattr(
        training,
        "_dev_scores",
        lambda *words: {"udpos": training.DevScore(next(scores), constant=False)},
    )
    manifest = finetune(parts, ["udpos"], tmp_path / "a.json", max_steps=10, evaluate_every=2)
    assert manifest["dev"] == {"udpos": 30.0}
    curve = read_table(tmp_path / "curve.parquet", CURVE)
    assert curve["dev"].to_pylist() == [None, 10, None, 30, None, 20, None, 20, None, 20]
    best, last = load(tmp_path / "a.json").trainable(), {}

    def remember(self: Any) -> None:
        last.update({name: value.detach().clone() for name, value in self.weights.items()})

    monkeypatch.setattr(loop.Fit, "_finish", remember)
    scores = iter([10.0, 30.0])
    schedule = loop.FitPlan.rate
    monkeypatch.setattr(
        loop.FitPlan, "rate", lambda self, step: schedule(replace(self, steps=10, warmup=1), step)
    )
    finetune(parts, ["udpos"], tmp_path / "b.json", max_steps=4, evaluate_every=2)
    assert all(torch.equal(best[name], rounded(value)) for name, value in last.items())


def test_training_stops_when_looks_bring_no_gain(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        training,
        "_dev_scores",
        lambda *words: {"udpos": training.DevScore(50.0, constant=False)},
    )
    finetune(parts, ["udpos"], tmp_path / "a.json", max_steps=40, evaluate_every=2, patience=3)
    assert read_json(tmp_path / "a.json")["steps"] == 8  # the first look, then three without gain


def test_a_batch_in_parts_has_the_gradients_of_the_whole(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token budget below a batch's tokens changes rounding only; dropout is switched off."""
    honest, found = loop.Fit._gradients, {}

    def gradients(self: Any, *words: Any) -> Any:
        for layer in [*self.network.encoder.modules(), *self.network.heads["udpos"].modules()]:
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
        result = honest(self, *words)
        grads = {name: value.grad.clone() for name, value in self.weights.items()}
        found[self.plan.batch_tokens] = (result, grads)
        return result

    monkeypatch.setattr(loop.Fit, "_gradients", gradients)
    for budget in (4096, 40):
        output = tmp_path / str(budget) / "c.json"
        finetune(parts, ["udpos"], output, max_steps=1, batch_tokens=budget)
    (whole, grads), (divided, others) = found[4096], found[40]
    assert whole == pytest.approx(divided, rel=1e-5)
    for name, value in grads.items():
        torch.testing.assert_close(others[name], value, atol=1e-6, rtol=1e-4)


def test_training_the_words_in_use_gives_the_weights_of_training_them_all(
    parts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: dict[str, Any] = {"max_steps": 8, "freeze_embeddings": False}
    finetune(parts, ["udpos"], tmp_path / "used/c.json", **words)
    monkeypatch.setattr(training._Phase, "_can_trim_vocabulary", lambda *words: False)
    finetune(parts, ["udpos"], tmp_path / "all/c.json", **words)
    used, whole = (load(tmp_path / name / "c.json").trainable() for name in ("used", "all"))
    for name, value in whole.items():  # the gradient's norm is summed in another order
        torch.testing.assert_close(used[name], value, atol=1e-5, rtol=1e-4)
    before = load(Path(parts["nano"])).encoder.word_embeddings.weight
    same = (whole["encoder.model.embeddings.word_embeddings.weight"] == before).all(1)
    assert 0 < same.sum() < len(same)  # of the languages that no training text is in
    name = "encoder.model.embeddings.word_embeddings.weight"
    assert torch.equal(used[name][same], before[same])


def test_bf16_learns_on_a_cpu_and_keeps_weights_in_32_bits(
    parts: dict[str, str], tmp_path: Path
) -> None:
    manifest = finetune(parts, ["udpos"], tmp_path / "c.json", precision="bf16")
    assert manifest["dev"]["udpos"] > 90
    assert {each.dtype for each in load(tmp_path / "c.json").trainable().values()} == {
        torch.float32
    }


def test_lora_trains_adapters_alone_and_loads_back(parts: dict[str, str], tmp_path: Path) -> None:
    row = {**parts, "nano": str(tmp_path / "nano/checkpoint.json")}
    fetch_nano(WORLD, Path(row["nano"]), lora=4)
    manifest = finetune(row, ["udpos"], tmp_path / "c.json", freeze_embeddings=False)
    assert manifest["lora"] == 4
    network = load(tmp_path / "c.json")
    names = [name for name in network.trainable() if name.startswith("encoder.")]
    assert len(names) == 8  # A and B, of query and value, in two layers
    assert all("lora_" in name for name in names)
    saved = load_file(tmp_path / "weights.safetensors")
    assert set(saved) == set(network.trainable())
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}
    assert any(bool(saved[name].any()) for name in names if "lora_B" in name)  # zero at first
    part = Encoded(Path(parts["udpos"]))
    headline = training.dev_score(network, part, 500, 4096, "fp32")
    assert headline is not None
    # The last look was at 32-bit weights: rounded to bf16, a few of 195 words are tagged otherwise.
    assert headline.value == pytest.approx(manifest["dev"]["udpos"], abs=2) and headline.value > 50
    child = {**row, "nano": str(tmp_path / "c.json")}
    assert finetune(child, ["mnli"], tmp_path / "d/c.json", max_steps=2)["lora"] == 4


def with_corpus(parts: dict[str, str], corpus: str, output: Path, **changes: Any) -> Any:
    mnli = [parts["mnli"]]
    training.train(
        parent=parts["nano"],
        phase="intermediate",
        fits=[{"parts": mnli, "dev": mnli, "corpus": [parts[corpus]]}],
        seed=1,
        settings={**SETTINGS, "freeze_embeddings": False, **changes},
        save_minutes=10,
        store=None,
        code="",
        checkpoint=str(output),
    )
    return read_table(output.with_name("curve.parquet"), CURVE).to_pandas()


@pytest.mark.parametrize("corpus", ["wikipedia", "wikipedia_en"])
@pytest.mark.slow
def test_masked_language_modelling_takes_half_of_the_steps_and_is_learned(
    parts: dict[str, str], tmp_path: Path, corpus: str
) -> None:
    curve = with_corpus(parts, corpus, tmp_path / "c.json", max_steps=400)
    assert (curve["task"] == corpus).mean() == pytest.approx(0.5, abs=0.08)
    losses = curve[curve["task"] == corpus]["loss"]
    assert losses[-20:].mean() < 0.7 * losses[:5].mean()
    heads = read_json(tmp_path / "c.json")["heads"]
    assert sorted(heads) == sorted([corpus, "mnli"])


def test_the_tasks_of_a_recipe_keep_their_epochs_beside_the_corpus(parts: dict[str, str]) -> None:
    """By hand: 400 examples in batches of 16, twice, are 50 steps; texts take 50 more."""
    settings = training.Settings(**{**SETTINGS, "max_steps": None})
    for corpus, steps in (([], 50), (["wikipedia"], 100)):
        texts = [parts[name] for name in corpus]
        sources = training.Sources.read(parts=[parts["mnli"]], dev=[], corpus=texts)
        streams = list(training._streams(sources, "intermediate", settings))
        assert training._plan(streams, "intermediate", 0, settings).steps == steps


def test_every_language_of_the_corpus_has_its_share(parts: dict[str, str]) -> None:
    """Three languages of one size share the half of the steps that the corpus has."""
    sources = training.Sources.read(parts=[parts["mnli"]], dev=[], corpus=[parts["wikipedia"]])
    streams = training._streams(sources, "intermediate", training.Settings(**SETTINGS))
    shares = [(stream.task.name, stream.share) for stream in streams]
    assert shares == [("mnli", 1.0), *[("wikipedia", pytest.approx(1 / 3))] * 3]


def sized(task: str, rows: int) -> loop.Stream:
    empty = EncodedExamples.of({"example": 0, "sequences": [[0]]} for _ in range(rows))
    return loop.Stream(task=tasks()[task], rows=empty, batch_size=32, share=1.0)


def test_the_cap_is_for_several_tasks_at_once() -> None:
    """By hand: MNLI twice, QQP thrice, in batches of 32; 640 rows each, or capped at 320."""
    whole = {**SETTINGS, "max_steps": None, "batch_size": 32, "examples_cap": 320}
    settings = training.Settings(**whole)
    mnli, qqp = sized("mnli", 640), sized("qqp", 640)
    assert training._steps([mnli], [mnli], "intermediate", settings) == 2 * 20
    assert training._steps([mnli, qqp], [mnli, qqp], "intermediate", settings) == 2 * 10 + 3 * 10
    assert training._steps([mnli, mnli], [mnli, mnli], "intermediate", settings) == 2 * 40


def planned(task: str, **changes: Any) -> Any:
    """The plan for a task with 6,400 rows."""
    rows = EncodedExamples.of({"example": 0, "sequences": [[0]]} for _ in range(6400))
    given = {"learning_rate": None, "warmup_fraction": None, "weight_decay": None}
    whole = {**SETTINGS, **given, "batch_size": None, "max_steps": None, **changes}
    settings = training.Settings(**whole)
    batch_size = training._schedule(tasks()[task], "finetuning", settings).batch_size
    stream = loop.Stream(task=tasks()[task], rows=rows, batch_size=batch_size, share=1.0)
    return training._plan([stream], "finetuning", 1, settings)


def test_the_presets_are_the_scripts_of_the_study_and_of_xtreme() -> None:
    """Steps by hand: 6,400 rows in batches of 16, twice; in batches of 32, three times."""
    study, xtreme = planned("squad1"), planned("squad1", preset="xtreme")
    assert (study.steps, study.learning_rate, study.warmup) == (800, 1e-5, 80)
    assert (study.weight_decay, study.keep_best) == (0, True)
    assert (xtreme.steps, xtreme.learning_rate, xtreme.warmup) == (600, 3e-5, 500)
    assert (xtreme.weight_decay, xtreme.keep_best) == (1e-4, False)
    own = planned("squad1", preset="xtreme", learning_rate=1.0, warmup_fraction=0.5)
    assert (own.learning_rate, own.warmup) == (1.0, 300)
    assert planned("udpos", preset="xtreme").warmup == 0
    for task in tasks().values():
        assert bool(task.finetuning) == bool(task.xtreme)
    assert preset_length(tasks()["xnli"], "xtreme") == 128
    assert preset_length(tasks()["xnli"], "study") is None


def test_warm_up_and_decay_are_linear() -> None:
    plan = loop.FitPlan(
        steps=100,
        learning_rate=1.0,
        warmup=10,
        weight_decay=0.0,
        clip_norm=1.0,
        batch_tokens=1,
        precision="fp32",
        evaluate_every=1,
        patience=1,
        keep_best=True,
        seed=0,
    )
    at_once = replace(plan, warmup=0)
    assert [at_once.rate(step) for step in (0, 1, 99)] == pytest.approx([1.0, 0.99, 0.01])
    rates = [plan.rate(step) for step in range(100)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(rates) == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(1 / 90)
