r"""URIEL's distances between languages, from the tables in the package `urielplus`.

A language is a vector of features; sources that disagree are joined by their union, and features
that either language lacks are left out, so nothing is imputed. Two languages are apart by the angle
between their vectors,
$$d = \frac{2}{\pi} \arccos \frac{u \cdot v}{\lVert u \rVert \lVert v \rVert}$$
as in `URIELPlus.new_distance`, but for vectors without a feature: that puts a constant one in their
place, by which Basque, of no family, is nearer to English than Swahili. Here such a language is at
distance 1. Languages with fewer than `MIN_FEATURES` features in common have no distance.

The package's tables are read, not its code, which copies files into its own folder and unpickles
them.
"""

from __future__ import annotations

from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Measure, NoValueError

# kind of distance -> (table, how the names of its features begin)
KINDS = {
    "genetic": ("family_features.npz", ""),
    "geographic": ("geocoord_features.npz", ""),
    "syntactic": ("features.npz", "S_"),
    "phonological": ("features.npz", "P_"),
    "inventory": ("features.npz", "INV_"),
    "featural": ("features.npz", ""),
}
UNKNOWN = -1.0
MIN_FEATURES = 15  # fewest features in common for which an angle says something


class Table(NamedTuple):
    """(languages, features, sources) values, -1 where nothing is known, with their names."""

    data: np.ndarray
    languages: list[str]
    features: np.ndarray


@cache
def _table(name: str) -> Table:
    spec = find_spec("urielplus")  # without importing it
    assert spec and spec.origin
    with np.load(Path(spec.origin).parent / "database" / "original_uriel" / name) as arrays:
        return Table(arrays["data"], arrays["langs"].tolist(), arrays["feats"])


def measure_of(kind: str) -> Measure:
    """The measure of a kind of distance from English."""
    return Measure(
        title=f"{kind} distance",
        level="language",
        reads="languages",
        direction="distance",
        limits=(0, 1),
        cost="a lookup",
        reference="Littell et al. 2017, URIEL and lang2vec; tables of urielplus 1.3",
        compute=partial(distance_between, kind),
        missing="languages whose row has no ISO 639-3 code, and those of which URIEL knows "
        f"fewer than {MIN_FEATURES} such features",
    )


def distance_between(kind: str, x: Known, y: Known) -> float:
    """The distance of two languages.

    Raises:
        NoValueError: one has no ISO 639-3 code, or URIEL does not know enough of them.
    """
    for language in (x, y):
        if language.iso3 is None:
            raise NoValueError("no ISO 639-3 code in the table of languages")
    return distance(kind, str(x.iso3), str(y.iso3))


def distance(kind: str, first: str, second: str) -> float:
    """The distance of two languages (ISO 639-3), 0 to 1.

    Raises:
        NoValueError: a language is not in the table, or they have too few known features in common.
    """
    name, prefix = KINDS[kind]
    table = _table(name)
    for language in (first, second):
        if language not in table.languages:
            raise NoValueError(f"URIEL has no language '{language}'")
    columns = np.char.startswith(table.features, prefix)
    rows = [table.data[table.languages.index(language)][columns] for language in (first, second)]
    u, v = (values.max(axis=1) for values in rows)  # over all sources; -1 only if none knows
    shared = (u != UNKNOWN) & (v != UNKNOWN)
    if shared.sum() < MIN_FEATURES:
        raise NoValueError(
            f"URIEL knows {shared.sum()} {kind} features of both '{first}' and '{second}', "
            f"of at least {MIN_FEATURES}"
        )
    u, v = u[shared].astype(float), v[shared].astype(float)
    lengths = np.linalg.norm(u) * np.linalg.norm(v)
    if not lengths:  # an isolate shares no branch with others
        return float(u.any() != v.any())
    return float(2 * np.arccos(np.clip(u @ v / lengths, -1, 1)) / np.pi)
