"""A pretrained model is looked at when it is fetched, before any job needs what it lacks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers.examples import fetch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizerFast

from xstilts.data.encode import encode_task
from xstilts.data.pretrained import fetch_model
from xstilts.encoder.model import Encoder
from xstilts.errors import InputError
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano

Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return folder


def changed(nano: Path, folder: Path, change: Callable[[Weights], Weights]) -> Path:
    shutil.copytree(nano, folder)
    weights = change(load_file(nano / "model.safetensors"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def fetched(folder: Path, output: Path) -> None:
    fetch_model(path=str(folder), revision="main", checkpoint=str(output))


def first_key(weights: Weights, part: str) -> str:
    return next(name for name in weights if part in name)


def cut(weights: Weights) -> Weights:
    words = first_key(weights, "word_embeddings")
    return {**weights, words: weights[words][:-5].clone()}


BROKEN: dict[str, tuple[Callable[[Weights], Weights], str]] = {
    "compiled": (
        lambda weights: {f"_orig_mod.{name}": value for name, value in weights.items()},
        "weights of the model are missing.*their names begin with '_orig_mod.': save the model",
    ),
    "data parallel": (
        lambda weights: {f"module.{name}": value for name, value in weights.items()},
        "their names begin with 'module.'",
    ),
    "without attention": (
        lambda weights: {
            name: value for name, value in weights.items() if "attention.self" not in name
        },
        "12 weights of the model are missing, as encoder.layer.0.attention.self.key.bias",
    ),
    "one weight less": (
        lambda weights: {name: value for name, value in weights.items() if name != [*weights][-1]},
        "1 weights of the model are missing",
    ),
    "fewer embeddings than config.json says": (cut, "not a model that can be loaded"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_weights_that_would_be_drawn_at_random_are_an_error(
    tmp_path: Path, nano: Path, name: str
) -> None:
    """Both when it is fetched and when it is loaded, as it may change in between."""
    change, message = BROKEN[name]
    folder = changed(nano, tmp_path / "model", change)
    for use in (lambda: fetched(folder, tmp_path / "out.json"), lambda: Encoder(folder)):
        with pytest.raises(InputError, match=message) as told:
            use()
        assert "\n" not in str(told.value)


def test_a_head_beside_the_encoder_and_no_pooler_are_no_error(tmp_path: Path, nano: Path) -> None:
    """As XLM-R lies on the hub: a masked language model, whose encoder's names have a prefix."""
    head = {"lm_head.bias": torch.zeros(3)}
    folder = changed(
        nano,
        tmp_path / "model",
        lambda weights: {f"roberta.{name}": value for name, value in weights.items()} | head,
    )
    fetched(folder, tmp_path / "out.json")
    assert (tmp_path / "out.json").is_file()


def test_a_tokenizer_longer_than_the_embeddings_is_an_error(tmp_path: Path, nano: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(nano, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<new>", "<newer>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(InputError, match=r"the tokenizer has \d,\d+ pieces, the model \d,\d+ emb"):
        fetched(folder, tmp_path / "out.json")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "model.safetensors",
            "version https://git-lfs.github.com/spec/v1",
            "not a model that can be loaded",
        ),
        ("config.json", '{"model_type": "unheard-of"}', "its config.json names no model"),
        ("config.json", "{", "its config.json names no model"),
        ("tokenizer.json", '{"a": 1}', "the model needs a tokenizer.json"),
    ],
)
def test_a_damaged_file_of_a_model_is_one_line(
    tmp_path: Path, nano: Path, name: str, content: str, message: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(nano, folder)
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as told:
        fetched(folder, tmp_path / "out.json")
    assert "\n" not in str(told.value)


def test_a_model_without_a_tokenizer_file_is_an_error(tmp_path: Path, nano: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(nano, folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"the model needs a tokenizer.json") as told:
        fetched(folder, tmp_path / "out.json")
    assert "\n" not in str(told.value)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with segment ids."""
    folder = tmp_path_factory.mktemp("bert")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("task", "row", "refused"),
    [
        ("xnli", {"text_a": "a", "text_b": "b", "label": 0}, True),
        ("udpos", {"words": ["a"], "tags": ["X"]}, False),
    ],
)
def test_pairs_are_refused_for_a_model_with_segment_ids(
    tmp_path: Path, bert: Path, task: str, row: dict[str, object], refused: bool
) -> None:
    """Its scores of pairs would be wrong; a single text has the segment that is assumed."""
    (tmp_path / "en.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    data, model, output = (tmp_path / name / "manifest.json" for name in ("data", "model", "out"))
    fetch(task, "test", "en", data, {"path": str(tmp_path / "en.jsonl"), "format": "jsonl"})
    fetched(bert, model)
    words = {"data": str(data), "pretrained": str(model), "encoded": str(output)}
    if refused:
        with pytest.raises(InputError, match=r"xnli has pairs of texts.*segment ids"):
            encode_task(task=task, max_length=None, **words)
    else:
        encode_task(task=task, max_length=None, **words)
        assert output.is_file()
