"""How many examples a split has, and how many tokens each has, before any data are fetched."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xstilts.data.releases import POOL
from xstilts.errors import InputError, one_line

TABLE = Path(__file__).with_name("sizes.csv")
EVERY = "*"  # a row for every language that has none of its own

Place = tuple[str, str, str, str]  # task, part, language, split


@dataclass(frozen=True)
class Size:
    """Examples of a split, and the mean number of tokens of an encoded one."""

    examples: int
    each: float

    @property
    def tokens(self) -> float:
        """Tokens of all examples."""
        return self.examples * self.each

    def at_most(self, examples: int | None) -> Size:
        """The size with no more examples than that."""
        return self if examples is None else Size(min(self.examples, examples), self.each)


NO_SIZE = Size(0, 0.0)


@cache
def _table(file: Path) -> dict[Place, Size]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return {
                (row["task"], row["part"], row["language"], row["split"]): Size(
                    int(row["examples"]), float(row["tokens"])
                )
                for row in csv.DictReader(opened)
            }
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"size table {file}: cannot be read ({one_line(error)}); its columns are task, part, "
            "language, split, examples and tokens"
        ) from error


class Sizes:
    """The sizes of a config's data, cut as it says: its own table's tasks, and the shipped others.

    Raises:
        InputError: the config's table cannot be read.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.limits = config["examples"]
        own = _table(Path(config["size_table"])) if config["size_table"] else {}
        replaced = {place[0] for place in own}
        shipped = {place: size for place, size in _table(TABLE).items() if place[0] not in replaced}
        self.table = {**shipped, **own}
        self.tasks = {place[0] for place in self.table}

    def of(self, task: str, part: str, language: str, split: str) -> Size:
        """The size of one split; nothing if there is no such split.

        Raises:
            InputError: the table does not know the task.
        """
        if task not in self.tasks:
            raise InputError(
                f"plan: nothing is known of the size of {task}; name a size_table with rows "
                "that `python -m benchmarks.sizes` prints once its data are encoded"
            )
        general = NO_SIZE if language == POOL else self.table.get((task, part, EVERY, split))
        size = self.table.get((task, part, language, split)) or general or NO_SIZE
        return size.at_most(self.limits[split])
