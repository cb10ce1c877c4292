"""What every job of a grid has to do: tokens, and the units that cost time beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xstilts.data.local_paths import needed_splits
from xstilts.data.releases import POOL
from xstilts.grid import Grid
from xstilts.planning.sizes import Size, Sizes
from xstilts.planning.stages import STAGES
from xstilts.recipes import NONE, recipes
from xstilts.tasks import Phase, Schedule, tasks
from xstilts.training.sampling import CORPUS_BATCH, CORPUS_SHARE, proportions, steps_of


@dataclass(frozen=True, kw_only=True)
class Work:
    """One job.

    Attributes:
        rule: its rule; `evaluate` for the rules `evaluate_TARGET`.
        place: where its costs lie in `results/costs`, without the ending.
        axes: what it is for: some of model, intermediate, training_set, target, seed.
        units: steps of training, cells of evaluation, languages or tasks that are embedded, values
            of a measure: what takes time whatever its tokens are.
        learned: tokens of training.
        read: tokens of prediction, including evaluations on dev data.
    """

    rule: str
    place: str
    axes: Mapping[str, Any] = field(default_factory=dict)
    units: int = 0
    learned: float = 0.0
    read: float = 0.0

    @property
    def stage(self) -> str:
        """The stage it is counted in."""
        return STAGES[self.rule]


class Planner:
    """The jobs of a grid."""

    def __init__(self, config: Mapping[str, Any], grid: Grid) -> None:
        self.config, self.grid, self.sizes = config, grid, Sizes(config)
        self.settings = config["training"]

    def jobs(self) -> Iterator[Work]:
        """Every job that takes a GPU, and those others of which there are many."""
        yield from self._data()
        yield from self._trainings()
        yield from self._evaluations()
        yield from self._similarity()

    def _data(self) -> Iterator[Work]:
        trained = (*self.grid.recipe_tasks(), *self.grid.chain_tasks())
        parts = {("train", task) for task in trained}
        parts |= {("test", target) for target in self.grid.targets}
        if self.grid.parallel and self.grid.parallel_languages:
            parts.add(("test", self.grid.parallel))
        for part, task in sorted(parts):
            read = sum(size.tokens for size in self._part(task, part))
            yield Work(rule="fetch_task", place=f"fetch_task/{part}/{task}", read=read)
            for model in self.grid.models:
                place = f"encode_task/{part}/{model}/{task}"
                yield Work(rule="encode_task", place=place, axes={"model": model}, read=read)

    def _part(self, task: str, part: str) -> list[Size]:
        """The sizes of all splits and languages of a part."""
        if part == "train":
            codes, splits = self.grid.training_languages(task), ["train", "dev"]
        else:
            codes = [*self.grid.fetched_languages(task), POOL]
            splits = list(needed_splits(tasks()[task], "test"))
        return [self.sizes.of(task, part, code, split) for code in codes for split in splits]

    def _trainings(self) -> Iterator[Work]:
        for training in self.grid.trainings():
            axes = training._asdict()
            if training.training_set:
                rule, fits = (
                    "finetune_target",
                    [[name] for name in training.training_set.split("+")],
                )
                phase: Phase = "finetuning"
                values = axes
            else:
                rule, fits = "train_intermediate", [[*recipes()[training.intermediate].tasks]]
                phase = "intermediate"
                values = {name: value for name, value in axes.items() if name != "training_set"}
            costs = [self._fit(names, phase, training.intermediate) for names in fits]
            yield Work(
                rule=rule,
                place="/".join(map(str, [rule, *values.values()])),
                axes=axes,
                units=sum(steps for steps, _, _ in costs),
                learned=sum(learned for _, learned, _ in costs),
                read=sum(read for _, _, read in costs),
            )

    def _fit(self, names: list[str], phase: Phase, intermediate: str) -> tuple[int, float, float]:
        """(steps, tokens of training, tokens of evaluations on dev data) of one fit."""
        recipe = recipes()[intermediate]
        first = phase == "intermediate"
        mixed = recipe.corpus if first else None
        copies = len(self.grid.translated_languages) if recipe.translated and first else 1
        plans = [self._schedule(name, phase) for name in names]
        sizes = [self.sizes.of(name, "train", "en", "train") for name in names]
        counts = [size.examples * copies for size in sizes]
        cap = self.settings["examples_cap"]
        shares = proportions(counts, cap, self.settings["temperature"])
        steps = self.settings["max_steps"] or steps_of(
            counts,
            [plan.epochs for plan in plans],
            [plan.batch_size for plan in plans],
            cap,
            texts=bool(mixed),
        )
        step = sum(
            share * plan.batch_size * size.each
            for share, plan, size in zip(shares, plans, sizes, strict=True)
        )
        if mixed:
            texts = self.sizes.of(mixed, "train", "en", "train").each
            batch = self.settings["batch_size"] or CORPUS_BATCH
            step = (1 - CORPUS_SHARE) * step + CORPUS_SHARE * batch * texts
        evaluations = steps // self.settings["evaluate_every"] + 1
        most = self.settings["dev_examples"]
        dev_tokens = sum(
            self.sizes.of(name, "train", "en", "dev").at_most(most).tokens for name in names
        )
        return steps, steps * step, evaluations * dev_tokens

    def _schedule(self, task: str, phase: Phase) -> Schedule:
        planned = tasks()[task].schedule(phase, self.settings["preset"])
        assert planned is not None  # recipes and targets name trained tasks only
        batch = self.settings["batch_size"] or planned.batch_size
        return Schedule(batch_size=batch, epochs=planned.epochs)

    def _evaluations(self) -> Iterator[Work]:
        runs = {(model, name, seed) for model, name, _, _, seed in self.grid.cells()}
        for target in self.grid.targets:
            read = sum(size.tokens for size in self._part(target, "test"))
            for model, intermediate, seed in sorted(runs):
                yield Work(
                    rule="evaluate",
                    place=f"evaluate_{target}/{model}/{intermediate}/{seed}",
                    axes={
                        "model": model,
                        "intermediate": intermediate,
                        "target": target,
                        "seed": seed,
                    },
                    units=len(self.grid.languages[target]),
                    read=read,
                )

    def _similarity(self) -> Iterator[Work]:
        for model in self.grid.models:
            axes = {"model": model}
            for part, names in self.grid.compared_tasks().items():
                for task in names:
                    yield self._texts(model, part, task)
                    place = f"count_subwords/{part}/{model}/{task}"
                    yield Work(rule="count_subwords", place=place, axes=axes)
            if self.grid.parallel_languages:
                yield self._parallel(model)
            yield from self._features(model)
            pairs = sum(map(len, self.grid.languages.values()))
            for name in self.grid.measures:
                place = f"measure_similarity/{name}/{model}"
                units = pairs * len(self.grid.trained_intermediates())
                yield Work(rule="measure_similarity", place=place, axes=axes, units=units)

    def _texts(self, model: str, part: str, task: str) -> Work:
        codes = ["en"] if part == "train" else self.grid.fetched_languages(task)
        return Work(
            rule="embed_texts",
            place=f"embed_texts/{part}/{model}/{task}",
            axes={"model": model},
            units=len(codes),
            read=sum(self._sampled(task, part, code) for code in codes),
        )

    def _parallel(self, model: str) -> Work:
        task, codes = self.grid.parallel or "", self.grid.parallel_languages
        return Work(
            rule="embed_parallel",
            place=f"embed_parallel/{model}",
            axes={"model": model},
            units=len(codes),
            read=sum(self._sampled(task, "test", code) for code in codes),
        )

    def _sampled(self, task: str, part: str, language: str) -> float:
        size = self.sizes.of(task, part, language, "train" if part == "train" else "test")
        return size.at_most(self.config["similarity"]["texts"]).tokens

    def _features(self, model: str) -> Iterator[Work]:
        """Dev features and Fisher diagonals of a few examples, after the grid's first seed."""
        sets = [names.split("+")[-1] for names in self.grid.training_sets()]
        trained = self.grid.trained_intermediates()
        after = {(name, NONE): len(recipes()[name].tasks) for name in trained}
        if NONE in self.grid.intermediates:
            after |= {(NONE, name): 1 for name in self.grid.training_sets()}
        if self.grid.reads("features"):
            for name in trained:
                place, axes = (
                    f"compute_features/{model}/{name}",
                    {"model": model, "intermediate": name},
                )
                yield Work(rule="compute_features", place=place, axes=axes, units=len(sets))
        if self.grid.reads("fisher"):
            for (name, training), tasks_of in after.items():
                place = f"compute_fisher/{model}/{name}/{training}"
                axes = {"model": model, "intermediate": name}
                yield Work(rule="compute_fisher", place=place, axes=axes, units=tasks_of)
