"""Translated training data: exact in the world, from files, or by a model; kept as it is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers.examples import fetch
from helpers.invented import invented_source
from helpers.study import ROOT, Study, checkout
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from xstilts.config import check_config
from xstilts.data import translate as translation
from xstilts.data.fetch import examples_of
from xstilts.data.pretrained import fetch_model
from xstilts.data.translate import translate_task
from xstilts.errors import InputError
from xstilts.io.tables import read_json
from xstilts.world import World

WORLD = World(train=12, dev=4, test=4)


def translate(task: str, output: Path, **changes: Any) -> dict[str, Any]:
    given = {
        "english": "",
        "translators": [],
        "codes": {},
        "languages": ["qa", "qb"],
        "source": None,
        "limits": {},
        "code": "",
    }
    translate_task(task=task, manifest=str(output), **{**given, **changes})
    return read_json(output)


def test_the_worlds_translations_tell_the_same_in_other_words(tmp_path: Path) -> None:
    english = fetch("mnli", "train", "en", tmp_path / "en/manifest.json", world=WORLD)["train"]
    source = invented_source(WORLD, "mnli")
    manifest = translate("mnli", tmp_path / "mt/manifest.json", source=source)
    assert list(manifest["languages"]) == ["qa", "qb"]
    for language in ("qa", "qb"):
        told = examples_of(tmp_path / "mt/manifest.json", language)
        assert list(told) == ["train"]
        assert [row["label"] for row in told["train"]] == [row["label"] for row in english]
        assert [row["id"] for row in told["train"]] == [row["id"] for row in english]
        both = zip(told["train"], english, strict=True)
        assert all(one["text_a"] != two["text_a"] for one, two in both)


def test_files_of_ones_own_are_accepted(tmp_path: Path) -> None:
    for language in ("qa", "qb"):
        text = f"Ein Satz.\tNoch einer {language}.\tneutral\n"
        (tmp_path / f"train-{language}.tsv").write_text(text, encoding="utf-8")
    source = {"path": str(tmp_path / "{split}-{language}.tsv"), "format": "tsv"}
    translate("mnli", tmp_path / "mt/manifest.json", source=source)
    (row,) = examples_of(tmp_path / "mt/manifest.json", "qb")["train"]
    assert row["text_b"] == "Noch einer qb."
    assert row["label"] == 1


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Manifest of a small sequence-to-sequence model of random weights."""
    folder = tmp_path_factory.mktemp("bart")
    words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{at}" for at in range(40))]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=60,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=len(words),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=64,
        forced_eos_token_id=2,
        init_std=1.0,
    )
    model = BartForConditionalGeneration(config)
    model.generation_config.max_length = 12
    model.save_pretrained(folder)
    output = folder / "manifest/checkpoint.json"
    fetch_model(path=str(folder), revision="main", checkpoint=str(output))
    return str(output)


def english(folder: Path) -> dict[str, Any]:
    """Three examples of Commonsense QA in the model's words; two texts occur twice."""
    rows = [("w1 w2", ["w3", "w4 w5 w6"], "A"), ("w1 w2", ["w3", "w7"], "B"), ("w8", ["w9"], "A")]
    records = [
        {"prompt": prompt, "choices": choices, "label": label} for prompt, choices, label in rows
    ]
    (folder / "train.jsonl").write_text(
        "\n".join(map(json.dumps, records)) + "\n", encoding="utf-8"
    )
    source = {"path": {"train": str(folder / "train.jsonl")}, "format": "jsonl"}
    manifest = folder / "en/manifest.json"
    fetch("commonsenseqa", "train", "en", manifest, source=source)
    return {"english": str(manifest), "languages": ["qa"]}


