"""Scenes as examples of every kind, in the canonical schemas, for every task of the study.

A task's *skill* says what decides its label; tasks that share a skill (or a topic) help each other.
All languages of a (task, split) tell the same scenes, so they are parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from xstilts.world import TOPICS, World
from xstilts.world.lexicon import Concept, listed, words
from xstilts.world.scenes import draw, order, pick

Example = dict[str, Any]

CATEGORIES = ("animal", "person", "thing", "place")
POLARITIES = ("plus", "minus", "zero")
SUPERTAGS = {
    ("NOUN", ""): "N",
    ("ADJ", ""): "N/N",
    ("DET", ""): "NP/N",
    ("VERB", "plus"): "(S\\NP)/NP",
    ("VERB", "minus"): "S\\NP",
    ("VERB", "zero"): "(S\\NP)/PP",
    ("PROPN", ""): "NP",
    ("ADP", ""): "PP/NP",
    ("ADV", ""): "S\\S",
    ("PUNCT", ""): ".",
}


def examples(world: World, task: str, language: str, split: str) -> list[Example]:
    """The examples of a task in a language, canonical fields and `id`."""
    make = SKILLS[task]
    count = {"train": world.train, "dev": world.dev, "test": world.test}[split]
    random = world.random("examples", task, split)
    topics = random.choice(len(TOPICS), size=count, p=world.topic_shares(task))
    teller = Teller(world, language)
    return [
        {"id": f"{split}-{at}", **make(random, int(topic), teller, f"{task}-{split}-{at}")}
        for at, topic in enumerate(topics)
    ]


class Teller:
    """Says concepts in a language; English is always at hand, for translations."""

    def __init__(self, world: World, language: str) -> None:
        self.speech = world.languages[language]
        self.english = world.languages["en"]
        self.lexicon = words(world)

    def say(self, concepts: list[Concept], english: bool = False) -> str:
        """The concepts' words, as they stand."""
        vocabulary = self.lexicon["en" if english else self.speech.code]
        return " ".join(vocabulary[concept.index] for concept in concepts)

    def tell(self, scene: Any, english: bool = False) -> str:
        """A scene as a sentence."""
        return self.say(order(scene, self.english if english else self.speech), english)


