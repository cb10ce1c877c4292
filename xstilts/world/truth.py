"""The planted truth in points: the gap that the world's alignments alone bring about.

Each tuned checkpoint is asked its target's English test questions, while the vectors of all words
are turned away from English to a known alignment: the response to the dose. A language's expected
gap is that response averaged over the target's topics at the language's alignments. It owes nothing
to measured similarity, nor to the languages' own test answers; word order it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from xstilts.checkpoint.network import Network, load
from xstilts.data.encode import Encoded
from xstilts.encoder.model import Precision
from xstilts.evaluation.metrics import evaluate_metric
from xstilts.evaluation.predict import predict, reference_of, score
from xstilts.io.tables import schema, write_table
from xstilts.kinds import Reference
from xstilts.recipes import NONE, recipes
from xstilts.world import World
from xstilts.world.files import read_world
from xstilts.world.planted import planted_similarity
from xstilts.world.planted_encoder import special_tokens

DOSES = (0.2, 0.4, 0.55, 0.7, 0.85, 1.0)  # alignments asked for; between them, linear

TRUTH = schema(
    ("model", pa.string(), "Encoder."),
    ("intermediate", pa.string(), "Recipe of phase two."),
    ("target", pa.string(), "Evaluated task."),
    ("language", pa.string(), "Language."),
    ("gap", pa.float64(), "Expected transfer gap in points, mean over seeds."),
    ("similarity", pa.float64(), "Planted similarity; empty for `none`."),
)


def measure_truth(
    *,
    world: str,
    model: str,
    checkpoints: list[dict[str, Any]],
    languages: Mapping[str, list[str]],
    batch_tokens: int,
    precision: Precision,
    truth: str,
) -> None:
    """Write expected gaps and planted similarities.

    Args:
        world: its settings, as `xstilts world` wrote them.
        model: name of the encoder.
        checkpoints: `intermediate`, `target`, `checkpoint` and `encoded` of each pair to ask.
        languages: languages of each target.
        batch_tokens: tokens a forward pass may hold.
        precision: of matrix products.
        truth: the table to write.
    """
    invented, rows = read_world(Path(world)), []
    for entry in checkpoints:
        target = entry["target"]
        response = dose_response(
            load(Path(entry["checkpoint"])),
            Encoded(Path(entry["encoded"])),
            batch_tokens,
            precision,
        )
        for language, gap in _expected_gaps(invented, target, languages[target], response):
            tasks = recipes()[entry["intermediate"]].tasks
            rows.append(
                {
                    "model": model,
                    "intermediate": entry["intermediate"],
                    "target": target,
                    "language": language,
                    "gap": gap,
                    "similarity": (
                        None
                        if entry["intermediate"] == NONE
                        else planted_similarity(invented, list(tasks), target, language)
                    ),
                }
            )
    keys = ["model", "intermediate", "target", "language"]
    means = pd.DataFrame(rows).groupby(keys, as_index=False).mean()
    write_table(Path(truth), pa.Table.from_pandas(means, preserve_index=False), TRUTH)


def _expected_gaps(
    world: World, target: str, languages: list[str], response: np.ndarray
) -> Iterator[tuple[str, float]]:
    shares = world.topic_shares(target)
    for language in languages:
        if language != "en":
            expected = shares @ np.interp(world.alignment(language), DOSES, response)
            yield language, float(response[-1] - expected)


def dose_response(
    network: Network, part: Encoded, batch_tokens: int, precision: Precision
) -> np.ndarray:
    """(doses,) reported metric on the English test set with words at each alignment."""
    reference = _pool(network, part, batch_tokens, precision)
    weights = network.encoder.word_embeddings.weight.data
    english = weights.clone()
    away = _away(english)
    rows, values = part.rows("en", "test"), []
    for dose in DOSES:
        weights.copy_(dose * english + np.sqrt(1 - dose**2) * away)
        keep = special_tokens()
        weights[keep] = english[keep]
        outputs = predict(network, part, rows, -1, batch_tokens, precision)
        scored = score(network, part, "en", "test", outputs, reference)
        values.append(evaluate_metric(part.task.metric, scored.statistics, resamples=0)[0])
    return np.array(values)


def _away(english: torch.Tensor) -> torch.Tensor:
    """A random vector orthogonal to each word's, of the same length."""
    random = torch.randn(english.shape, generator=torch.Generator().manual_seed(0))
    squared = english.pow(2).sum(-1, keepdim=True).clamp(1e-9)
    across = random - (random * english).sum(-1, keepdim=True) / squared * english
    return squared.sqrt() * torch.nn.functional.normalize(across, dim=-1)


def _pool(network: Network, part: Encoded, batch_tokens: int, precision: Precision) -> Reference:
    """The unturned candidates of every language, for retrieval from a pool."""
    if part.task.needs != "pool":
        return Reference()

    def outputs(language: str, split: str) -> list[Any]:
        return predict(network, part, part.rows(language, split), -1, batch_tokens, precision)

    return reference_of(part, [(language, "test") for language in part.languages], outputs)
