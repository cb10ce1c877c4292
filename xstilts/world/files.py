"""The world as files that a config names like the user's own: data, a model, tables.

`TASK/SPLIT.LANGUAGE.jsonl` hold canonical examples, `nano/` the encoder, `languages.csv` and
`sizes.csv` rows for the tables of languages and sizes, `world.json` the settings behind them all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

from xstilts.data.local_paths import needed_splits
from xstilts.errors import InputError
from xstilts.io.tables import atomic, read_json
from xstilts.kinds import kind_of
from xstilts.tasks import tasks
from xstilts.world import World, target_languages
from xstilts.world.examples import SKILLS, examples
from xstilts.world.planted_encoder import write_nano

SETTINGS = "world.json"
SIZES = Path(__file__).with_name("sizes.csv")  # tokens as `python -m benchmarks.sizes` counts them
TRANSLATIONS = 3  # languages that training data are there in, as in the study


def write_world(world: World, folder: Path) -> None:
    """Write all files of a world; those that would say the same are left as they are."""
    for task in SKILLS:
        for language, split in _splits(world, task):
            write_split(world, folder, task, language, split)
    model, settings = folder / "nano", folder / SETTINGS
    if not model.is_dir() or not settings.exists() or read_world(settings) != world:
        write_nano(world, model)
    invented = [
        {"code": code, "name": row.name, "script": row.script}
        for code, row in world.languages.items()
        if code != "en"
    ]
    with SIZES.open(encoding="utf-8", newline="") as file:
        sizes = [{**row, "examples": getattr(world, row["split"])} for row in csv.DictReader(file)]
    _write(folder / "languages.csv", _csv(invented))
    _write(folder / "sizes.csv", _csv(sizes))
    _write(settings, json.dumps(asdict(world), indent=1) + "\n")  # the last: all is there


def read_world(settings: Path) -> World:
    """The world that a `world.json` describes.

    Raises:
        InputError: the file describes none.
    """
    content = read_json(settings)
    try:
        return World(**content)
    except TypeError as error:
        raise InputError(f"{settings}: not what `xstilts world` writes ({error})") from error


def write_split(world: World, folder: Path, task: str, language: str, split: str) -> None:
    """Write the examples of one split in one language."""
    rows, labels = examples(world, task, language, split), tasks()[task].labels
    labelled = ({**row, "label": labels[row["label"]]} if "label" in row else row for row in rows)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in labelled)
    _write(folder / task / f"{split}.{language}.jsonl", "".join(lines))


def _splits(world: World, name: str) -> Iterator[tuple[str, str]]:
    """(language, split) of each file of a task."""
    task, codes = tasks()[name], [*world.languages]
    if task.intermediate or task.finetuning or task.kind == "masked_lm":
        train_codes = codes if task.multilingual else ["en"]
        yield from product(train_codes, ("train", "dev"))
    if task.intermediate and kind_of(task).translatable:
        yield from product(codes[1 : TRANSLATIONS + 1], ("train",))
    if task.target or task.kind == "bitext":
        yield from product(target_languages(world, name), needed_splits(task, "test"))


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    records, text = [*rows], StringIO()
    writer = csv.DictWriter(text, records[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    """Write a file if its content changed: for a newer one, jobs that read it run again."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
