"""The config: checked against its schema, defaults filled in, files looked for, before any job."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from xstilts.data.local_paths import (
    TRANSLATED,
    format_path,
    is_published,
    local_files,
    needed_splits,
    part_files,
)
from xstilts.data.lock import check_locked, read_lock, source_of, sources_of
from xstilts.degradation.formulas import Specification
from xstilts.errors import InputError, check_name, one_line
from xstilts.grid import Grid, read_grid
from xstilts.io.schema_types import typed
from xstilts.languages import add_languages
from xstilts.models import Model, check_folder, is_hub_id
from xstilts.recipes import recipes
from xstilts.tasks import tasks

FILES = ("language_table", "size_table", "truth")  # keys that name one file
MERGED = (("data",), ("model_table",), ("translation", "data"))  # tables of entries
STUDY = Path(__file__).parents[1] / "config.yaml"
SCHEMA = Path(__file__).parents[1] / "workflow" / "schemas" / "config.schema.yaml"
_load = partial(yaml.load, Loader=yaml.CSafeLoader)  # ten times quicker than `safe_load`


def check_config(config: dict[str, Any]) -> Grid:
    """Complete a config in place and return its grid, with all data that it needs there.

    Environment variables in strings (`${NAME}`) are filled in. Defaults are the schema's; the
    model of degradation has the study's. What the language table adds counts in this process.

    Raises:
        InputError: anything in it that cannot be run, with what to write instead.
    """
    grid = complete_config(config)
    _check_data(config, grid)
    return grid


def complete_config(config: dict[str, Any]) -> Grid:
    """Complete a config without checking its data, for questions about the grid alone."""
    described = _load(SCHEMA.read_text(encoding="utf-8"))
    config.update({key: _expand(value, f"config: {key}") for key, value in config.items()})
    config.update(typed(config, described, described))
    study = _load(STUDY.read_text(encoding="utf-8"))["degradation"]
    given = config.get("degradation") or {}
    if isinstance(given, dict) and isinstance(given.get("steps") or {}, dict):  # else a mistake
        steps = {**study["steps"], **(given.get("steps") or {})}
        config["degradation"] = {**study, **given, "steps": steps}
    _fill(config, described)
    errors = sorted(jsonschema.Draft202012Validator(described).iter_errors(config), key=str)
    if errors:
        raise _mistake(errors[0])
    _check_names(config)
    _set_root(config)
    add_languages(config["language_table"])
    grid = read_grid(config)
    specification(config).check("config: degradation")
    return grid


def _set_root(config: dict[str, Any]) -> None:
    """Join relative paths to `data_root` and clear it: they are relative to the working folder.

    Raises:
        InputError: a file that is named is not there.
    """
    root = config["data_root"] or ""
    for entry in [*config["data"].values(), *config["translation"]["data"].values()]:
        entry["path"] = _under(root, entry["path"])
    models = [(row, "path") for row in config["model_table"].values()]
    for holder, key in [*models, (config["translation"], "model")]:
        if holder.get(key):
            holder[key] = _model_under(root, holder[key])
    for key in FILES:
        config[key] = _under(root, config[key])
        if config[key] and not Path(config[key]).is_file():
            raise InputError(f"config: {key}: no file '{config[key]}'")
    config["data_root"] = None


def _model_under(root: str, path: str) -> str:
    """A model's folder under the root; an id of the hub, in which `{language}` may stand, as is."""
    on_hub = is_hub_id(re.sub(r"\{\w+\}", "x", path)) and not Path(root, path).exists()
    return path if on_hub else str(_under(root, path))


def _under(root: str, path: Any) -> Any:
    """A path, or each of those that a list or mapping holds, under a folder if it is relative."""
    if isinstance(path, dict):
        return {key: _under(root, inner) for key, inner in path.items()}
    if isinstance(path, list):
        return [_under(root, inner) for inner in path]
    return str(Path(root, path)) if root and path else path


