"""Data sets read from the folder of their original release: which files hold a split, and its rows.

Where a `data` entry's format is a name of `RELEASES`, its path is that folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import InputError
from xstilts.io.formats import Located, Row, jsonl_rows, read_lines

POOL = "pool"
"""In place of a language: retrieval candidates that belong to no evaluated language."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """How one release lies in its folder.

    Attributes:
        files: the files of a (folder, language, split); none if it lacks the split.
        rows: the canonical rows of those files in a language, each with its place.
    """

    files: Callable[[Path, str, str], list[Path]]
    rows: Callable[[list[Path], str], Iterator[Located]]


# CCGbank, LDC2005T13: the folder is .../data/AUTO, with the WSJ sections 00 to 24.

SECTIONS = {"train": range(2, 22), "dev": (0,), "test": (23,)}  # the standard division
ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}"}  # the Penn Treebank's brackets
LEAF = re.compile(r"<L (\S+) \S+ \S+ (\S+) \S+>")  # category, two tags, word, predicate


def _ccgbank_files(folder: Path, language: str, split: str) -> list[Path]:
    sections = [folder / f"{number:02}" for number in SECTIONS[split]]
    # A section that is not there stands for itself, so that its absence is noticed.
    return [
        file
        for section in sections
        for file in sorted(section.glob("*.auto")) or [section / "*.auto"]
    ]


def _ccgbank_rows(paths: list[Path], language: str) -> Iterator[Located]:
    """One sentence per derivation: the words and categories of its leaves."""
    for path in paths:
        for number, line in enumerate(read_lines(path), start=1):
            if line.startswith("ID=") or not line.strip():
                continue
            leaves = LEAF.findall(line)
            if not leaves or len(leaves) != line.count("(<L "):
                raise InputError(f"{path}, line {number}: neither an ID nor a whole derivation")
            words = [ESCAPES.get(word, word).replace("\\/", "/") for _, word in leaves]
            yield (
                f"{path}, line {number}",
                {"words": words, "tags": [category for category, _ in leaves]},
            )


# BUCC 2018: the folder holds de-en, fr-en, ru-en and zh-en. The shared task's own test gold is not
# public, so XTREME tests on the training pools and tunes on the sample.

BUCC_NAMES = {"dev": "sample", "test": "training"}


def _bucc_files(folder: Path, language: str, split: str) -> list[Path]:
    if split not in BUCC_NAMES:
        return []
    pair = f"{language}-en"
    stem = folder / pair / f"{pair}.{BUCC_NAMES[split]}"
    return [Path(f"{stem}.{side}") for side in (language, "en", "gold")]


def _bucc_rows(paths: list[Path], language: str) -> Iterator[Located]:
    """One row per sentence of either pool; source and target of a gold pair share a key."""
    *pools, gold = paths
    sides = [_sentences(path) for path in pools]
    keys: list[dict[str, list[str]]] = [{}, {}]
    for number, pair in enumerate(_pairs(gold), start=1):
        for side, (by_id, sentence) in enumerate(zip(sides, pair, strict=True)):
            if sentence not in by_id:
                raise InputError(
                    f"{gold}, line {number}: no sentence '{sentence}' in {pools[side]}"
                )
            keys[side].setdefault(sentence, []).append(str(number))
    for side, (path, column) in enumerate(zip(pools, ("source", "target"), strict=True)):
        for number, (name, text) in enumerate(sides[side].items(), start=1):
            row = {"id": name, "source": None, "target": None, "keys": keys[side].get(name, [])}
            yield f"{path}, line {number}", {**row, column: text}


def _sentences(path: Path) -> dict[str, str]:
    """Sentences of one pool by id."""
    by_id: dict[str, str] = {}
    for number, (name, text) in enumerate(_pairs(path), start=1):
        if name in by_id:
            raise InputError(f"{path}, line {number}: id '{name}' was there before")
        by_id[name] = text
    return by_id


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_lines(path), start=1):
        first, tab, second = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: no tab after '{first[:40]}'")
        yield first, second


# Mewsli-X, release 20220518: its script get-mewsli-x.sh puts the WikiNews texts into the mentions.
# Texts are built as XTREME-R does: a mention in its sentence, an entity as its description.

MEWSLIX_NAMES = {
    "train": "wikipedia_pairs-train.jsonl",
    "dev": "wikipedia_pairs-dev.jsonl",
    "test": "wikinews_mentions-test.jsonl",
    POOL: "candidate_set_entities.jsonl",
}


def _mewslix_rows(paths: list[Path], language: str) -> Iterator[Located]:
    """English pairs of a mention and its entity; mentions in a language; entities of the pool."""
    for path in paths:
        for number, row in enumerate(jsonl_rows(path), start=1):
            where = f"{path}, line {number}"
            try:
                yield from ((where, example) for example in _mewslix_row(row, language, where))
            except (KeyError, TypeError) as error:
                raise InputError(f"{where}: not in Mewsli-X's format, lacks {error}") from error


def _mewslix_row(row: Row, language: str, where: str) -> Iterator[Row]:
    if "contextual_mention" in row:
        mention = row["contextual_mention"]
        query, entity = _mention(mention["context"], mention["mention"], where), row["entity"]
        yield {"query": query, "candidate": _entity(entity), "keys": [entity["entity_id"]]}
    elif "mentions" in row:
        for mention in row["mentions"] if row["context"]["language"] == language else ():
            name, key = mention["example_id"], mention["entity_id"]
            query = _mention(row["context"], mention, where)
            yield {"id": name, "query": query, "candidate": None, "keys": [key]}
    else:
        key = row["entity_id"]
        yield {"id": key, "query": None, "candidate": _entity(row), "keys": [key]}


def _mention(context: Row, mention: Row, where: str) -> str:
    """`mention: left { mention } right`, from the one sentence that holds the mention."""
    span, text = mention["mention_span"], context["text"]
    if not text:
        raise InputError(f"{where}: the text is missing; run the release's get-mewsli-x.sh first")
    for sentence in context["sentence_spans"]:
        if sentence["start"] <= span["start"] and span["end"] <= sentence["end"]:
            left = _without_braces(text[sentence["start"] : span["start"]])
            right = _without_braces(text[span["end"] : sentence["end"]])
            name = text[span["start"] : span["end"]]
            return _one_line(f"{name}: {left} {{ {name} }} {right}")
    raise InputError(f"{where}: no sentence holds the mention '{span.get('text', span)}'")


def _without_braces(text: str) -> str:
    return re.sub(r"\{(.*?)\}", r"(\1)", text)


def _entity(entity: Row) -> str:
    """The sentences of the entity's description."""
    text, spans = entity["description"], entity["sentence_spans"]
    return _one_line(" ".join(text[span["start"] : span["end"]] for span in spans))


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("  ", " ").strip()


RELEASES = {
    "mewslix": Release(
        files=lambda folder, language, split: [
            folder / MEWSLIX_NAMES[POOL if language == POOL else split]
        ],
        rows=_mewslix_rows,
    ),
    "ccgbank": Release(files=_ccgbank_files, rows=_ccgbank_rows),
    "bucc": Release(files=_bucc_files, rows=_bucc_rows),
}
