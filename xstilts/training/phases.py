"""Phase two (one or several tasks at once) and phase three (a chain of tasks), to a checkpoint."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xstilts.checkpoint.curves import CURVE, CURVE_FILE
from xstilts.checkpoint.network import Network, load, save, training_store
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Precision
from xstilts.encoder.vocabulary import trim_vocabulary
from xstilts.evaluation.predict import DevScore, dev_score
from xstilts.io.hashing import digest
from xstilts.io.tables import read_json, rows_table, write_table
from xstilts.tasks import Phase, Preset, Schedule, Task
from xstilts.training.loop import Fit, FitPlan, Stream
from xstilts.training.sampling import (
    CORPUS_BATCH,
    CORPUS_EXPONENT,
    CORPUS_SHARE,
    proportions,
    steps_of,
)
from xstilts.training.training_state import read_state, write_state

logger = logging.getLogger(__name__)

STATE = "state.safetensors"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to optimise: the config's section `training`.

    Attributes:
        preset: whose schedules the tasks follow in phase three.
        batch_size, max_steps, learning_rate, warmup_fraction, weight_decay: replace the
            schedule's, where given.
        clip_norm: largest norm of a step's gradient.
        examples_cap: sizes above this count as this when several tasks are sampled.
        temperature: flattens the sampling; 1 is proportional.
        freeze_embeddings: leave the word embeddings as they were pretrained.
        batch_tokens: tokens a forward pass may hold.
        precision: of matrix products (`xstilts.encoder.model.Precision`).
        evaluate_every: steps between evaluations on English dev data.
        dev_examples: most examples of a task per evaluation.
        patience: evaluations without gain after which training stops.
    """

    preset: Preset
    batch_size: int | None
    max_steps: int | None
    learning_rate: float | None
    warmup_fraction: float | None
    weight_decay: float | None
    clip_norm: float
    examples_cap: int
    temperature: float
    freeze_embeddings: bool
    batch_tokens: int
    precision: Precision
    evaluate_every: int
    dev_examples: int
    patience: int


