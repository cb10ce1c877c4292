"""How long a device takes for a job: a table of measured rates, each with its source.

A job takes `start` seconds, `unit` seconds for each of its units (`xstilts.planning.work`), and its
tokens. A rate of a model that has no row is that of another model on the same device, in inverse
proportion to the weights that each token is multiplied by.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xstilts.encoder.size import SHAPES, model_size
from xstilts.errors import check_name
from xstilts.models import Model, is_hub_id
from xstilts.planning.work import Work

TABLE = Path(__file__).with_name("rates.csv")
NUMBERS = ("start", "unit", "learned", "read")
ANY = "*"  # a rule whose time does not depend on the model


@dataclass(frozen=True)
class Rate:
    """The measured rate of one rule.

    Attributes:
        model: the model that it was measured with, or `*`.
        body: that model's weights that every token is multiplied by; 0 for `*`.
        start: seconds per job.
        unit: seconds per unit.
        learned, read: tokens per second of training and of prediction; 0: they take no time.
        source: where the numbers are from.
    """

    model: str
    body: int
    start: float
    unit: float
    learned: float
    read: float
    source: str

    def seconds(self, work: Work, slower: float = 1.0) -> float:
        """Seconds of a job, on a model whose tokens take so many times as long."""
        learned = slower * work.learned / self.learned if self.learned else 0.0
        read = slower * work.read / self.read if self.read else 0.0
        return self.start + self.unit * work.units + learned + read


@cache
def _rows() -> dict[str, dict[str, list[Rate]]]:
    """Rates by device and rule."""
    by_device: dict[str, dict[str, list[Rate]]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            numbers = {name: float(row[name] or 0) for name in NUMBERS}
            body = int(row["body"] or 0)
            rate = Rate(model=row["model"], body=body, source=row["source"], **numbers)
            by_device.setdefault(row["device"], {}).setdefault(row["rule"], []).append(rate)
    return by_device


def devices() -> list[str]:
    """The devices that the table knows."""
    return list(_rows())


class Device:
    """A device of the table, as the models of a config run on it."""

    def __init__(self, name: str, models: Mapping[str, Model]) -> None:
        self.name = check_name("device", name, devices(), "plan")
        self.models = models

    def seconds(self, work: Work) -> float:
        """Seconds of a job. What runs on any machine takes as long as on the CPU of the table."""
        rate = self.rate(work)
        slower = 1.0
        if rate.model not in (ANY, work.axes.get("model")):
            model = self.models[str(work.axes["model"])]
            slower = model_size(model).body / rate.body
        return rate.seconds(work, slower)

    def rate(self, work: Work) -> Rate:
        """The rate of a job: that of its model, else of the largest model of the table."""
        rows = _rows()[self.name].get(work.rule) or _rows()["cpu"][work.rule]
        own = [row for row in rows if row.model in (ANY, work.axes.get("model"))]
        return own[0] if own else max(rows, key=lambda row: row.body)

    def sources(self, rules: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(rules, where their rates are from), each source once."""
        by_source: dict[str, list[str]] = {}
        for rule in rules:
            for model in self.models:
                rate = self.rate(Work(rule=rule, place="", axes={"model": model}))
                sharing = by_source.setdefault(rate.source, [])
                sharing += [] if rule in sharing else [rule]
        for source, sharing in by_source.items():
            yield ", ".join(sharing), source


def unknown_models(models: Mapping[str, Model]) -> list[str]:
    """Models whose size is not known before they are fetched."""
    return [
        name for name, model in models.items() if is_hub_id(model.path) and model.path not in SHAPES
    ]
