"""Token ids of a task's examples, once per (model, task, part): what training and evaluation read.

A *part* is `train` (splits train and dev, English; plain text in every language), `translated`
(training data in other languages) or `test` (every language of a target). Its manifest, written
last, lists a digest per language; the rows lie beside it, one file per language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from transformers import AutoConfig, PreTrainedTokenizerBase

from xstilts.data.fetch import LABELS, examples_of, find_leaks, split_of
from xstilts.data.releases import POOL
from xstilts.encoder.encoded_rows import EncodedExamples, evenly_spaced, read_rows, write_rows
from xstilts.encoder.model import load_tokenizer
from xstilts.errors import InputError
from xstilts.io.hashing import digest, file_digest
from xstilts.io.tables import WARNINGS, read_json, write_json
from xstilts.kinds import Examples, kind_of
from xstilts.tasks import Task, tasks

CHUNK = 2000  # examples tokenised at once: a window of a long context takes 60 KB as Python objects


def encode_task(
    *,
    task: str,
    data: str,
    pretrained: str,
    encoded: str,
    max_length: int | None,
    trained: Sequence[str] = (),
) -> None:
    """Tokenise every language and split of a task's part.

    Args:
        task: name of the task.
        data: the part's data manifest.
        pretrained: the checkpoint manifest of the model whose tokenizer is used.
        encoded: the manifest to write.
        max_length: longest input in tokens, if shorter than the task's own.
        trained: data manifests of what a target trains on.

    Raises:
        InputError: the model cannot read what the task has, or the test set was trained on.
    """
    facts = tasks()[task]
    facts = replace(facts, max_length=min(facts.max_length, max_length or facts.max_length))
    source, target = read_json(Path(data)), Path(encoded)
    folder = read_json(Path(pretrained))["pretrained"]
    tokenizer = load_tokenizer(folder)
    _check_segments(facts, tokenizer, folder)
    warnings = find_leaks(Path(data), trained)
    digests = {}
    for language in source["languages"]:
        chunks = {
            split: [
                _encoded_chunk(facts, examples, start, tokenizer, source[LABELS])
                for start in range(0, len(examples), CHUNK)
            ]
            for split, examples in examples_of(Path(data), language).items()
        }
        path = _file(target, language)
        write_rows(path, chunks)
        digests[language] = digest([file_digest(path), source["languages"][language]])
    inherited = {name: source[name] for name in (LABELS, "source")}
    write_json(
        target, {"task": task, "data": data, "languages": digests, WARNINGS: warnings, **inherited}
    )


def _check_segments(task: Task, tokenizer: PreTrainedTokenizerBase, folder: str) -> None:
    """Raise if the model tells the texts of a pair apart by ids that we do not pass yet."""
    if not kind_of(task).paired:
        return
    segments = {*tokenizer("a", "b").get("token_type_ids", [])}
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if len(segments) > 1 and getattr(config, "type_vocab_size", 0) > 1:  # DeBERTa-v3 has none
        raise InputError(
            f"{task.name} has pairs of texts, and {folder} tells them apart by "
            "segment ids (token_type_ids), which are not passed yet: its scores would be wrong"
        )


def _encoded_chunk(
    task: Task,
    examples: Examples,
    start: int,
    tokenizer: PreTrainedTokenizerBase,
    labels: list[str],
) -> pa.Table:
    """Rows of the examples from number `start` on, which their column `example` counts from 0."""
    rows = kind_of(task).encode(examples[start : start + CHUNK], tokenizer, task, labels)
    placed = [{**row, "example": start + row["example"]} for row in rows]
    return pa.Table.from_pylist(placed)


def _file(manifest: Path, language: str) -> Path:
    return manifest.parent / f"language={language}" / "rows.arrow"


@dataclass(frozen=True)
class Encoded:
    """One encoded part, read through its manifest."""

    path: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest's content."""
        return read_json(self.path)

    @property
    def languages(self) -> list[str]:
        """The languages that were fetched."""
        return [language for language in self.manifest["languages"] if language != POOL]

    @property
    def task(self) -> Task:
        """Facts of the task."""
        return tasks()[self.manifest["task"]]

    @property
    def labels(self) -> list[str]:
        """Class or tag names in label order."""
        return self.manifest[LABELS]

    def rows(self, language: str, split: str) -> EncodedExamples:
        """Encoded rows of a language and split."""
        return read_rows(_file(self.path, language), split)

    def sample(self, language: str, most: int, sequences: int = 1) -> EncodedExamples:
        """At most so many rows, evenly spaced, with only their first sequences.

        The first sequence of a pair with English is the language's own side. Training rows are
        taken if there are any, else test rows.
        """
        rows = self.rows(language, "train") or self.rows(language, "test")
        return EncodedExamples.of(
            {"sequences": [rows.tokens[at + side] for side in range(sequences)]}
            for at in rows.bounds[evenly_spaced(len(rows), most)]
        )

    def examples(self, language: str, split: str) -> Examples:
        """The canonical examples that the rows encode."""
        return split_of(Path(self.manifest["data"]), language, split)
