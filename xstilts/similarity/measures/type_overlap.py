r"""Overlap of the subword types that occur in both sets: $|V_x \cap V_y| / (|V_x| + |V_y|)$.

This is LangRank's word overlap, of subwords. It is at most one half. Larger samples have more
types, so it depends on how many texts there are; a resample leaves out about a third of the texts
and is a little lower, which a standard error forgives.
"""

import numpy as np

from xstilts.similarity.measure import Measure
from xstilts.similarity.subword_counts import Subwords


def type_overlap(x: Subwords, y: Subwords) -> np.ndarray:
    """The overlap, of the samples and of each pair of resamples."""
    _, first, second = np.intersect1d(x.types, y.types, return_indices=True)
    own, other = x.totals > 0, y.totals > 0
    shared = (own[:, first] & other[:, second]).sum(axis=1)
    return shared / (own.sum(axis=1) + other.sum(axis=1))


MEASURE = Measure(
    title="subword type overlap",
    level="cell",
    reads="subwords",
    direction="similarity",
    limits=(0, 0.5),
    cost="linear in types",
    reference="Lin et al. 2019, Choosing Transfer Languages for Cross-Lingual Learning (LangRank)",
    compute=type_overlap,
)
