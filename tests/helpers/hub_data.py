"""Invented rows of every data set that a task is published as, in the hub's columns and types.

Every configuration and split of the registry is there, with a few rows, in the form that the hub
has it: label names and their order as the data sets declare them; labels of -1 or "" where they are
hidden; contexts without the space at their ends where the hub's have lost it; classes declared in
the README alone, in the words of older libraries, where the data sets are old; BUCC's pools as one
row per language. No two splits or languages share a row.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from datasets import ClassLabel, Dataset, Features, Value
from datasets import List as Sequence
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from helpers.hub_mirror import commit, write_readme, write_repository
from xstilts.languages import languages, languages_of
from xstilts.models import MODELS
from xstilts.tasks import UPOS
from xstilts.tasks.cosmosqa import COMMIT as COSMOS_COMMIT
from xstilts.tasks.lareqa import COMMIT as LAREQA_COMMIT

TEXT, NUMBER = Value("string"), Value("int32")
NLI = ClassLabel(names=["entailment", "neutral", "contradiction"])
NER = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
CONVERTED = "refs/convert/parquet"
RAW = "raw"  # below the mirror's root: what lies beside the hub

Row = dict[str, Any]
Splits = dict[str, Dataset]


def table(columns: Mapping[str, Any], *rows: tuple[Any, ...]) -> Dataset:
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return Dataset.from_list(records, features=Features(dict(columns)))


def pairs(first: str, second: str, label: Any, *rows: tuple[Any, ...]) -> Dataset:
    return table({first: TEXT, second: TEXT, "label": label}, *rows)


def nli(of: str, *labels: int) -> Dataset:
    rows = [(f"A man {at} of {of}.", f"A person {at}.", label) for at, label in enumerate(labels)]
    return pairs("premise", "hypothesis", NLI, *rows)


def squad(*rows: tuple[str, str, str, list[str], list[int]], stripped: bool = False) -> Dataset:
    """Rows of (id, context, question, answers, starts); `stripped` as the hub's scripts did it."""
    answers = {"text": Sequence(TEXT), "answer_start": Sequence(NUMBER)}
    columns = {"id": TEXT, "title": TEXT, "context": TEXT, "question": TEXT, "answers": answers}
    records = [
        (name, "", context.strip() if stripped else context, question, found)
        for name, context, question, texts, starts in rows
        for found in [{"text": texts, "answer_start": starts}]
    ]
    return table(columns, *records)


def cat(name: str, of: str, space: str = "") -> tuple[str, str, str, list[str], list[int]]:
    """A question whose answer begins at 16, after the space that the context begins with."""
    return name, f"{space}The cat sat. It slept of {of}.", f"What did {of} do?", ["slept"], [16]


def spaced(of: str) -> list[tuple[str, str, str, list[str], list[int]]]:
    """A question whose context has no space at its ends, and one whose context began with two."""
    moved = cat(f"{of}-2", f"the second {of}", space="  ")
    return [cat(f"{of}-1", of), (*moved[:4], [18])]


def tagged(column: str, names: tuple[str, ...], *rows: tuple[list[str], list[str]]) -> Dataset:
    label = ClassLabel(names=list(names))
    records = [(words, [names.index(tag) for tag in tags]) for words, tags in rows]
    return table({"tokens": Sequence(TEXT), column: Sequence(label)}, *records)


def choices(columns: str, *rows: tuple[Any, ...], label: Any = TEXT) -> Dataset:
    names = columns.split()
    types = [Sequence(TEXT) if name == "endings" else TEXT for name in names]
    return table({**dict(zip(names, types, strict=True)), "label": label}, *rows)


COSMOS = "id context question answer0 answer1 answer2 answer3"
COPA = "premise choice1 choice2 question"
SIQA = "context question answerA answerB answerC"
WIKI = {"id": TEXT, "url": TEXT, "title": TEXT, "text": TEXT}
THREE = ("train", "validation", "test")
LEGACY = {  # old data sets, whose README declares their columns in the words of older libraries
    "rajpurkar/squad",
    "rajpurkar/squad_v2",
    "unimelb-nlp/wikiann",
    "nyu-mll/glue",
    "google-research-datasets/tydiqa",
    "google/xquad",
}


def each(names: tuple[str, ...], make: Callable[[str], Dataset], of: str = "") -> Splits:
    """A split of each name; its rows are told from others' by what they are made of."""
    return {name: make(f"{of} {name}".strip()) for name in names}


def per_language(
    target: str, config: str, make: Callable[[str, str], Splits], *more: str
) -> dict[str, Splits]:
    """A configuration for each language of a target, and for some others."""
    codes = dict.fromkeys([*languages_of(target), *more])
    return {
        config.format(language=code, iso3=languages()[code].iso3): make(code, code)
        for code in codes
    }


def told(of: str) -> tuple[str, str, str, str, int]:
    return f"My body cast a shadow of {of}.", "The sun rose.", "The grass was cut.", "cause", 0


