"""Tagging, by seqeval."""

from __future__ import annotations

import random

from scorer_cases import Case, official

UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]


IOB = ["O", "O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def tag_case(gold: list[list[str]], predicted: list[list[str]]) -> Case:
    scores: Case = official("evaluate").f1(gold, predicted)
    return {"gold": gold, "predicted": predicted} | scores


def random_tags(rng: random.Random, tags: list[str]) -> Case:
    """Sentences of few tags, so that runs occur, and a prediction near the gold."""
    gold, predicted = [], []
    for _ in range(rng.randint(1, 5)):
        gold.append([rng.choice(tags) for _ in range(rng.randint(1, 8))])
        predicted.append([t if rng.random() < 0.7 else rng.choice(tags) for t in gold[-1]])
    return tag_case(gold, predicted)


def seqeval_cases() -> list[Case]:
    rng = random.Random(12)
    # A tag's first letter decides: these begin with those of O, B, I, E and S,
    # or end alike after a hyphen that they do not have.
    always = ["CCONJ SCONJ NOUN", "SYM INTJ", "INTJ X", "SCONJ SYM", "SYM SYM PUNCT"]
    groups = [a.split() for a in always] * 2
    groups += [rng.sample(UPOS, rng.randint(2, 4)) for _ in range(31)]
    cases = [random_tags(rng, tags) for tags in groups]
    cases += [random_tags(rng, IOB) for _ in range(24)]
    cases += [random_tags(rng, ["O", "B-PER", "I-PER", "I-ORG"]) for _ in range(10)]
    for gold, predicted in [
        ("O I-PER I-PER O", "O B-PER I-PER O"),
        ("B-PER I-ORG I-ORG", "B-PER B-ORG I-ORG"),
        ("B-LOC B-LOC", "B-LOC I-LOC"),
        ("O O O", "O O O"),
        ("O O O", "B-PER O O"),
        ("B-PER O O", "O O O"),
        ("I-LOC", "B-LOC"),
        ("SYM SYM SYM", "SYM SYM SYM"),
        ("INTJ INTJ INTJ", "INTJ INTJ NOUN"),
        ("SCONJ CCONJ CCONJ", "SCONJ SCONJ CCONJ"),
        ("NOUN NOUN VERB", "NOUN VERB VERB"),
    ]:
        cases.append(tag_case([gold.split()], [predicted.split()]))
    # Runs and entities stop at the end of a sentence.
    cases.append(tag_case([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]]))
    cases.append(tag_case([["B-PER"], ["I-PER"]], [["B-PER"], ["B-PER"]]))
    return cases
