"""Outputs of a part's languages, predicted in batches that span languages.

Small test sets would fill few batches each, so languages are predicted in groups, sorted by length
over the whole group. A group does not depend on which cells are asked for: matrix products in half
precision differ with what else is in a batch, and a cell that is run again alone must not differ.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from xstilts.checkpoint.network import Network
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.encoder.model import Precision
from xstilts.errors import InputError
from xstilts.evaluation.predict import predict

logger = logging.getLogger(__name__)

BATCHES = 8  # least per group, so that its last, partly filled one wastes little


def grouped(sizes: Mapping[str, int], least: int) -> list[list[str]]:
    """Names in their order, in groups that hold at least `least`; the last one may hold less."""
    groups: list[list[str]] = []
    total = least
    for name, size in sizes.items():
        if total >= least:
            groups.append([])
            total = 0
        groups[-1].append(name)
        total += size
    return groups


class Outputs:
    """Outputs of a network for a part, one split at a time.

    Args:
        network: gives the network when it is first needed.
        part: the encoded part.
        layer: the model's retrieval layer.
        tokens: tokens that a forward pass may hold.
        precision: of matrix products.
    """

    def __init__(
        self,
        network: Callable[[], Network],
        part: Encoded,
        layer: int,
        tokens: int,
        precision: Precision,
    ) -> None:
        self.network, self.part = network, part
        self.layer, self.tokens, self.precision = layer, tokens, precision
        self.by_split: dict[str, dict[str, list[Any]]] = {}  # and by language
        self.seconds: dict[str, float] = {}  # a language's share of its groups'

    def of(self, language: str, split: str) -> list[Any]:
        """Outputs of every row of a language's split, in order.

        A group's outputs are held until another group of the split is asked for. Pools, whose
        languages are asked for again and again, hold all.
        """
        outputs = self.by_split.setdefault(split, {})
        if language not in outputs:
            if self.part.task.needs != "pool":
                outputs.clear()
            outputs |= self._group(language, split)
        return outputs[language]

    def _group(self, language: str, split: str) -> dict[str, list[Any]]:
        rows = self._readable(split)
        if language not in rows:
            rows[language] = self.part.rows(language, split)  # says why it cannot
        sizes = {code: int(each.sizes.sum()) for code, each in rows.items()}
        groups = grouped(sizes, BATCHES * self.tokens)
        together = next((group for group in groups if language in group), [language])
        try:
            return self._predicted({code: rows[code] for code in together})
        except Exception:
            if together == [language]:
                raise
            logger.exception("%s failed together; %s alone", ", ".join(together), language)
            return self._predicted({language: rows[language]})

    def _readable(self, split: str) -> dict[str, EncodedExamples]:
        """Rows of every language whose file can be read; asking for another raises its error."""
        rows = {}
        for code in self.part.manifest["languages"]:
            try:
                rows[code] = self.part.rows(code, split)
            except InputError as error:
                logger.warning("left out: %s", error)
        return rows

    def _predicted(self, rows: Mapping[str, EncodedExamples]) -> dict[str, list[Any]]:
        start = time.perf_counter()
        joined = EncodedExamples.joined([*rows.values()])
        outputs = predict(
            self.network(), self.part, joined, self.layer, self.tokens, self.precision
        )
        ends = np.cumsum([0, *map(len, rows.values())]).tolist()
        spent = time.perf_counter() - start
        total = max(1, int(joined.sizes.sum()))
        for code, language_rows in rows.items():
            share = int(language_rows.sizes.sum()) / total
            self.seconds[code] = self.seconds.get(code, 0) + share * spent
        return {
            code: outputs[begin:end]
            for code, (begin, end) in zip(rows, pairwise(ends), strict=True)
        }
