r"""Tasks as the weights that matter to them: the diagonal of the Fisher information.

$$F_w = \frac{1}{n} \sum_i \left( \frac{\partial L(x_i, y_i)}{\partial w} \right)^2$$
of a network that was trained on the task, over its own training examples with their labels (the
empirical Fisher), for every weight of the encoder but the word embeddings; averaged over the
weights that lead into one neuron, as Achille et al. (2019) average over a filter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from xstilts.checkpoint.network import Network, load
from xstilts.data.encode import Encoded
from xstilts.encoder.encoded_rows import evenly_spaced
from xstilts.encoder.model import device
from xstilts.encoder.packed_batch import Batch
from xstilts.kinds import trained_kind
from xstilts.similarity.vector_table import write_vectors

EXAMPLES = 200  # per task, over its languages
TOGETHER = 16  # rows that share one loss, where they are compared with each other


def compute_fisher(*, checkpoint: str, parts: list[str], fisher: str) -> None:
    """Write the Fisher diagonal, the mean over the tasks that the network was trained on.

    Args:
        checkpoint: manifest of the trained network.
        parts: manifests of the encoded training parts.
        fisher: the table to write; its one column is `vector`, its one row the diagonal.
    """
    network = load(Path(checkpoint))
    network.encoder.eval().requires_grad_(True)
    network.encoder.freeze_word_embeddings()
    diagonals = [_diagonal(network, Encoded(Path(path))) for path in parts]
    write_vectors(Path(fisher), [({}, np.mean(diagonals, axis=0)[None])])


def _diagonal(network: Network, part: Encoded) -> np.ndarray:
    kind, head = trained_kind(part.task), network.heads[part.task.name].eval()
    weights = [each for each in network.encoder.parameters() if each.requires_grad]
    totals = [torch.zeros(len(each), device=each.device) for each in weights]
    batches = list(_batches(part, kind.divisible))
    for batch in batches:
        loss = kind.loss(head, network.encoder, batch).mean()
        gradients = torch.autograd.grad(loss, weights, allow_unused=True)
        for total, gradient in zip(totals, gradients, strict=True):
            if gradient is not None:
                squared = gradient.float().square()
                total += squared.flatten(1).mean(1) if squared.ndim > 1 else squared  # per neuron
    return torch.cat(totals).cpu().numpy() / len(batches)


def _batches(part: Encoded, divisible: bool) -> Iterator[Batch]:
    """Evenly spaced rows one by one, or some at once where their losses depend on each other."""
    size = 1 if divisible else TOGETHER
    for language in part.languages:
        rows = part.rows(language, "train")
        indices = np.unique(evenly_spaced(len(rows), EXAMPLES // len(part.languages)))
        for start in range(0, len(indices), size):
            yield Batch(rows, indices[start : start + size], device())
