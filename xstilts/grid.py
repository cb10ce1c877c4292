"""The grid: axes from the config with every name checked, cells, and the tree of checkpoints.

Training sets are shared: XQuAD and MLQA are evaluated on one model tuned on SQuAD, and targets that
need no training are evaluated on the intermediate (or the pretrained) checkpoint itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, NamedTuple

from xstilts.errors import InputError, check_name
from xstilts.languages import languages, languages_of
from xstilts.models import Model, model_row
from xstilts.recipes import NONE, recipes
from xstilts.similarity.measures import measures
from xstilts.tasks import intermediate_tasks, target_tasks, tasks

PLACE = "config"
TRANSLATED_INTO = ["de", "ru", "sw"]  # as in Phang et al. 2020
Stage = Literal["pretrained", "intermediate", "tuned"]


class Cell(NamedTuple):
    """One score: a point on all five axes."""

    model: str
    intermediate: str
    target: str
    language: str
    seed: int


class Training(NamedTuple):
    """One node of the checkpoint tree below the pretrained; phase two has no training set."""

    model: str
    intermediate: str
    training_set: str
    seed: int


def cells_of(axes: Mapping[str, Any]) -> Iterator[Cell]:
    """Every cell of some axes: models, intermediates, targets, seeds, and languages by target."""
    runs = product(axes["models"], axes["intermediates"], axes["targets"], axes["seeds"])
    for model, intermediate, target, seed in runs:
        for language in axes["languages"][target]:
            yield Cell(model, intermediate, target, language, seed)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The study's axes; `languages` holds, by target, those asked for that it has."""

    models: dict[str, Model]
    intermediates: list[str]
    targets: list[str]
    languages: dict[str, list[str]]
    full_languages: dict[str, list[str]]
    seeds: list[int]
    measures: list[str]
    text_languages: dict[str, list[str]]
    translated_languages: list[str]
    parallel: str | None
    parallel_languages: list[str]

    @property
    def axes(self) -> dict[str, Any]:
        """The axes by their names in the config."""
        names = ("intermediates", "targets", "languages", "seeds")
        return {"models": [*self.models], **{name: getattr(self, name) for name in names}}

    def cells(self) -> Iterator[Cell]:
        """Every cell of the grid."""
        return cells_of(self.axes)

    def narrowed(self, cells: Collection[Cell]) -> Grid:
        """The smallest grid that holds these of its cells.

        Raises:
            InputError: there are none.
        """
        if not cells:
            raise InputError(f"{PLACE}: cells: no cell of this grid is finished")
        of = {axis: {getattr(cell, axis) for cell in cells} for axis in Cell._fields}
        pairs = {(cell.target, cell.language) for cell in cells}
        return replace(
            self,
            models={name: row for name, row in self.models.items() if name in of["model"]},
            intermediates=[name for name in self.intermediates if name in of["intermediate"]],
            targets=[name for name in self.targets if name in of["target"]],
            languages={
                target: [code for code in codes if (target, code) in pairs]
                for target, codes in self.languages.items()
                if target in of["target"]
            },
            seeds=[seed for seed in self.seeds if seed in of["seed"]],
        )

    def trainings(self) -> Iterator[Training]:
        """Every training that the grid needs, each once."""
        axes = product(self.models, self.intermediates, self.seeds)
        for model, intermediate, seed in axes:
            if intermediate != NONE:
                yield Training(model, intermediate, "", seed)
            for training in self.training_sets():
                yield Training(model, intermediate, training, seed)

    def training_sets(self) -> list[str]:
        """The training sets of the targets, as they are named in the checkpoint tree."""
        return sorted({tasks()[target].training_name for target in self.targets} - {""})

    def compared_tasks(self) -> dict[str, list[str]]:
        """The tasks whose texts are compared, by part: English training sets, and the targets."""
        sources = {name for recipe in self.intermediates for name in recipes()[recipe].tasks}
        last = {training.split("+")[-1] for training in self.training_sets()}
        return {"train": sorted(sources | last), "test": self.targets}

    def recipe_tasks(self) -> list[str]:
        """What the recipes of phase two train on, with the texts that are mixed in."""
        rows = [recipes()[name] for name in self.intermediates]
        names = [name for recipe in rows for name in (*recipe.tasks, recipe.corpus) if name]
        return sorted({*names})

    def chain_tasks(self) -> list[str]:
        """What the targets train on in phase three."""
        return sorted({task for target in self.targets for task in tasks()[target].trains_on})

    def tasks(self) -> list[str]:
        """Every task that the grid reads data of."""
        return sorted({task for task, _, _ in self.parts()})

    def swept_targets(self) -> list[str]:
        """Targets that are evaluated without any training: their layer is a choice.

        Those with pools to mine (BUCC) are left out: vectors of all layers are too many to hold.
        """
        rows = (tasks()[target] for target in self.targets)
        return [task.name for task in rows if not task.trains_on and task.needs == "none"]

    def targets_with_gap(self) -> list[str]:
        """Targets that are run in English and in another language."""
        by_target = {name: self.languages[name] for name in self.targets}
        return [name for name, codes in by_target.items() if "en" in codes and len(codes) > 1]

    def parts(self) -> Iterator[tuple[str, str, list[str]]]:
        """Every (task, part, languages) of data that the grid reads."""
        for task in sorted({*self.recipe_tasks(), *self.chain_tasks()}):
            yield task, "train", self.training_languages(task)
        for target in self.targets:
            yield target, "test", self.fetched_languages(target)
        if self.reads("parallel") and self.parallel and self.parallel_languages:
            yield self.parallel, "test", self.parallel_languages

    def stage(self, intermediate: str, target: str) -> Stage:
        """Which node of the checkpoint tree a target is evaluated on."""
        if tasks()[target].trains_on:
            return "tuned"
        return "pretrained" if intermediate == NONE else "intermediate"

    def trained_intermediates(self) -> list[str]:
        """The intermediates that have a phase two."""
        return [name for name in self.intermediates if name != NONE]

    def reads(self, evidence: str) -> bool:
        """Whether any of the measures reads such evidence."""
        return any(measures()[name].reads == evidence for name in self.measures)

    def training_languages(self, task: str) -> list[str]:
        """Languages of a task's training data: English, or for plain text every one there is."""
        return self.text_languages[task] if tasks()[task].multilingual else ["en"]

    def fetched_languages(self, target: str) -> list[str]:
        """Languages whose test data are needed; a retrieval pool is needed whole."""
        if target == self.parallel:
            return self.parallel_languages
        pooled = tasks()[target].needs == "pool"
        return self.full_languages[target] if pooled else self.languages[target]


