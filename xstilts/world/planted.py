r"""The planted similarity: how much the topics of two sets of texts overlap, weighted by alignment.

$$S(i, t, l) = \sum_k q_i(k)\, q_t(k)\, s(l, k) \,/\, (\lVert q_i \rVert \lVert q_t \rVert)$$
with $q$ the shares of the topics in a task's *texts* and $s(l, k)$ the alignment of topic words.
The shares are not quite those of the task's topics: a hypothesis or a wrong choice may be about
another topic. They are counted in the English training examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from xstilts.world import TOPICS, World
from xstilts.world.examples import examples
from xstilts.world.lexicon import concepts, words

# The inputs of every kind of task, as `xstilts.data.encode.Encoded.sample` takes them.
TEXTS = ("text_a", "text_b", "prompt", "context", "question", "source", "query", "text")


def planted_similarity(world: World, intermediate: list[str], target: str, language: str) -> float:
    """S(i, t, l); several tasks mix their texts evenly."""
    mixed = np.mean([text_shares(world, task) for task in intermediate], axis=0)
    shares = text_shares(world, target)
    scale = np.linalg.norm(mixed) * np.linalg.norm(shares)
    return float((mixed * shares * world.similarity(language)).sum() / scale)


@cache
def text_shares(world: World, task: str) -> np.ndarray:
    """q(k): (topics,) shares of the topics among the words that have one."""
    topics = dict(zip(words(world)["en"], (each.topic for each in concepts()), strict=True))
    tokens = (word for each in examples(world, task, "en", "train") for word in _words(each))
    counts = np.bincount(
        [topic for word in tokens if (topic := topics.get(word, -1)) >= 0], minlength=len(TOPICS)
    )
    return counts / counts.sum()


def _words(example: Mapping[str, Any]) -> Iterator[str]:
    for name in TEXTS:
        yield from (example.get(name) or "").split()
    yield from example.get("words", ())
    yield from " ".join(example.get("choices", ())[:1]).split()