def _csqa(of: str) -> Dataset:
    question = {"label": Sequence(TEXT), "text": Sequence(TEXT)}
    offered = {"label": list("ABCDE"), "text": ["a", "b", "c", "d", "e"]}
    columns = {"id": TEXT, "question": TEXT, "question_concept": TEXT, "choices": question}
    return table({**columns, "answerKey": TEXT}, (of, f"Where is {of}?", "x", offered, "C"))


def _hellaswag(of: str) -> Dataset:
    first = f"He ran of {of}."
    endings = ["sat.", "flew.", "sank.", "sang."]
    return choices("ctx_a ctx_b ctx endings", (first, "then he", f"{first} then he", endings, "2"))


def cosmos(of: str) -> tuple[str, ...]:
    return of, f"Rain of {of}.", "Why?", "a", "b", "c", "d"


def _tydiqa(split: str) -> Dataset:
    names = {languages()[code].name.lower(): code for code in languages_of("tydiqa")}
    rows = [
        (f"{name}-{key[len(code) + 1 :]}", *rest)
        for name, code in names.items()
        for key, *rest in spaced(f"{code} {split}")
    ]
    return squad(*rows, stripped=True)


def _wikipedia(code: str) -> Dataset:
    text = f"The sea of {code} is wide.\n\nIt is deep."
    return table(WIKI, ("1", "", "Sea", text), ("2", "", "", " "))


def _bitext(code: str) -> Dataset:
    columns = {"sentence1": TEXT, "sentence2": TEXT, "lang": TEXT}
    rows = [(f"Habari {code}\n", "Hello\n"), (f"Bahari ya {code}\n", f"The sea of {code}\n")]
    return table(columns, *((*row, f"{languages()[code].iso3}-eng") for row in rows))


def _flores(split: str) -> Dataset:
    codes = [row for row in languages().values() if row.flores]
    columns = {row.flores: TEXT for row in codes}
    rows = [[f"{word} of {row.code} {split}" for row in codes] for word in ("The sea", "A ship")]
    return table(columns, *map(tuple, rows))


def repositories() -> dict[tuple[str, str], dict[str, Splits]]:
    """Configurations and their splits by (data set, branch)."""
    rounds = tuple(f"{split}_r{at}" for split in ("train", "dev", "test") for at in (1, 2, 3))
    matched = ("train", "validation_matched", "validation_mismatched")
    same = ClassLabel(names=["not_duplicate", "duplicate"])
    paws = ClassLabel(names=["0", "1"])
    copa = ClassLabel(names=["choice1", "choice2"])
    return {
        ("facebook/anli", "main"): {"plain_text": each(rounds, lambda of: nli(f"anli {of}", 0))},
        ("stanfordnlp/snli", "main"): {
            "plain_text": each(THREE, lambda of: nli(f"snli {of}", 1, -1))
        },
        ("nyu-mll/glue", "main"): {
            "mnli": each(matched, lambda of: nli(of, 2, 1)),
            "qqp": each(
                THREE, lambda of: pairs("question1", "question2", same, (f"Why {of}?", "How?", 1))
            ),
        },
        ("rajpurkar/squad", "main"): {
            "plain_text": each(THREE[:2], lambda of: squad(cat(of, f"squad {of}")))
        },
        ("rajpurkar/squad_v2", "main"): {
            "squad_v2": each(
                THREE[:2],
                lambda of: squad(cat(f"{of} 1", of), (*cat(f"{of} 2", f"no {of}")[:3], [], [])),
            )
        },
        ("Rowan/hellaswag", "main"): {"default": each(THREE, _hellaswag)},
        ("allenai/cosmos_qa", CONVERTED): {
            "default": each(THREE, lambda of: choices(COSMOS, (*cosmos(of), 3), label=NUMBER))
        },
        ("tau/commonsense_qa", "main"): {"default": each(THREE, _csqa)},
        ("lighteval/siqa", "main"): {
            "default": each(
                THREE[:2], lambda of: choices(SIQA, (f"Sam fell {of}.", "Why?", "a", "b", "c", "3"))
            )
        },
        ("aps/super_glue", "main"): {
            "copa": each(THREE, lambda of: choices(COPA, told(of), label=copa))
        },
        ("facebook/xnli", "main"): per_language(
            "xnli", "{language}", lambda _, of: each(THREE, lambda at: nli(at, 2, 0, -1), of)
        ),
        ("cambridgeltl/xcopa", "main"): per_language(
            "xcopa",
            "{language}",
            lambda _, of: each(THREE[1:], lambda at: choices(COPA, told(at), label=NUMBER), of),
        ),
        ("izhx/xtreme-r-udpos", "main"): per_language("udpos", "{language}", _udpos),
        ("unimelb-nlp/wikiann", "main"): per_language(
            "wikiann", "{language}", lambda _, of: each(THREE, _wikiann, of)
        ),
        ("google/xquad", "main"): per_language(
            "xquad",
            "xquad.{language}",
            lambda _, of: {"validation": squad(*spaced(f"xquad {of}"), stripped=True)},
        ),
        ("google/xtreme", "main"): per_language(
            "mlqa",
            "MLQA.{language}.{language}",
            lambda _, of: each(
                THREE[1:], lambda at: squad(*spaced(f"mlqa {at}"), stripped=True), of
            ),
        ),
        ("google-research-datasets/tydiqa", "main"): {"secondary_task": each(THREE[:2], _tydiqa)},
        ("google-research-datasets/paws-x", "main"): per_language(
            "pawsx",
            "{language}",
            lambda _, of: each(
                THREE, lambda at: pairs("sentence1", "sentence2", paws, (f"a {at}", "b a", 1)), of
            ),
        ),
        ("wikimedia/wikipedia", "main"): {
            f"20231101.{code}": {"train": _wikipedia(code)} for code in ("en", "sw")
        },
        ("mteb/tatoeba-bitext-mining", "main"): per_language(
            "tatoeba", "{iso3}-eng", lambda code, _: {"test": _bitext(code)}
        ),
        ("mteb/flores", "main"): {"default": each(("dev", "devtest"), _flores)},
        ("mteb/FloresBitextMining", "main"): {"default": each(("dev", "devtest"), _flores)},
    }


