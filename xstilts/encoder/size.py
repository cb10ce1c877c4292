"""The size of an encoder, which memory, disk and time follow from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xstilts.models import Model


@dataclass(frozen=True)
class ModelSize:
    """Layers, width, width within a layer's feed-forward part, and words of the vocabulary."""

    layers: int
    width: int
    inner: int
    vocabulary: int

    @property
    def words(self) -> int:
        """Weights of the word embeddings, which no matrix product reads."""
        return self.vocabulary * self.width

    @property
    def body(self) -> int:
        """Weights of the matrix products: attention's four and the feed-forward two, a layer."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.inner)

    @property
    def weights(self) -> int:
        """All weights but biases, norms and positions."""
        return self.words + self.body


LARGE = ModelSize(24, 1024, 4096, 250_002)
SHAPES = {  # of models that are known before they are fetched
    "FacebookAI/xlm-roberta-large": LARGE,
    "FacebookAI/xlm-roberta-base": ModelSize(12, 768, 3072, 250_002),
    "intfloat/multilingual-e5-small": ModelSize(12, 384, 1536, 250_037),
}


@cache
def model_size(model: Model) -> ModelSize:
    """A model's shape; one of the hub that is not known here counts as XLM-R Large."""
    described = Path(model.path) / "config.json"
    return _read(described) if described.is_file() else SHAPES.get(model.path, LARGE)


def _read(described: Path) -> ModelSize:
    """From a Hugging Face folder; what its config does not name is XLM-R Large's."""
    known = json.loads(described.read_text(encoding="utf-8"))
    names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size")
    large = (LARGE.layers, LARGE.width, LARGE.inner, LARGE.vocabulary)
    return ModelSize(*(known.get(name) or other for name, other in zip(names, large, strict=True)))
