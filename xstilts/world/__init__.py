r"""The embedded world: a family of invented languages whose similarity to English is known exactly.

*Concepts* belong to topics. English has a word for every concept; language `l` has its own word,
whose planted embedding has cosine $a(l, k)$, the **alignment**, with the English word of the same
concept of topic `k`. Languages differ in word order and script as well, and tasks in their topics,
so similarity varies over (intermediate, target, language). No pretraining is needed.

The **planted similarity** of an intermediate task to a target in language `l` is the overlap of
the topics of their texts, weighted by $s(l, k)$, the alignment of topic words, which decide nothing
(`planted.py`). The words that decide a task are aligned by
$$a(l, k) = \bar s + \mathrm{effect} \cdot (s(l, k) - \bar s)$$
With effect 1 similarity is what transfer depends on; with effect 0 it still varies, and means
nothing.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from xstilts.languages import languages_of

TABLE = Path(__file__).with_name("languages.csv")
TOPICS = ("sea", "farm", "court", "market", "school", "forest", "music", "kitchen")
TOPIC_SPREAD = 0.12  # standard deviation of alignment over a language's topics
LEAST, MOST = 0.05, 0.99  # alignments stay between these


@dataclass(frozen=True, kw_only=True)
class Speech:
    """One invented language: a row of the world's table of languages."""

    code: str
    name: str
    script: str
    order: str
    adjective: str
    alignment: float


@dataclass(frozen=True, kw_only=True)
class World:
    """The world's truth.

    Attributes:
        seed: of everything random in it.
        effect: share of similarity's variation that the deciding words follow.
        train, dev, test: examples per task and language.
    """

    seed: int = 0
    effect: float = 1.0
    train: int = 2400
    dev: int = 100
    test: int = 150

    def random(self, *names: str) -> np.random.Generator:
        """A generator that depends on the world's seed and these names only."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    @cached_property
    def languages(self) -> dict[str, Speech]:
        """The languages by code, English first."""
        with TABLE.open(encoding="utf-8", newline="") as file:
            rows: Iterator[dict[str, Any]] = csv.DictReader(file)
            return {
                row["code"]: Speech(**{**row, "alignment": float(row["alignment"])}) for row in rows
            }

    def similarity(self, language: str) -> np.ndarray:
        """s(l, k): (topics,) alignment of the topic words."""
        if language == "en":
            return np.ones(len(TOPICS))
        deviation = self.random("alignment", language).normal(0, TOPIC_SPREAD, len(TOPICS))
        deviation -= deviation.mean()
        aligned: np.ndarray = self.languages[language].alignment + deviation
        return aligned.clip(LEAST, MOST)

    @cached_property
    def mean_similarity(self) -> float:
        """Mean of s over languages other than English, and topics."""
        return float(np.mean([self.similarity(code) for code in self.languages if code != "en"]))

    def alignment(self, language: str) -> np.ndarray:
        """a(l, k): (topics,) alignment of the words that decide tasks."""
        if language == "en":
            return np.ones(len(TOPICS))
        mean = self.mean_similarity
        return mean + self.effect * (self.similarity(language) - mean)

    def topic_shares(self, task: str) -> np.ndarray:
        """p(k): (topics,) shares of the topics that a task asks about; every topic occurs."""
        shares = self.random("topics", task).dirichlet(np.full(len(TOPICS), 0.6))
        return 0.8 * shares + 0.2 / len(TOPICS)


def target_languages(world: World, target: str) -> list[str]:
    """Every language of the world; English too where the study's target has it."""
    with_english = "en" in languages_of(target)
    return [code for code in world.languages if code != "en" or with_english]