def read_grid(config: Mapping[str, Any]) -> Grid:
    """The grid of a config.

    Raises:
        InputError: an unknown name, or languages that no target has.
    """
    models = {
        name: model_row(name, config["model_table"], f"{PLACE}: models")
        for name in config["models"]
    }
    for name in config["intermediates"]:
        check_name("intermediate", name, recipes(), f"{PLACE}: intermediates")
    for name in config["targets"]:
        check_name("target", name, target_tasks(), f"{PLACE}: targets")
    for name in config["data"]:
        check_name("task", name, tasks(), f"{PLACE}: data")
    for name in config["translation"]["data"]:
        check_name("task", name, intermediate_tasks(), f"{PLACE}: translation: data")
    setting = config["similarity"]["measures"]
    measure_names = [*measures()] if setting == "all" else list(setting)
    for name in measure_names:
        check_name("measure", name, measures(), f"{PLACE}: similarity: measures")
    headline = config["similarity"]["headline"]
    check_name("headline", headline, measure_names, f"{PLACE}: similarity")
    full = _languages(config)
    by_target = {target: _chosen(config["languages"], target, full) for target in config["targets"]}
    return Grid(
        models=models,
        intermediates=list(config["intermediates"]),
        targets=list(config["targets"]),
        languages=by_target,
        full_languages=full,
        seeds=list(config["seeds"]),
        measures=measure_names,
        text_languages=_text_languages(config),
        translated_languages=_translated(config),
        parallel=config["similarity"]["parallel"],
        parallel_languages=_parallel_languages(config, by_target),
    )


def _languages(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every language that each target of the config has."""
    by_entry = {name: entry.get("languages") for name, entry in config["data"].items()}
    full = {target: by_entry.get(target) or languages_of(target) for target in config["targets"]}
    for target, codes in full.items():
        for code in codes:
            check_name("language", code, languages(), f"{PLACE}: data: {target}: languages")
        if not codes:
            raise InputError(
                f"{PLACE}: targets: no language has {target}; name it in the column targets of a "
                f"language_table, or list languages under data: {target}"
            )
    return full


def _parallel_languages(config: Mapping[str, Any], chosen: Mapping[str, list[str]]) -> list[str]:
    """The languages of the grid that the parallel text has."""
    name = config["similarity"]["parallel"]
    if name is None:
        return []
    bitexts = [task.name for task in tasks().values() if task.kind == "bitext" and not task.target]
    check_name("parallel text", name, bitexts, f"{PLACE}: similarity: parallel")
    grid_codes = {code for codes in chosen.values() for code in codes}
    own = config["data"].get(name, {}).get("languages")
    text_codes = own or [row.code for row in languages().values() if row.flores]
    return [code for code in text_codes if code in grid_codes and code != "en"]


def _text_languages(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Languages of each plain-text task: those of its files, or every one there is."""
    table = languages()
    by_entry = {name: entry.get("languages", []) for name, entry in config["data"].items()}
    by_task = {
        name: by_entry.get(name) or [*table] for name in tasks() if tasks()[name].multilingual
    }
    for name, codes in by_task.items():
        for code in codes:
            check_name("language", code, table, f"{PLACE}: data: {name}: languages")
    return by_task


def _chosen(setting: Any, target: str, full: Mapping[str, list[str]]) -> list[str]:
    """The languages of a target that the config asks for.

    `all`, a list for every target (a language that only some targets have is run where it is), or a
    mapping from target to list, in which the target must have each language.
    """
    if isinstance(setting, Mapping):
        codes = setting.get(target, full[target])
        for code in codes:
            check_name(f"{target} language", code, full[target], f"{PLACE}: languages: {target}")
        return list(codes)
    if setting == "all":
        return full[target]
    all_codes = {code for codes in full.values() for code in codes}
    for code in setting:
        check_name("language", code, all_codes, f"{PLACE}: languages")
    if not set(setting) & set(full[target]):
        raise InputError(
            f"{PLACE}: languages: {target} has none of {', '.join(setting)}; "
            f"it has {', '.join(full[target])}"
        )
    return [code for code in full[target] if code in setting]


def _translated(config: Mapping[str, Any]) -> list[str]:
    """The languages that training data are translated into."""
    codes = config["translation"]["languages"] or TRANSLATED_INTO
    for code in codes:
        check_name("language", code, languages(), f"{PLACE}: translation: languages")
    return list(codes)
