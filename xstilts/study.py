"""A study: a checked config, and what the jobs of its workflow ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from xstilts.config import check_config, specification, translator
from xstilts.data.local_paths import check_apart, is_published, local_state
from xstilts.data.lock import commit_of, read_lock, source_of, sources_of
from xstilts.data.releases import POOL
from xstilts.degradation.declaration import chosen, declare
from xstilts.grid import Grid
from xstilts.io.tables import atomic
from xstilts.kept_code import CodeOfResults
from xstilts.languages import language_factors, language_facts, languages
from xstilts.models import Model
from xstilts.planning.sizes import Sizes
from xstilts.tasks import Phase, preset_length, tasks


class Study:
    """What jobs ask of a config: data and where they come from, models, schedules, languages.

    Raises:
        InputError: the config, or the lock file, cannot be run.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.grid: Grid = check_config(config)
        self.commits = read_lock()
        self.code_of_results = CodeOfResults(Path(config["results"]))

    def code(
        self, script: str, tasks: Iterable[str] | None = None, measures: Iterable[str] | None = None
    ) -> str:
        """Digest of the code of a script's jobs for some tasks and measures; else the grid's."""
        return self.code_of_results.digest(
            script,
            self.grid.tasks() if tasks is None else [*tasks],
            self.grid.measures if measures is None else [*measures],
        )

    def write_config(self) -> None:
        """Write the whole config, with all that it says by default, into the results.

        What it tests is written down once (`xstilts.degradation.declaration`).
        """
        declare(Path(self.config["results"]), self.choice())
        with atomic(Path(self.config["results"]) / "run_config.yaml") as path:
            path.write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")

    # Data

    def languages(self, task: str, part: str) -> list[str]:
        """The languages of a part of a task's data: train, translated or test."""
        if part == "translated":
            return self.grid.translated_languages
        if part == "train":
            return self.grid.training_languages(task)
        return self.grid.fetched_languages(task)

    def source(self, task: str, part: str) -> dict[str, Any] | None:
        """The files that the config names for a task's data; None: it is published.

        Raises:
            InputError: one file stands for several languages, or for training and test.
        """
        section = "translation: data" if part == "translated" else "data"
        entries = self.config["translation"] if part == "translated" else self.config
        source: dict[str, Any] | None = entries["data"].get(task)
        if source:
            place = f"config: {section}: {task}"
            check_apart(source, tasks()[task], part, self.languages(task, part), place)
        return source

    def data_state(self, task: str, part: str) -> list[Any]:
        """What says, beside the config, whether a part of a task's data must be read again.

        The state of its local files, and what each language fills in in addresses and ids.
        """
        source, codes = self.source(task, part), self.languages(task, part)
        rows = [languages().get(code) for code in codes]
        spellings = [[row.code, row.iso3, row.name, row.flores] for row in rows if row]
        return [source and local_state(source, tasks()[task], part, codes), spellings]

    def data_commits(self, task: str, part: str) -> dict[str, str]:
        """The commits at which a task's hub data sets are read; one that changes is read again."""
        source = self.source(task, part)
        if source and not is_published(source, part):
            return {}
        sources = sources_of(tasks()[task], self.commits)
        return {source: self.commits[source] for source in sources if source in self.commits}

    def encoded_length(self, task: str) -> int | None:
        """The longest input: the config's, or the preset's for the task, whichever is shorter."""
        preset = preset_length(tasks()[task], self.config["training"]["preset"])
        return min((each for each in (self.config["max_length"], preset) if each), default=None)

    def is_machine_translated(self, task: str) -> bool:
        """Whether a model makes a task's translations, rather than files holding them."""
        return task not in self.config["translation"]["data"]

    def pool_size(self, target: str) -> int | None:
        """Examples of a target's test data in all languages, if the tables of sizes know them."""
        sizes = Sizes(self.config)
        if target not in sizes.tasks:
            return None
        codes = [*self.grid.full_languages[target], POOL]
        return sum(sizes.of(target, "test", code, "test").examples for code in codes)

    # Models

    def revision(self, model: Model) -> str:
        """The commit that a model of the hub is read at, else its branch."""
        source = source_of(model)
        return commit_of(source, self.commits) if source else model.revision

    def translator(self, language: str) -> Model:
        """The model that translates into a language."""
        return translator(self.config["translation"]["model"], self.config, language)

    def model_sources(self) -> dict[str, str]:
        """Where each encoder comes from, and its revision, in words."""
        return {
            name: f"{model.path}, revision {self.revision(model)}"
            if source_of(model)
            else model.path
            for name, model in self.grid.models.items()
        }

    # Training

    def training_settings(self) -> dict[str, Any]:
        """What decides the weights; how often they are saved on the way does not."""
        section: Mapping[str, Any] = self.config["training"]
        return {name: value for name, value in section.items() if name != "save_minutes"}

    def schedules(self, names: Iterable[str], phase: Phase) -> list[dict[str, Any]]:
        """The schedule of each task in a phase."""
        preset = self.config["training"]["preset"]
        return [vars(tasks()[name].schedule(phase, preset)) for name in names]

    # Similarity and degradation

    def language_facts(self, model: str) -> dict[str, dict[str, Any]]:
        """Facts of the grid's languages and of English, as measures know them."""
        codes = {code for group in self.grid.languages.values() for code in group} | {"en"}
        return language_facts(sorted(codes), self.grid.models[model].pretraining)

    def language_names(self) -> dict[str, str]:
        """Names of the grid's languages by code, as figures write and order them."""
        run = {code for codes in self.grid.languages.values() for code in codes}
        return {code: row.name for code, row in languages().items() if code in run}

    def language_factors(self) -> dict[str, dict[str, str]]:
        """What the grid's languages may be grouped by (`xstilts.languages.language_factors`)."""
        return language_factors(self.language_names())

    def choice(self) -> dict[str, str]:
        """What the answer is given for: headline, outcome, formula."""
        return chosen(self.config["similarity"]["headline"], specification(self.config))

    def specification(self) -> dict[str, Any]:
        """The model of degradation."""
        return vars(specification(self.config))