def _check_names(config: Mapping[str, Any]) -> None:
    """Raise for names that would be read as something else in the paths of results."""
    for key in ("results", "store"):
        if set(config[key] or "") & set("{}"):
            raise InputError(f"config: {key}: '{config[key]}' has braces, which are wildcards here")
    for name in config["models"]:
        if not re.fullmatch(r"[\w.+-]+", str(name)):
            raise InputError(
                f"config: models: '{name}' names a folder of results; use letters, digits and -._+"
            )
    coding = sys.getfilesystemencoding()
    for path in _texts(config):
        if not path.isascii() and coding != "utf-8":
            raise InputError(
                f"config: '{path}' cannot be looked for, as this session's encoding is {coding}: "
                "export PYTHONUTF8=1, and run it again"
            )


def _texts(value: Any) -> Iterator[str]:
    """Every text inside a value."""
    if isinstance(value, str):
        yield value
    for inner in (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    ):
        yield from _texts(inner)


def merged_entries(
    configs: Sequence[tuple[str, Mapping[str, Any]]],
) -> Iterator[str]:
    """A line for every entry of a table that several configs make together, key by key.

    Args:
        configs: name and content of each, the later ones on top.
    """
    for section in MERGED:
        by_entry: dict[str, dict[str, str]] = {}
        for name, content in configs:
            for entry, keys in (_section(content, section) or {}).items():
                for key in keys if isinstance(keys, Mapping) else ():
                    by_entry.setdefault(entry, {})[key] = name
        for entry, origins in by_entry.items():
            if len(set(origins.values())) > 1:
                parts = ", ".join(f"{key} of {name}" for key, name in origins.items())
                yield f"{': '.join([*section, entry])} is made of several configs: {parts}"


def _section(content: Any, section: Sequence[str]) -> Any:
    for key in section:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def specification(config: Mapping[str, Any]) -> Specification:
    """The model of degradation that a config asks for."""
    section = config["degradation"]
    steps = {name: terms for name, terms in section["steps"].items() if terms}
    return Specification(section["outcome"], steps, section["groups"])


