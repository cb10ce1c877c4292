"""Invented rows of every hub data set that a task names, in the columns and types of the hub.

Label names and their order are those that the data sets declare; a label of -1 or "" is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, Features, Value
from datasets import List as Sequence
from hub_mirror import write_repository

from xstilts.tasks import UPOS

TEXT, NUMBER = Value("string"), Value("int32")
NLI = ClassLabel(names=["entailment", "neutral", "contradiction"])
NER = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
CONVERTED = "refs/convert/parquet"

Row = dict[str, Any]


def table(columns: Mapping[str, Any], *rows: tuple[Any, ...]) -> Dataset:
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return Dataset.from_list(records, features=Features(dict(columns)))


def pairs(first: str, second: str, label: Any, *rows: tuple[Any, ...]) -> Dataset:
    return table({first: TEXT, second: TEXT, "label": label}, *rows)


def nli(*labels: int) -> Dataset:
    rows = [(f"A man {at}.", f"A person {at}.", label) for at, label in enumerate(labels)]
    return pairs("premise", "hypothesis", NLI, *rows)


def squad(*rows: tuple[str, str, str, list[str], list[int]]) -> Dataset:
    answers = {"text": Sequence(TEXT), "answer_start": Sequence(NUMBER)}
    columns = {"id": TEXT, "title": TEXT, "context": TEXT, "question": TEXT, "answers": answers}
    records = [
        (name, "", context, question, {"text": text, "answer_start": start})
        for name, context, question, text, start in rows
    ]
    return table(columns, *records)


def tagged(column: str, names: tuple[str, ...], *rows: tuple[list[str], list[str]]) -> Dataset:
    label = ClassLabel(names=list(names))
    records = [(words, [names.index(tag) for tag in tags]) for words, tags in rows]
    return table({"tokens": Sequence(TEXT), column: Sequence(label)}, *records)


def choices(columns: str, *rows: tuple[Any, ...], label: Any = TEXT) -> Dataset:
    names = columns.split()
    types = [Sequence(TEXT) if name == "endings" else TEXT for name in names]
    return table({**dict(zip(names, types, strict=True)), "label": label}, *rows)


CAT = ("q1", "The cat sat. It slept.", "What did it do?", ["slept"], [16])
COSMOS = "id context question answer0 answer1 answer2 answer3"
COPA = "premise choice1 choice2 question"
SIQA = "context question answerA answerB answerC"


def _splits(rows: Dataset, *names: str) -> dict[str, Dataset]:
    return dict.fromkeys(names, rows)


WIKI = {"id": TEXT, "url": TEXT, "title": TEXT, "text": TEXT}


def repositories() -> dict[tuple[str, str], dict[str, dict[str, Dataset]]]:
    """Configurations and their splits by (data set, branch)."""
    rounds = [f"{split}_r{at}" for split in ("train", "dev", "test") for at in (1, 2, 3)]
    three = ("train", "validation", "test")
    mnli = _splits(nli(2, 1), "train", "validation_matched", "validation_mismatched")
    wiki = table(WIKI, ("1", "", "Sea", "The sea is wide.\n\nIt is deep."), ("2", "", "", " "))
    same = ClassLabel(names=["not_duplicate", "duplicate"])
    qqp = pairs("question1", "question2", same, ("Why?", "How come?", 1))
    paws = ClassLabel(names=["0", "1"])
    copa = ClassLabel(names=["choice1", "choice2"])
    question = {"label": Sequence(TEXT), "text": Sequence(TEXT)}
    csqa = table(
        {"id": TEXT, "question": TEXT, "question_concept": TEXT, "choices": question}
        | {"answerKey": TEXT},
        ("1", "Where?", "x", {"label": list("ABCDE"), "text": ["a", "b", "c", "d", "e"]}, "C"),
    )
    hellaswag = choices(
        "ctx_a ctx_b ctx endings",
        ("He ran.", "then he", "He ran. then he", ["sat.", "flew.", "sank.", "sang."], "2"),
    )
    cosmos = choices(COSMOS, ("1", "Rain.", "Why?", "a", "b", "c", "d", 3), label=NUMBER)
    told = ("My body cast a shadow.", "The sun rose.", "The grass was cut.", "cause", 0)
    bitext = table(
        {"sentence1": TEXT, "sentence2": TEXT, "lang": TEXT}, ("Habari\n", "Hello\n", "swh-eng")
    )
    flores = table(
        {"eng_Latn": TEXT, "deu_Latn": TEXT, "swh_Latn": TEXT}, ("Hello.", "Hallo.", "Habari.")
    )
    tydiqa = squad(
        ("english-1-0", *CAT[1:]), ("swahili-2-0", "Paka alilala.", "Nani?", ["Paka"], [0])
    )
    mlqa = squad(("m1", "Die Katze schlief.", "Wer?", ["Die Katze"], [0]))
    upos = tagged("pos_tags", UPOS[::-1], (["The", "cat"], ["DET", "NOUN"]))
    ner = tagged("ner_tags", NER, (["Ann", "Lee", "sat"], ["B-PER", "I-PER", "O"]))
    return {
        ("facebook/anli", "main"): {"plain_text": dict.fromkeys(rounds, nli(0))},
        ("stanfordnlp/snli", "main"): {"plain_text": _splits(nli(1, -1), *three)},
        ("nyu-mll/glue", "main"): {"mnli": mnli, "qqp": _splits(qqp, *three)},
        ("rajpurkar/squad", "main"): {"plain_text": _splits(squad(CAT), *three[:2])},
        ("rajpurkar/squad_v2", "main"): {
            "squad_v2": _splits(squad(CAT, ("q2", *CAT[1:3], [], [])), *three[:2])
        },
        ("Rowan/hellaswag", "main"): {"default": _splits(hellaswag, *three)},
        ("allenai/cosmos_qa", CONVERTED): {"default": _splits(cosmos, *three)},
        ("tau/commonsense_qa", "main"): {"default": _splits(csqa, *three)},
        ("lighteval/siqa", "main"): {
            "default": _splits(choices(SIQA, ("Sam fell.", "Why?", "a", "b", "c", "3")), *three[:2])
        },
        ("aps/super_glue", "main"): {"copa": _splits(choices(COPA, told, label=copa), *three)},
        ("facebook/xnli", "main"): {"sw": _splits(nli(2, 0, -1), *three)},
        ("cambridgeltl/xcopa", "main"): {
            "sw": _splits(choices(COPA, told, label=NUMBER), *three[1:])
        },
        ("izhx/xtreme-r-udpos", "main"): {"en": _splits(upos, *three), "sw": {"test": upos}},
        ("unimelb-nlp/wikiann", "main"): {"en": _splits(ner, *three), "sw": _splits(ner, *three)},
        ("google/xquad", "main"): {"xquad.de": {"validation": squad(CAT)}},
        ("google/xtreme", "main"): {"MLQA.de.de": _splits(mlqa, *three[1:])},
        ("google-research-datasets/tydiqa", "main"): {
            "secondary_task": _splits(tydiqa, *three[:2])
        },
        ("google-research-datasets/paws-x", "main"): {
            code: _splits(pairs("sentence1", "sentence2", paws, ("a b", "b a", 1)), *three)
            for code in ("en", "de")
        },
        ("wikimedia/wikipedia", "main"): {
            f"20231101.{language}": {"train": wiki} for language in ("en", "sw")
        },
        ("mteb/tatoeba-bitext-mining", "main"): {"swh-eng": {"test": bitext}},
        ("mteb/flores", "main"): {"default": {"dev": flores, "devtest": flores}},
    }


def write_mirror(root: Path) -> None:
    """Write every repository below a folder."""
    for (path, branch), configs in repositories().items():
        write_repository(root, path, configs, branch)
