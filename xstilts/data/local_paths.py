"""Where a task's data lie: the splits of its parts, the files of the config's `data` entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xstilts.data.releases import POOL, RELEASES
from xstilts.errors import InputError, one_line
from xstilts.io.formats import Located
from xstilts.io.values import plain
from xstilts.languages import languages
from xstilts.tasks import Task

TRANSLATED = "translated"
PART_SPLITS = {"train": ("train", "dev"), TRANSLATED: ("train",), "test": ("dev", "test")}


def needed_splits(task: Task, part: str) -> tuple[str, ...]:
    """The splits of a part of this task; `dev` beside `test` only where scoring needs it."""
    if part == "test" and task.needs != "dev":
        return ("test",)
    return PART_SPLITS[part]


def local_files(source: Mapping[str, Any], language: str, split: str) -> list[Path]:
    """The files of a `data` entry for a language and split; none if it lacks the split.

    One file without `{split}` and without shares holds no dev split.
    """
    place = source["path"]
    if source["format"] in RELEASES:
        folder = place.get(split) if isinstance(place, Mapping) else place
        return RELEASES[source["format"]].files(Path(folder), language, split) if folder else []
    if isinstance(place, Mapping):
        place = place.get(POOL if language == POOL else split, [])
    elif language == POOL:
        return []
    templates = [place] if isinstance(place, str) else list(place)
    divided = "splits" in source or isinstance(source["path"], Mapping)
    if not divided and split == "dev" and not any("{split}" in each for each in templates):
        return []
    if split not in source.get("splits", {split: 1}):
        return []
    return [Path(format_path(template, language, split)) for template in templates]


def is_published(source: Mapping[str, Any], split: str) -> bool:
    """Whether a split, or part, is left to the hub: a test set that the entry does not name."""
    by_split = isinstance(source["path"], Mapping)
    return split == "test" and by_split and "test" not in source["path"]


def format_path(template: str, language: str, split: str) -> str:
    """A path, address, column or pattern with what stands in braces filled in.

    `{language}`, `{iso3}`, `{flores}`, `{name}` (in English, lower case) and `{split}`. A language
    that the table lacks is called by its own code.

    Raises:
        InputError: something else stands in braces.
    """
    row = languages().get(language)
    facts = (row.iso3, row.flores, row.name.lower()) if row else (language,) * 3
    values = dict(zip(("iso3", "flores", "name"), facts, strict=True))
    values |= {"language": language, "split": split}
    try:
        return template.format(**values)
    except (KeyError, IndexError, ValueError) as error:
        names = ", ".join(f"{{{name}}}" for name in values)
        raise InputError(
            f"'{template}' cannot be filled in ({one_line(error)}); known are {names}, and a brace "
            "itself is written twice"
        ) from error


def matching(only: Mapping[str, str], language: str, split: str) -> Callable[[Located], bool]:
    """Whether a row is one of those that are read: its columns fit their patterns.

    The function raises an InputError for a row without such a column.
    """
    patterns = {column: format_path(pattern, language, split) for column, pattern in only.items()}

    def fits(located: Located) -> bool:
        where, row = located
        for column, pattern in patterns.items():
            if column not in row:
                raise InputError(f"{where}: lacks column '{column}', which only names")
            if not fnmatchcase(str(plain(row[column])), pattern):
                return False
        return True

    return fits


def part_files(
    source: Mapping[str, Any], task: Task, part: str, codes: list[str]
) -> Iterator[tuple[str, Path]]:
    """Every (language, file) that a `data` entry names for a part in these languages."""
    for language in [*codes, *pools(source, task, part)]:
        for split in needed_splits(task, part):
            for path in local_files(source, language, split):
                yield language, path


def pools(source: Mapping[str, Any] | None, task: Task, part: str) -> list[str]:
    """`[POOL]` if a `data` entry names candidates beside those of the test languages."""
    if part == "train" or task.needs != "pool" or not source:
        return []
    return [POOL] if local_files(source, POOL, "test") else []


def local_state(source: Mapping[str, Any], task: Task, part: str, codes: list[str]) -> list[Any]:
    """Path, size and time of each local file of a part: a file that changes is fetched again."""
    files = dict.fromkeys(path for _, path in part_files(source, task, part, codes))
    return [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files]


def check_apart(
    source: Mapping[str, Any], task: Task, part: str, codes: list[str], place: str
) -> None:
    """Raise if a file of a `data` entry stands for what must be apart.

    A file must not stand for several languages, nor for English to train on and to test, unless
    the entry says which rows are whose.
    """
    if source["format"] in RELEASES or "only" in source:
        return
    for split in needed_splits(task, part):
        by_files: dict[tuple[Path, ...], list[str]] = {}
        for code in codes:
            by_files.setdefault(tuple(local_files(source, code, split)), []).append(code)
        for files, owners in by_files.items():
            if files and len(owners) > 1:
                raise InputError(
                    f"{place}: '{files[0]}' is the file of {', '.join(owners)}; write {{language}} "
                    "into the path, or say under only which rows are a language's, as "
                    "{id: '{name}-*'}"
                )
    tested = part == "test" and "en" in codes
    if not tested or task.name not in task.trains_on or "splits" in source:
        return
    both = {*local_files(source, "en", "test")} & {*local_files(source, "en", "train")}
    for path in sorted(both):
        raise InputError(
            f"{place}: '{path}' is the English training set and the test set; give a path per "
            "split, or divide the file by splits"
        )