def test_a_model_translates_each_text_once_and_goes_on_where_it_was(
    translator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "PART", 2)
    asked: list[str] = []
    honest = translation.Translator.translate

    def counted(self: Any, texts: list[str]) -> Any:
        if len(asked) == 4:
            raise RuntimeError("the machine is taken away")
        asked.extend(texts)
        return honest(self, texts)

    given = {**english(tmp_path), "translators": [translator]}
    with monkeypatch.context() as patch:
        patch.setattr(translation.Translator, "translate", counted)
        with pytest.raises(RuntimeError):
            translate("commonsenseqa", tmp_path / "mt/manifest.json", **given)
    before = list(asked)
    assert len(before) == 4
    asked.append("")  # so that the count no longer stops it
    monkeypatch.setattr(translation.Translator, "translate", counted)
    translate("commonsenseqa", tmp_path / "mt/manifest.json", **given)
    assert not set(asked[5:]) & set(before)
    assert sorted([*before, *asked[5:]]) == sorted(["w1 w2", "w3", "w4 w5 w6", "w7", "w8", "w9"])
    told = examples_of(tmp_path / "mt/manifest.json", "qa")["train"]
    assert [row["label"] for row in told] == [0, 1, 0]
    assert told[0]["prompt"] == told[1]["prompt"]
    assert told[0]["choices"][0] == told[1]["choices"][0]
    direct = translation.Translator(Path(translator), {}, "qa", "")
    assert told[2]["prompt"] == next(direct.translate(["w8"]))


@pytest.fixture
def tiny(tmp_path: Path) -> Study:
    return checkout(tmp_path / "checkout")


@pytest.mark.slow
def test_a_recipe_of_translations_trains_on_them(tiny: Study) -> None:
    tiny.configure(intermediates=["none", "mnli-mt"])
    planned = tiny.planned()
    assert planned["translate_task"] == 1
    assert planned["train_intermediate"] == 1
    place = "results/tiny/intermediate/model=nano/intermediate=mnli-mt/seed=1/checkpoint.json"
    result = tiny.snakemake("--", place, warm=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    manifest = read_json(tiny.folder / place)
    assert manifest["history"] == [["mnli"]]
    assert list(manifest["dev"]) == ["mnli"]  # in English
    part = tiny.folder / "results/tiny/encoded/part=translated/model=nano/task=mnli/manifest.json"
    assert sorted(read_json(part)["languages"]) == ["qa", "qb", "qc"]  # as the config says


@pytest.mark.slow
def test_the_workflow_fetches_a_translator_and_translates(tiny: Study, translator: str) -> None:
    english(tiny.folder)
    model = str(Path(translator).parents[1])
    paths = {"train": "train.jsonl", "dev": "train.jsonl"}
    tiny.configure(
        data_root=None,
        language_table=None,
        size_table=None,
        truth=None,
        models=["mine"],
        model_table={"mine": {"path": model, "layer": 1}},
        intermediates=["none", "commonsenseqa-mt"],
        targets=["udpos"],
        languages="all",
        data={
            "commonsenseqa": {"path": paths, "format": "jsonl"},
            "udpos": {"path": "train.jsonl", "format": "conll", "languages": ["en", "de"]},
        },
        translation={"model": model, "languages": ["de"]},
        allow_unlocked=True,
    )
    place = "results/tiny/data/part=translated/task=commonsenseqa/manifest.json"
    result = tiny.snakemake("--", place, warm=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert len(examples_of(tiny.folder / place, "de")["train"]) == 3


def test_what_cannot_be_translated_is_said_before_the_first_job() -> None:
    study = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for recipe, message in (
        ("squad1-mt", "squad1 cannot be machine-translated, as its labels belong to words"),
        ("mnli-mt", "mnli-mt needs translation: model, or files under data"),
    ):
        config = {**study, "intermediates": ["none", recipe], "allow_unlocked": True}
        with pytest.raises(InputError, match=message):
            check_config(config)


@pytest.mark.parametrize(
    ("translation", "message"),
    [
        ({"model": "docs"}, "translation: model 'docs' holds no model"),
        (
            {"model": "a/b", "codes": {"en": "e", "de": "d", "ru": "r"}},
            "codes: unknown language 'sw'",
        ),
        (
            {"data": {"mnil": {"path": "x", "format": "tsv"}}},
            "unknown task 'mnil'; did you mean 'mnli'",
        ),
        (
            {"data": {"mnli": {"path": "x", "format": "tsv", "languages": ["de"]}}},
            "translation: data: mnli: languages belongs under translation",
        ),
    ],
)
def test_mistakes_about_translation_are_said_before_the_first_job(
    translation: dict[str, Any], message: str
) -> None:
    study = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config = {**study, "intermediates": ["none", "mnli-mt"], "allow_unlocked": True}
    with pytest.raises(InputError, match=message):
        check_config({**config, "translation": translation})
