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
        """Weights of the matrix products: attention's four and the feed-forward two, per layer."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.inner)

    @property
    def weights(self) -> int:
        """All weights but biases, norms and positions."""
        return self.words + self.body


LARGE = ModelSize(24, 1024, 4096, 250_002)
SHAPES = {  # models whose shape is known before they are fetched
    "FacebookAI/xlm-roberta-large": LARGE,
    "FacebookAI/xlm-roberta-base": ModelSize(12, 768, 3072, 250_002),
    "intfloat/multilingual-e5-small": ModelSize(12, 384, 1536, 250_037),
}


@cache
def model_size(model: Model) -> ModelSize:
    """A model's shape; what neither its folder nor this module says is XLM-R Large's."""
    path = Path(model.path) / "config.json"
    if not path.is_file():
        return SHAPES.get(model.path, LARGE)
    config = json.loads(path.read_text(encoding="utf-8"))
    names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size")
    large = (LARGE.layers, LARGE.width, LARGE.inner, LARGE.vocabulary)
    return ModelSize(*(config.get(name) or other for name, other in zip(names, large, strict=True)))
