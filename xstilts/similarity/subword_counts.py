"""Subwords of a sample of texts: what lexical similarity is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xstilts.io.tables import read_table, schema
from xstilts.similarity.text_set import bootstrap

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SUBWORDS = schema(
    ("language", pa.string(), "Language of the text."),
    ("subwords", pa.list_(pa.int32()), "Its token ids, without special tokens."),
    ("words", pa.int32(), "Words in it: runs of characters between white space."),
)


@dataclass(frozen=True, kw_only=True)
class Subwords:
    """Subwords of the texts of one set.

    Attributes:
        types: (types,) ids of the subwords that occur, ascending.
        counts: (texts, types) how often each occurs in each text.
        words: (texts,) words of each text.
        script: how the language is written; None if the table of languages does not say.
        weights: (1 + resamples, texts) as in `xstilts.similarity.text_set.Texts`.
    """

    types: np.ndarray
    counts: csr_array
    words: np.ndarray
    script: str | None
    weights: np.ndarray

    @staticmethod
    def of(
        texts: list[np.ndarray], words: np.ndarray, script: str | None, resamples: int, seed: int
    ) -> Subwords:
        """The subwords of texts, given as token ids."""
        from scipy.sparse import csr_array  # slow to import; every start of Snakemake comes here

        ids = np.concatenate(texts)
        rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        types, columns = np.unique(ids, return_inverse=True)
        ones = np.ones(len(ids))
        counts = csr_array((ones, (rows, columns)), shape=(len(texts), len(types)))
        weights = bootstrap(len(texts), resamples, seed)
        return Subwords(types=types, counts=counts, words=words, script=script, weights=weights)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def totals(self) -> np.ndarray:
        """(1 + resamples, types) how often each type occurs per text."""
        return self.weights @ self.counts


def read_subwords(path: Path) -> dict[str, tuple[list[np.ndarray], np.ndarray]]:
    """Token ids and number of words of each text, by language, from a table of subwords."""
    table = read_table(path, SUBWORDS)
    languages = np.array(table["language"].to_pylist())
    texts, words = table["subwords"].combine_chunks(), table["words"].to_numpy()
    values, offsets = texts.values.to_numpy(), texts.offsets.to_numpy()
    by_language = {}
    for code in dict.fromkeys(languages.tolist()):
        rows = np.flatnonzero(languages == code)
        by_language[code] = ([values[offsets[at] : offsets[at + 1]] for at in rows], words[rows])
    return by_language
