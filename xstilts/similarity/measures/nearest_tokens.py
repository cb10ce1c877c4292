r"""NN-Rank: how many of a target's tokens are nearest to a token of the intermediate's texts.

$$N = K \, \frac{1}{|R|} \sum_{k \in R} \frac{1}{n} \sum_j
  \mathbb{1}\left[\arg\max_m \cos(y_j, x_m) \in k\right]$$
over all tokens $x_m$ of the $K$ intermediate tasks of a grid together, of which a recipe has the
tasks $R$: 1 is what chance would give. It ranks intermediates as NN-Rank ranks source languages,
and says nothing of languages or targets alone.
"""

import numpy as np

from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.token_sets import NearestOwners


def nearest_tokens(x: list[int], y: NearestOwners) -> np.ndarray:
    """N, of the sample and of each resample of the target's texts.

    Args:
        x: indices of the recipe's tasks.
        y: the target's texts.
    """
    return y.tasks * y.shares[:, x].mean(axis=1)


MEASURE = Measure(
    title="nearest tokens (NN-Rank)",
    level="cell",
    reads="tokens",
    direction="similarity",
    limits=(0, UNBOUNDED),
    cost="tokens of a set times tokens of all intermediates",
    reference="Ebrahimi, Wiemerslage and von der Wense 2025, Model-Based Ranking, EMNLP",
    compute=nearest_tokens,
    symmetric=False,
)