def _udpos(code: str, of: str) -> Splits:
    """English has all splits; the declared order is not that of the task."""
    names = THREE if code == "en" else THREE[2:]
    return each(
        names,
        lambda at: tagged(
            "pos_tags",
            UPOS[::-1],
            (["The", "cat", *at.split()], ["DET", *["NOUN"] * (1 + len(at.split()))]),
        ),
        of,
    )


def _wikiann(at: str) -> Dataset:
    return tagged("ner_tags", NER, (["Ann", "Lee", at], ["B-PER", "I-PER", "O"]))


XQUAD_R = {
    "context": "The cat sat.\nIt slept.",
    "sentences": ["The cat sat.", "It slept."],
    "sentence_breaks": [[0, 12], [13, 22]],
    "qas": [
        {"id": "q", "question": "Slept?", "answers": [{"text": "slept", "answer_start": 16}]},
    ],
}


def write_mirror(root: Path) -> None:
    """Write every repository and model below a folder, and what lies beside the hub."""
    for (path, branch), configs in repositories().items():
        write_repository(root, path, configs, branch, legacy=path in LEGACY)
    _write_bucc(root)
    for name, row in MODELS.items():
        if row.path:
            write_model(root / "models" / row.path / commit(row.path, "main"), name)
    _write_raw(root / RAW)


def _write_bucc(root: Path) -> None:
    """Both pools and the gold pairs of a language in one row of one file."""
    folder = root / "mteb/BUCC" / commit("mteb/BUCC", "main")
    for code in languages_of("bucc"):
        row = {
            "sentence1": [f"eins {code}", f"zwei {code}", f"drei {code}"],
            "sentence2": ["two", "one"],
            "gold": [[1, 2], [2, 1]],
        }
        file = folder / f"{code}-en" / "test.json.gz"
        file.parent.mkdir(parents=True)
        file.write_bytes(gzip.compress(json.dumps(row).encode()))
    write_readme(folder, {f"{code}-en": ["test"] for code in languages_of("bucc")}, "test.json.gz")


def _write_raw(root: Path) -> None:
    """XQuAD-R and Cosmos QA as their authors publish them."""
    for code in languages_of("lareqa"):
        file = root / f"google-research-datasets/lareqa/{LAREQA_COMMIT}/xquad-r/{code}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        asked = {**XQUAD_R["qas"][0], "question": f"Slept in {code}?"}  # type: ignore[index]
        content = {"data": [{"paragraphs": [{**XQUAD_R, "qas": [asked]}]}]}
        file.write_text(json.dumps(content), encoding="utf-8")
    for split in ("train", "valid"):
        file = root / f"wilburOne/cosmosqa/{COSMOS_COMMIT}/data/{split}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [COSMOS.replace(" ", ",") + ",label", ",".join([*cosmos(f"raw {split}"), "3"])]
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_model(folder: Path, seed: str) -> None:
    """A tiny XLM-RoBERTa with a tokenizer of XLM-R's kind, learned from the rows."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", "<s> $A </s> </s> $B </s>", ends
    )
    named = dict(zip(("bos", "pad", "eos", "unk", "mask"), special, strict=True))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="<s>",
        sep_token="</s>",
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in named.items()},
    ).save_pretrained(folder)
    torch.manual_seed(len(seed))
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=514,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def _texts() -> Iterator[str]:
    for of in languages():
        yield " ".join([*told(of)[:3], *cosmos(of), cat(of, of)[1], "A man of", "Ann Lee"])