def read_config(*files: Path) -> tuple[dict[str, Any], Grid]:
    """The study's config with others on top, as `--configfile` puts them, and its grid."""
    from snakemake.utils import update_config

    config: dict[str, Any] = _load(STUDY.read_text(encoding="utf-8"))
    for file in files:
        if not file.is_file():
            raise InputError(f"no config '{file}'")
        try:
            content = _load(file.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: not YAML ({one_line(error)})") from error
        if not isinstance(content, dict):
            raise InputError(f"{file}: not a mapping from key to value")
        update_config(config, content)
    return config, complete_config(config)


def _expand(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        return {key: _expand(inner, f"{place}: {key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, place) for inner in value]
    if not isinstance(value, str):
        return value
    for name in re.findall(r"\$\{(\w+)\}", value):
        if name not in os.environ:
            raise InputError(f"{place}: environment variable {name} is not set")
    return re.sub(r"\$\{(\w+)\}", lambda match: os.environ[match[1]], value)


def _fill(config: dict[str, Any], described: Mapping[str, Any]) -> None:
    """Set defaults, section by section."""
    for name, inner in described.get("properties", {}).items():
        if "default" in inner:
            config.setdefault(name, inner["default"])
        if isinstance(config.get(name), dict):
            _fill(config[name], inner)


def _mistake(error: jsonschema.ValidationError) -> InputError:
    """One line: where, the value, and what is allowed; an unknown key raises it itself."""
    place = ": ".join(["config", *map(str, error.absolute_path)])
    described: Any = error.schema
    value: Any = error.instance
    if error.validator == "additionalProperties":
        properties = described["properties"]
        check_name("key", next(name for name in value if name not in properties), properties, place)
    values = value if isinstance(value, list) else [value]
    truths = [each for each in values if isinstance(each, bool)]
    if error.validator in ("type", "anyOf") and truths:
        words = "yes and on" if truths[0] else "no and off"
        return InputError(
            f"{place}: {truths[0]} does not fit; YAML reads {words} so; put the word in quotes"
        )
    if error.validator in ("anyOf", "oneOf"):
        return InputError(f"{place}: {value!r} does not fit; {described.get('description', '')}")
    words = described.get("description", described.get("type", "another value"))
    return InputError(f"{place}: {error.message}; expected {str(words).rstrip('.')}")


def _check_data(config: Mapping[str, Any], grid: Grid) -> None:
    """Raise if a file that the grid needs is not there, or what it needs of the hub not locked."""
    sources, commits = _check_translation(config, grid), read_lock()
    for task, part, codes in grid.parts():
        source = config["data"].get(task)
        if source:
            _check_source(task, part, codes, source, f"config: data: {task}")
            sources += sources_of(tasks()[task], commits) if is_published(source, part) else []
        elif tasks()[task].manual_download:
            raise InputError(
                f"config: {task} needs files of your own: {tasks()[task].manual_download}"
            )
        else:
            sources += sources_of(tasks()[task], commits)
    sources += [source for model in grid.models.values() if (source := source_of(model))]
    if not config["allow_unlocked"]:
        check_locked(sources, commits)


def _check_translation(config: Mapping[str, Any], grid: Grid) -> list[str]:
    """The hub models that translations need; raise if a translation cannot be made."""
    translated = [recipes()[name] for name in grid.intermediates if recipes()[name].translated]
    task_names = dict.fromkeys(task for recipe in translated for task in recipe.tasks)
    files, model = config["translation"]["data"], config["translation"]["model"]
    by_model = [task for task in task_names if task not in files]
    for task in task_names:
        if task in files:
            _check_translated_files(task, grid, files[task])
    if by_model:
        from xstilts.kinds import kind_of  # which takes seconds, so only where it is needed
    for task in by_model:
        if not kind_of(tasks()[task]).translatable:
            raise InputError(
                f"config: {task} cannot be machine-translated, as its labels belong to words of "
                f"its texts; give translations of your own under translation: data: {task}"
            )
        if not model:
            raise InputError(f"config: {task}-mt needs translation: model, or files under data")
    models = [translator(model, config, code) for code in grid.translated_languages if by_model]
    for each in models:
        check_folder("config: translation: model", each)
    codes = config["translation"]["codes"]
    for code in ["en", *grid.translated_languages] if by_model and codes else []:
        check_name("language", code, codes, "config: translation: codes")
    return [source for each in models if (source := source_of(each))]


def translator(path: str, config: Mapping[str, Any], language: str) -> Model:
    """The model that translates into a language."""
    revision = config["translation"]["revision"]
    return Model(path=format_path(path, language, TRANSLATED), layer=0, revision=revision)


def _check_translated_files(task: str, grid: Grid, source: Mapping[str, Any]) -> None:
    place = f"config: translation: data: {task}"
    if "languages" in source:
        raise InputError(f"{place}: languages belongs under translation, for all tasks at once")
    _check_source(task, TRANSLATED, grid.translated_languages, source, place)


def _check_source(
    task: str, part: str, codes: list[str], source: Mapping[str, Any], place: str
) -> None:
    if isinstance(source["path"], list) and source["format"] != "parallel":
        raise InputError(f"{place}: a list of paths needs format parallel")
    facts = tasks()[task]
    published = {split for each in facts.hub for split in each.splits}
    for split in needed_splits(facts, part):
        optional = (part, split) == ("train", "dev")
        of_the_hub = is_published(source, split) and split in published
        if not optional and not of_the_hub and not local_files(source, codes[0], split):
            raise InputError(f"{place}: path or splits name nothing for {split}")
    for language, path in part_files(source, facts, part, codes):
        if not path.is_file():
            raise InputError(
                f"{place}: no file '{path}' ({language}); "
                "correct the path, or list the languages that are there under languages"
            )