def train(
    *,
    parent: str,
    phase: Phase,
    fits: list[dict[str, list[str]]],
    seed: int,
    settings: dict[str, Any],
    save_minutes: float,
    store: str | None,
    code: str,
    checkpoint: str,
) -> None:
    """Train a network in one phase, one fit after another, and write its checkpoint.

    Phase two is one fit of a recipe's tasks, one head per task. Phase three is one fit per task of
    a target's chain; a head is trained on where its shape fits.

    Args:
        parent: manifest of the checkpoint that is trained further.
        phase: whose schedules the tasks follow.
        fits: the manifests of each fit's `Sources`.
        seed: decides everything random.
        settings: `Settings`.
        save_minutes: minutes between step checkpoints.
        store: folder of finished trainings, which may hold this one already; None: none is kept.
        code: digest of the code; a training that other code began is not resumed.
        checkpoint: the checkpoint's manifest.
    """
    sources = [Sources.read(**fit) for fit in fits]
    run = _Phase(parent, sources, phase, seed, settings, code, checkpoint)
    run.run(save_minutes, store)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What one fit trains on, and where its dev data are.

    Attributes:
        parts: encoded training data, in one or several languages.
        dev: encoded parts that hold the tasks' English dev data.
        corpus: encoded texts for masked language modelling besides the tasks.
    """

    parts: list[Encoded]
    dev: list[Encoded]
    corpus: list[Encoded]

    @classmethod
    def read(cls, **manifests: list[str]) -> Sources:
        """From the manifests of each."""
        return cls(**{name: [*map(Encoded, map(Path, each))] for name, each in manifests.items()})

    @property
    def trained(self) -> list[Encoded]:
        """Everything that has a head."""
        return [*self.parts, *self.corpus]


class _Phase:
    """Fits one after the other from a parent checkpoint, kept on disk as they go on."""

    def __init__(
        self,
        parent: str,
        fits: list[Sources],
        phase: Phase,
        seed: int,
        settings: dict[str, Any],
        code: str,
        output: str,
    ) -> None:
        self.parent, self.path, self.seed = Path(parent), Path(output), seed
        self.fits, self.phase, self.settings = fits, phase, Settings(**settings)
        self.manifest = read_json(self.parent)
        self.key = digest([seed, code, *self._depends_on()])
        self.past: list[dict[str, Any]] = []  # progress of the fits that are done

    def _depends_on(self) -> Iterator[Any]:
        """What the final weights depend on, besides seed and code."""
        yield [self.manifest[name] for name in ("digest", "lora")]
        yield vars(self.settings)
        for fit in self.fits:
            yield [part.manifest["languages"] for part in (*fit.trained, *fit.dev)]
            yield [vars(_schedule(part.task, self.phase, self.settings)) for part in fit.parts]

    def run(self, save_minutes: float, store: str | None) -> None:
        """Take the checkpoint from the store, or train it and keep it there."""
        finished = training_store(Path(store)) if store else None
        if finished and finished.holds(self.key):
            finished.link(self.key, self.path)
            logger.info("found in %s", finished.place(self.key))
            return
        self._train(save_minutes)
        if finished:
            finished.keep(self.key, self.path)
            finished.link(self.key, self.path)  # another job's, if that was faster

    def _train(self, save_minutes: float) -> None:
        """Train, and write the checkpoint; a state left by an interruption is resumed."""
        torch.manual_seed(self.seed)
        network = load(self.parent)
        network.heads, network.labels = {}, {}
        if self.settings.freeze_embeddings:
            network.encoder.freeze_word_embeddings()
        state = read_state(self.path.with_name(STATE), self.key)
        begun = len(state[1]["past"]) if state else 0
        with ExitStack() as stack:
            if self._can_trim_vocabulary(network):
                used = _used_tokens(self.fits, network.encoder.pad_id)
                stack.enter_context(trim_vocabulary(network.encoder, used))
            for number, sources in enumerate(self.fits):
                _add_heads(network, sources.trained)
                if number >= begun:
                    self._fit(network, sources, save_minutes, state if number == begun else None)
        self._write(network)
        self.path.with_name(STATE).unlink(missing_ok=True)

    def _can_trim_vocabulary(self, network: Network) -> bool:
        """Whether embeddings of tokens missing from the data would stay as they are, if trained."""
        learned = network.encoder.word_embeddings.weight.requires_grad
        texts = any(sources.corpus for sources in self.fits)  # masked words are predicted among all
        decay = any(
            _schedule(part.task, self.phase, self.settings).weight_decay
            for sources in self.fits
            for part in sources.parts
        )
        return learned and not decay and not texts

    def _fit(self, network: Network, sources: Sources, save_minutes: float, state: Any) -> None:
        """One fit, from its beginning or from a state."""
        streams = list(_streams(sources, self.phase, self.settings))
        fit = Fit(
            network=network,
            streams=streams,
            plan=_plan(streams, self.phase, self.seed, self.settings),
            dev=lambda: _dev_scores(network, sources.dev, self.settings),
            keep=lambda tensors, progress: write_state(
                self.path.with_name(STATE),
                self.key,
                tensors,
                {"past": self.past, "progress": progress},
            ),
            save_minutes=save_minutes,
        )
        if state:
            self.past = state[1]["past"]
            fit.restore(state[0], state[1]["progress"])
        self.past.append(vars(fit.run()))

    def _write(self, network: Network) -> None:
        """The curve, the weights, and last the manifest."""
        curve = [row for fit in self.past for row in fit["curve"]]
        write_table(self.path.with_name(CURVE_FILE), rows_table(curve, CURVE), CURVE)
        inherited = {name: self.manifest[name] for name in ("pretrained", "base", "lora")}
        reasons = [self.manifest["diverged"], *(_divergence(fit) for fit in self.past)]
        facts = {
            **inherited,
            "history": [
                *self.manifest["history"],
                [part.task.name for sources in self.fits for part in sources.parts],
            ],
            "seed": self.seed,
            "steps": len(curve),
            "diverged": "; ".join(reason for reason in reasons if reason),
            "dev": self.past[-1]["best"]["dev"],
        }
        save(self.path, network, facts)


def _divergence(fit: dict[str, Any]) -> str:
    """Why a fit counts as diverged; empty if it does not."""
    if fit["diverged"]:
        return str(fit["diverged"])
    same = fit["best"]["constant"]
    return f"every dev prediction is the same: {', '.join(same)}" if same else ""


def _add_heads(network: Network, parts: list[Encoded]) -> None:
    """One head per task; a previous head's weights are kept where their shapes are the same."""
    previous = list(network.heads.values())
    network.heads, network.labels = {}, {}
    for part in parts:
        network.add_head(part.task.name, part.labels)
        fresh = network.heads[part.task.name]
        for head in previous:
            if _shapes(head) == _shapes(fresh):
                fresh.load_state_dict(head.state_dict())


