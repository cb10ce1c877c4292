r"""Theme overlap: how often texts of two sets are about the same, as a cosine of densities.

$$T = \frac{\langle k \rangle_{xy}}{\sqrt{\langle k \rangle_{xx} \langle k \rangle_{yy}}},
  \qquad k(a, b) = e^{\kappa (\cos(a, b) - 1)}$$
with $\langle k \rangle$ the mean over pairs of different texts: the cosine of the two sets' kernel
densities. The Cauchy-Schwarz divergence is its negative logarithm. Texts are unit vectors in the
axes along which texts of *one* set differ, so that what a whole set shares (its format, the length
of its texts) hardly counts. If every text had one of several themes, far apart, $T$ would be the
cosine of the two sets' shares of themes. It is about 1 for two samples of one distribution.
"""

from functools import partial

import numpy as np

from xstilts.similarity.kernel_means import KernelMean, between_sets, within_set
from xstilts.similarity.measure import UNBOUNDED, Measure
from xstilts.similarity.text_set import PAIRED, Texts

CONCENTRATION = 5.0  # kappa: at right angles the kernel is e^-5, so only like themes count


def kernel(x: Texts, y: Texts) -> np.ndarray:
    """(n, m) values of the kernel."""
    return np.exp(CONCENTRATION * (x.themes @ y.themes.T - 1))


def theme_overlap(x: KernelMean, y: KernelMean) -> np.ndarray:
    """T, of the samples and of each pair of resamples."""
    return between_sets(x, y, kernel) / np.sqrt(x.within * y.within)


MEASURE = Measure(
    title="theme overlap",
    level="cell",
    reads="texts",
    direction="similarity",
    limits=(0, UNBOUNDED),
    cost=f"quadratic in texts, of which it takes {PAIRED} a set",
    reference="Jenssen et al. 2006, The Cauchy-Schwarz Divergence and Parzen Windowing; of unit "
    "vectors on the axes of within-set variation here",
    describe=partial(within_set, kernel=kernel),
    compute=theme_overlap,
    invariant=("scale",),
)
