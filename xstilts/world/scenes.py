"""Scenes: who does what to what, where; and how a language says it.

Word order is the language's: of subject, verb and object, of adjective and noun, and of the topic
word, which opens the sentence in verb-first and verb-last languages and closes it in the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xstilts.world import Speech
from xstilts.world.lexicon import Concept, listed


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The concepts of one scene; `names` is one or two names, both of the first one's type."""

    topic: int
    agent: Concept
    agent_adjective: Concept | None
    verb: Concept
    thing: Concept
    thing_adjective: Concept | None
    names: tuple[Concept, ...]
    topic_word: Concept


def pick(
    random: np.random.Generator, word_class: str, topic: int, feature: str | None = None
) -> Concept:
    """A random concept of a class, topic and feature."""
    options = listed(word_class, topic, feature)
    return options[random.integers(len(options))]


def draw(random: np.random.Generator, topic: int, **chosen: Concept) -> Scene:
    """A random scene of a topic, with some of its parts chosen."""
    first = pick(random, "PROPN", topic)
    others = [name for name in listed("PROPN", topic, first.feature) if name is not first]
    second = (others[random.integers(len(others))],) if random.random() < 0.5 else ()
    adjectives = [pick(random, "ADJ", topic) if random.random() < 0.4 else None for _ in range(2)]
    parts = {
        "agent": pick(random, "NOUN", topic),
        "verb": pick(random, "VERB", topic),
        "thing": pick(random, "NOUN", topic),
        "agent_adjective": adjectives[0],
        "thing_adjective": adjectives[1],
        "topic_word": pick(random, "ADV", topic),
        **chosen,
    }
    return Scene(topic=topic, names=(first, *second), **parts)  # type: ignore[arg-type]


def order(scene: Scene, speech: Speech) -> list[Concept]:
    """The scene's concepts in the language's word order."""
    parts = {
        "S": _noun_phrase("the", scene.agent, scene.agent_adjective, speech),
        "V": [scene.verb],
        "O": _noun_phrase("some", scene.thing, scene.thing_adjective, speech),
    }
    clause = [concept for part in speech.order for concept in parts[part]]
    clause += [listed("ADP", -1, "at")[0], *scene.names]
    topic_word = [scene.topic_word]
    body = clause + topic_word if speech.order == "SVO" else topic_word + clause
    return [*body, listed("PUNCT", -1)[0]]


def _noun_phrase(
    determiner: str, noun: Concept, adjective: Concept | None, speech: Speech
) -> list[Concept]:
    described = [adjective, noun] if adjective else [noun]
    if speech.adjective == "after":
        described.reverse()
    return [*listed("DET", -1, determiner), *described]