def _shapes(head: torch.nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, value.shape) for name, value in head.state_dict().items()]


def _schedule(task: Task, phase: Phase, settings: Settings) -> Schedule:
    """The task's schedule, as the settings override it."""
    schedule = task.schedule(phase, settings.preset)
    assert schedule is not None  # recipes and targets name trained tasks only
    names = ("batch_size", "learning_rate", "warmup_fraction", "weight_decay")
    overrides = {name: value for name in names if (value := getattr(settings, name)) is not None}
    return replace(schedule, **overrides)


def _streams(sources: Sources, phase: Phase, settings: Settings) -> Iterator[Stream]:
    """The training rows of every part and language, each with its share of the steps."""
    sizes = [sum(map(len, _languages(part).values())) for part in sources.parts]
    shares = proportions(sizes, settings.examples_cap, settings.temperature)
    for part, share in zip(sources.parts, shares.tolist(), strict=True):
        batch_size = _schedule(part.task, phase, settings).batch_size
        yield from _by_language(part, batch_size, share, temperature=1.0)
    for part in sources.corpus:
        batch_size = settings.batch_size or CORPUS_BATCH
        share = CORPUS_SHARE / (1 - CORPUS_SHARE)  # relative to the tasks' share of 1
        yield from _by_language(part, batch_size, share, temperature=1 / CORPUS_EXPONENT)


def _by_language(
    part: Encoded, batch_size: int, share: float, temperature: float
) -> Iterator[Stream]:
    """One stream per language; the part's share is divided by their sizes."""
    rows = _languages(part)
    shares = share * proportions(list(map(len, rows.values())), sys.maxsize, temperature)
    for language_rows, own in zip(rows.values(), shares.tolist(), strict=True):
        yield Stream(task=part.task, rows=language_rows, batch_size=batch_size, share=own)


def _languages(part: Encoded) -> dict[str, EncodedExamples]:
    return {language: part.rows(language, "train") for language in part.languages}


def _plan(streams: list[Stream], phase: Phase, seed: int, settings: Settings) -> FitPlan:
    """A fit's plan; the first task's rates hold for all tasks."""
    own = [stream for stream in streams if stream.task.kind != "masked_lm"]
    first = _schedule(own[0].task, phase, settings)
    steps = settings.max_steps or _steps(streams, own, phase, settings)
    fixed = first.warmup_steps if settings.warmup_fraction is None else None
    return FitPlan(
        steps=steps,
        learning_rate=first.learning_rate,
        warmup=round(first.warmup_fraction * steps) if fixed is None else min(fixed, steps),
        weight_decay=first.weight_decay,
        clip_norm=settings.clip_norm,
        batch_tokens=settings.batch_tokens,
        precision=settings.precision,
        evaluate_every=settings.evaluate_every,
        patience=settings.patience,
        keep_best=first.keep == "best",
        seed=seed,
    )


def _steps(streams: list[Stream], own: list[Stream], phase: Phase, settings: Settings) -> int:
    sizes: Counter[str] = Counter()
    for stream in own:  # one per language
        sizes[stream.task.name] += len(stream.rows)
    one_per_task = {stream.task.name: stream for stream in own}.values()
    return steps_of(
        [sizes[stream.task.name] for stream in one_per_task],
        [_schedule(stream.task, phase, settings).epochs for stream in one_per_task],
        [stream.batch_size for stream in one_per_task],
        settings.examples_cap,
        texts=len(own) < len(streams),
    )


def _used_tokens(fits: list[Sources], pad_id: int) -> np.ndarray:
    """Ids of the tokens of all training and dev data, and of padding."""
    parts = [part for sources in fits for part in (*sources.parts, *sources.dev)]
    rows = [
        part.rows(language, split)
        for part in parts
        for language in part.languages
        for split in ("train", "dev")
    ]
    return np.unique(np.concatenate([[pad_id], *(np.unique(each.tokens.values) for each in rows)]))


def _dev_scores(network: Network, parts: list[Encoded], settings: Settings) -> dict[str, DevScore]:
    """The reported metric of each part's task on its English dev examples, where it has any."""
    scores = {
        part.task.name: dev_score(
            network, part, settings.dev_examples, settings.batch_tokens, settings.precision
        )
        for part in parts
    }
    return {name: score for name, score in scores.items() if score}
