r"""Jensen-Shannon divergence of the two sets' subword distributions, in bits.

$$\mathrm{JSD} = H\big(\tfrac{p + q}{2}\big) - \tfrac12 H(p) - \tfrac12 H(q)
  = 1 - \tfrac12 \sum_w \Big[ (p_w + q_w) \log_2 (p_w + q_w)
  - p_w \log_2 p_w - q_w \log_2 q_w \Big]$$
0 if every subword is as frequent in both, 1 if they share none, as languages in different scripts
nearly do. Only subwords that both have count in the sum.
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.subword_counts import Subwords


def jensen_shannon(x: Subwords, y: Subwords) -> np.ndarray:
    """JSD in bits, of the samples and of each pair of resamples."""
    from scipy.special import xlogy  # slow to import, and every start of Snakemake reads this file

    _, first, second = np.intersect1d(x.types, y.types, return_indices=True)
    p = x.totals[:, first] / x.totals.sum(axis=1, keepdims=True)
    q = y.totals[:, second] / y.totals.sum(axis=1, keepdims=True)
    shared = xlogy(p + q, p + q) - xlogy(p, p) - xlogy(q, q)
    return np.clip(1 - shared.sum(axis=1) / np.log(4), 0, 1)


MEASURE = Measure(
    title="subword divergence",
    level="cell",
    reads="subwords",
    direction="distance",
    limits=(0, 1),
    cost="linear in types",
    reference="Lin 1991, Divergence Measures Based on the Shannon Entropy",
    compute=jensen_shannon,
)
