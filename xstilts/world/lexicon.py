"""The world's words: concepts with a class, a topic and a feature, and a word in every language.

The feature of a concept is what tasks ask about: a noun's category, a verb's polarity, a name's
type. Function words belong to no topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from xstilts.world import TOPICS, World

# class -> (concepts per topic, features in turn)
CONTENT: dict[str, tuple[int, tuple[str, ...]]] = {
    "NOUN": (12, ("animal", "person", "thing", "place")),
    "VERB": (9, ("plus", "minus", "zero")),
    "ADJ": (6, ("",)),
    "PROPN": (6, ("PER", "ORG", "LOC")),
    "ADV": (6, ("",)),  # topic words: they tell the topic and decide nothing
}
FUNCTION: dict[str, tuple[str, ...]] = {
    "DET": ("the", "some"),
    "ADP": ("at", "with"),
    "PRON": ("animal", "person", "thing", "place"),  # question words: which animal, which ...
    "PUNCT": ("stop",),
}
SYLLABLES = {
    "Latin": "ba de ki lo mu na po ra se ti vu za",
    "Cyrillic": "ба де ки ло му на по ра се ти ву за",
    "Greek": "βα δε κι λο μυ να πο ρα σε τι φυ ζα",
    "Devanagari": "बा दे की लो मू ना पो रा से ती वू जा",
    "Arabic": "با دي كي لو مو نا بو را سي تي فو زا",
}


SHARED = 0.8  # length of a topic's and of a feature's direction in a planted vector


@dataclass(frozen=True, kw_only=True)
class Concept:
    """One concept; `topic` is -1 for function words."""

    index: int
    word_class: str
    topic: int
    feature: str


@cache
def concepts() -> tuple[Concept, ...]:
    """All concepts: topic by topic, then function words."""
    entries = [
        (word_class, topic, features[at % len(features)])
        for topic in range(len(TOPICS))
        for word_class, (count, features) in CONTENT.items()
        for at in range(count)
    ] + [(word_class, -1, name) for word_class, names in FUNCTION.items() for name in names]
    return tuple(
        Concept(index=at, word_class=word_class, topic=topic, feature=feature)
        for at, (word_class, topic, feature) in enumerate(entries)
    )


@cache
def listed(word_class: str, topic: int, feature: str | None = None) -> tuple[Concept, ...]:
    """The concepts of a class and topic, with this feature where one is given."""
    return tuple(
        concept
        for concept in concepts()
        if (concept.word_class, concept.topic) == (word_class, topic)
        and feature in (None, concept.feature)
    )


@cache
def words(world: World) -> dict[str, list[str]]:
    """The word of every concept in every language; no string means two things."""
    taken: set[str] = set()
    lexicon: dict[str, list[str]] = {}
    for code, speech in world.languages.items():
        random = world.random("words", code)
        syllables = SYLLABLES[speech.script].split()
        lexicon[code] = []
        for _ in concepts():
            word = "".join(syllables[at] for at in random.integers(len(syllables), size=3))
            while word in taken:
                word += syllables[random.integers(len(syllables))]
            taken.add(word)
            lexicon[code].append(word)
    return lexicon


def embeddings(world: World, width: int) -> dict[str, np.ndarray]:
    """(concepts, width) planted unit vectors per language.

    An English vector is a direction of its own plus those of its topic and of its class and
    feature, as pretrained embeddings have them. In another language it is turned away by a random
    orthogonal direction until its cosine with English is the alignment.
    """
    random = world.random("embeddings")
    own = _unit(random.normal(size=(len(concepts()), width)))
    groupings = (
        [str(concept.topic) for concept in concepts()],
        [concept.word_class + concept.feature for concept in concepts()],
    )
    shared = np.zeros_like(own)
    for grouping in groupings:
        groups, members = np.unique(grouping, return_inverse=True)
        shared += _unit(random.normal(size=(len(groups), width)))[members]
    english = _unit(own + SHARED * shared)
    return {code: _turn(world, code, english) for code in world.languages}


def _turn(world: World, language: str, english: np.ndarray) -> np.ndarray:
    cosine = alignments(world, language)[:, None]
    away = world.random("away", language).normal(size=english.shape)
    away = _unit(away - (away * english).sum(1, keepdims=True) * english)
    return cosine * english + np.sqrt(1 - cosine**2) * away


def alignments(world: World, language: str) -> np.ndarray:
    """(concepts,) cosine of each word of a language with the English word."""
    deciding, topic_words = world.alignment(language), world.similarity(language)
    return np.array(
        [
            deciding.mean()
            if concept.topic < 0
            else (topic_words if concept.word_class == "ADV" else deciding)[concept.topic]
            for concept in concepts()
        ]
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
