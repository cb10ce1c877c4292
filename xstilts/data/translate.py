"""Machine-translated training data of an intermediate task, for the recipes that end in `-mt`.

Labels stay where they were, so only kinds whose labels belong to whole texts can be translated. A
sequence-to-sequence model makes the translation, or files hold it. A model's work is kept in parts,
from which an interrupted job is resumed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from transformers import AutoModelForSeq2SeqLM

from xstilts.data.canonical import Example
from xstilts.data.fetch import LABELS, fetch_task, split_of, write_examples
from xstilts.data.local_paths import TRANSLATED
from xstilts.encoder.model import device, load_tokenizer, load_whole
from xstilts.io.hashing import digest
from xstilts.io.tables import read_json, read_table, schema, write_json, write_table
from xstilts.kinds import kind_of
from xstilts.tasks import tasks

logger = logging.getLogger(__name__)

PART = 1000  # texts that are kept at once
BATCH = 32  # texts that the model reads at once
TRANSLATIONS = schema(("text", pa.string(), "A text in the other language."))


def translate_task(
    *,
    task: str,
    english: str,
    translators: list[str],
    codes: Mapping[str, str],
    languages: list[str],
    source: Mapping[str, Any] | None,
    limits: Mapping[str, int | None],
    code: str,
    manifest: str,
) -> None:
    """Write the canonical examples of a task's translated part.

    Args:
        task: name of the task.
        english: manifest of its English training data; empty where no model is needed.
        translators: manifests of the models that translate into each language, in their order.
        codes: what the model calls the languages, where it has to be told.
        languages: which ones to translate into.
        source: where local files with translations are, as in a `data` entry of the config.
        limits: most examples of a split.
        code: digest of the code: parts that other code translated are made anew.
        manifest: the manifest to write.
    """
    if not english:
        fetch_task(
            task=task,
            part=TRANSLATED,
            languages=languages,
            manifest=manifest,
            source=source,
            commits={},
            limits=limits,
        )
        return
    source_manifest, path = read_json(Path(english)), Path(manifest)
    examples = split_of(Path(english), "en", "train")
    digests = {}
    for language, checkpoint in zip(languages, translators, strict=True):
        translator = Translator(Path(checkpoint), codes, language, code)
        translated = translate_examples(examples, task, translator, path.parent / "parts")
        digests[language] = write_examples(path, tasks()[task], language, {"train": translated})
    inherited = {
        LABELS: source_manifest[LABELS],
        "source": f"{source_manifest['source']}, translated",
    }
    write_json(path, {"task": task, "part": TRANSLATED, "languages": digests, **inherited})


def translate_examples(
    examples: list[Example], task: str, translator: Translator, folder: Path
) -> list[Example]:
    """The examples with every text translated; a text that occurs twice is translated once."""
    fields = kind_of(tasks()[task]).translatable
    values = [row[name] for row in examples for name in fields]
    lists = ([value] if isinstance(value, str) else value for value in values)
    texts = sorted({text for each in lists for text in each})
    texts.sort(key=len)
    translations: dict[str, str] = {}
    for start in range(0, len(texts), PART):
        part = texts[start : start + PART]
        translations |= dict(zip(part, _kept(translator, part, folder), strict=True))
        logger.info("%s: %d of %d texts", translator.language, len(translations), len(texts))
    return [
        {**row, **{name: _told(row[name], translations) for name in fields}} for row in examples
    ]


def _told(value: str | list[str], translations: Mapping[str, str]) -> str | list[str]:
    return translations[value] if isinstance(value, str) else [translations[text] for text in value]


def _kept(translator: Translator, texts: list[str], folder: Path) -> list[str]:
    """Translations of some texts: read if they were made before, else made and written."""
    path = folder / f"{digest([translator.key, texts])}.parquet"
    if not path.exists():
        translated = list(translator.translate(texts))
        write_table(path, pa.table({"text": translated}), TRANSLATIONS)
    return read_table(path, TRANSLATIONS)["text"].to_pylist()


class Translator:
    """A sequence-to-sequence model and the language that it translates into; loaded when asked."""

    def __init__(self, manifest: Path, codes: Mapping[str, str], language: str, code: str) -> None:
        self.manifest, self.codes, self.language = read_json(manifest), codes, language
        self.key = [self.manifest["digest"], codes.get("en"), codes.get(language), language, code]
        self.model: Any = None

    def translate(self, texts: list[str]) -> Iterator[str]:
        """The texts in the other language, by the model's own way of generating."""
        if self.model is None:
            self._load()
        for start in range(0, len(texts), BATCH):
            inputs = self.tokenizer(
                texts[start : start + BATCH], padding=True, truncation=True, return_tensors="pt"
            )
            with torch.inference_mode():
                generated = self.model.generate(
                    input_ids=inputs["input_ids"].to(device()),
                    attention_mask=inputs["attention_mask"].to(device()),
                    **self.forced,
                )
            yield from self.tokenizer.batch_decode(generated, skip_special_tokens=True)

    def _load(self) -> None:
        folder = self.manifest["pretrained"]
        self.tokenizer: Any = load_tokenizer(folder)
        model = load_whole(AutoModelForSeq2SeqLM, folder)
        self.model = model.to(device()).eval()
        self.forced: dict[str, Any] = {}
        if self.codes:
            self.tokenizer.src_lang = self.codes["en"]
            first = self.tokenizer.convert_tokens_to_ids(self.codes[self.language])
            self.forced = {"forced_bos_token_id": first}