def _nli(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """On the topic, a plus verb entails and a minus verb contradicts; off it, all is neutral."""
    label = int(random.integers(3))
    polarity = ("plus", POLARITIES[random.integers(2)], "minus")[label]
    about = _other_topic(random, topic) if label == 1 else topic
    hypothesis = draw(random, about, verb=pick(random, "VERB", about, polarity))
    return {
        "text_a": teller.tell(draw(random, topic)),
        "text_b": teller.tell(hypothesis),
        "label": label,
    }


def _paraphrase(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """Are both sentences about the same topic?"""
    label = int(random.integers(2))
    about = topic if label else _other_topic(random, topic)
    return {
        "text_a": teller.tell(draw(random, topic)),
        "text_b": teller.tell(draw(random, about)),
        "label": label,
    }


def _other_topic(random: np.random.Generator, topic: int) -> int:
    return int((topic + random.integers(1, len(TOPICS))) % len(TOPICS))


def _choice(
    random: np.random.Generator, teller: Teller, prompt: str, options: list[list[Concept]]
) -> Example:
    """A multiple-choice example; the right option is given first."""
    shuffled = random.permutation(len(options))
    return {
        "prompt": prompt,
        "choices": [teller.say(options[at]) for at in shuffled],
        "label": int(np.flatnonzero(shuffled == 0)[0]),
    }


def _continuation(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """The right ending stays on the topic."""
    others = [at for at in random.permutation(len(TOPICS)) if at != topic][:3]
    options = [[pick(random, "ADJ", at), pick(random, "NOUN", at)] for at in (topic, *others)]
    return _choice(random, teller, teller.tell(draw(random, topic)), options)


def _polarity(
    choices: int,
) -> Callable[[np.random.Generator, int, Teller, str], Example]:
    def make(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
        """The right choice's verb is a plus verb."""
        options = [
            [pick(random, "VERB", topic, POLARITIES[at]), pick(random, "NOUN", topic)]
            for at in (0, *(1 + at % 2 for at in range(choices - 1)))
        ]
        return _choice(random, teller, teller.tell(draw(random, topic)), options)

    return make


def _category(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """Which animal? The right choice is one."""
    right = int(random.integers(4))
    wrong = [(right + 1 + at % 3) % 4 for at in range(4)]
    options = [[pick(random, "NOUN", topic, CATEGORIES[at])] for at in (right, *wrong)]
    question = [
        *listed("PRON", -1, CATEGORIES[right]),
        pick(random, "VERB", topic),
        pick(random, "ADV", topic),
    ]
    return _choice(random, teller, teller.say(question), options)


def _tagged(
    tag: Callable[[Concept, bool, bool], str],
) -> Callable[[np.random.Generator, int, Teller, str], Example]:
    def make(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
        """A sentence with one tag per word; after a determiner a verb may stand as a noun."""
        parts = {"verb": pick(random, "VERB", topic, POLARITIES[random.integers(2)])}
        if random.random() < 0.3:
            parts["thing"] = pick(random, "VERB", topic, "zero")
        scene = draw(random, topic, **parts)
        sentence = order(scene, teller.speech)
        return {
            "words": teller.say(sentence).split(),
            "tags": [
                tag(concept, concept is scene.thing, concept in scene.names[1:])
                for concept in sentence
            ],
        }

    return make


def _supertag(concept: Concept, is_thing: bool, continues: bool) -> str:
    if is_thing:
        return SUPERTAGS["NOUN", ""]
    feature = concept.feature if concept.word_class == "VERB" else ""
    return SUPERTAGS[concept.word_class, feature]


def _entity(concept: Concept, is_thing: bool, continues: bool) -> str:
    if concept.word_class != "PROPN":
        return "O"
    return f"{'I' if continues else 'B'}-{concept.feature}"


def _question(
    answerable: float,
) -> Callable[[np.random.Generator, int, Teller, str], Example]:
    def make(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
        """Which animal? Two sentences hold a noun of each category, or of all but that one."""
        right = int(random.integers(4))
        categories = list(random.permutation(4))
        if random.random() >= answerable:
            categories = [(right + 1 + at % 3) % 4 for at in categories]
        nouns = [pick(random, "NOUN", topic, CATEGORIES[at]) for at in categories]
        scenes = [draw(random, topic, agent=nouns[at], thing=nouns[at + 1]) for at in (0, 2)]
        context = " ".join(teller.tell(scene) for scene in scenes)
        answers = [
            teller.say([noun])
            for noun, category in zip(nouns, categories, strict=True)
            if category == right
        ]
        question = [*listed("PRON", -1, CATEGORIES[right]), pick(random, "VERB", topic)]
        return {
            "context": context,
            "question": teller.say(question),
            "answers": answers,
            "answer_starts": [f" {context} ".index(f" {answer} ") for answer in answers],
        }

    return make


def _translation(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """A sentence and its English translation."""
    scene = draw(random, topic)
    return {"source": teller.tell(scene), "target": teller.tell(scene, english=True)}


def _pool(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """A translation pair, or (two in five) a sentence of one side only."""
    pair = {**_translation(random, topic, teller, key), "keys": [key]}
    fate = random.random()
    if fate < 0.2:
        pair["target"] = None
    elif fate < 0.4:
        pair["source"] = None
    return pair


def _retrieval(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """The sentence that answers: which animal does this with that name?"""
    scene = draw(random, topic)
    query = [*listed("PRON", -1, scene.agent.feature), scene.verb, scene.thing, *scene.names]
    return {"keys": [key], "query": teller.say(query), "candidate": teller.tell(scene)}


def _linking(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """A name mentioned in a sentence, and the description of who bears it."""
    scene = draw(random, topic)
    name = "-".join(str(concept.index) for concept in scene.names)
    kind = [at % 3 for at in (scene.names[0].index, scene.names[-1].index)]
    described = [listed("ADJ", topic)[at] for at in kind]
    return {
        "keys": [name],
        "query": f"{{ {teller.say(list(scene.names))} }} {teller.tell(scene)}",
        "candidate": teller.say([*scene.names, *described, pick(random, "ADV", topic)]),
    }


def _text(random: np.random.Generator, topic: int, teller: Teller, key: str) -> Example:
    """A few sentences on one topic."""
    return {"text": " ".join(teller.tell(draw(random, topic)) for _ in range(3))}


SKILLS: dict[str, Callable[[np.random.Generator, int, Teller, str], Example]] = {
    "anli": _nli,
    "mnli": _nli,
    "xnli": _nli,
    "qqp": _paraphrase,
    "pawsx": _paraphrase,
    "hellaswag": _continuation,
    "commonsenseqa": _category,
    "cosmosqa": _polarity(4),
    "siqa": _polarity(3),
    "copa": _polarity(2),
    "xcopa": _polarity(2),
    "ccg": _tagged(_supertag),
    "udpos": _tagged(lambda word, is_thing, _: "NOUN" if is_thing else word.word_class),
    "wikiann": _tagged(_entity),
    "squad1": _question(1.0),
    "squad2": _question(2 / 3),
    "xquad": _question(1.0),
    "mlqa": _question(1.0),
    "tydiqa": _question(1.0),
    "tatoeba": _translation,
    "flores": _translation,
    "bucc": _pool,
    "squad_retrieval": _retrieval,
    "lareqa": _retrieval,
    "mewslix": _linking,
    "wikipedia": _text,
    "wikipedia_en": _text,
}


def all_words(world: World) -> Iterator[str]:
    """Every string that a text of the world can hold."""
    for lexicon in words(world).values():
        yield from lexicon
    yield from "{}"
