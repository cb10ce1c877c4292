r"""What is lost example by example, on targets whose test sets are translations of each other.

A gap of scores hides which examples it is made of: some are right in English alone, others in the
language alone. `lost` is the share of the examples right in English that are wrong in the language
(2505.18673, Cross-Lingual Pitfalls, looks for such examples). Two languages that fail on the same
examples fail for a common reason: Cohen's kappa of their errors,

$$\kappa = \frac{p_o - p_e}{1 - p_e}$$

with $p_o$ the share of examples on which both are right or both wrong, and $p_e$ what it would be
if their errors were independent. Runs that diverged or did not learn their target are left out:
they give every language the same answers. Languages of one family that fail alike are no
independent evidence, which the family effect of the default model is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.degradation.learnt import RUN
from xstilts.evaluation.cells import PREDICTIONS_FILE
from xstilts.evaluation.metrics import PREDICTIONS
from xstilts.io.tables import read_table, schema
from xstilts.languages import ENGLISH
from xstilts.tasks import tasks

Row = dict[str, Any]
RIGHT = ("correct", "exact_match", "reciprocal_rank")  # statistics that are 1 where it is right
DRAWS = 999  # permutations of the languages' families

AGREEMENT = schema(
    ("model", pa.string(), "Encoder."),
    ("axis", pa.string(), "What is compared: language or intermediate."),
    ("target", pa.string(), "Evaluated task."),
    ("one", pa.string(), "A language or an intermediate."),
    ("other", pa.string(), "Another."),
    ("kappa", pa.float64(), "Cohen's kappa of their errors, mean over runs (and languages)."),
    ("examples", pa.int32(), "Examples that both answered, mean over runs."),
)


def by_example(scores: Iterable[str], counted: pd.DataFrame) -> tuple[pd.DataFrame, list[Row]]:
    """`lost_shares` and `agreement_of` of every target, one after the other: few fit into memory.

    Args:
        scores: score files in their hive folders.
        counted: model, intermediate, target and seed of the runs whose errors are compared.
    """
    by_target: dict[str, list[str]] = {}
    for path in scores:
        by_target.setdefault(_folders(Path(path))["target"], []).append(path)
    lost, pairs = [], list[Row]()
    for paths in by_target.values():
        right = examples_right(paths)
        lost.append(lost_shares(right))
        pairs += agreement_of(right.merge(counted[RUN].drop_duplicates(), on=RUN))
    return pd.concat(lost), pairs


def examples_right(scores: Iterable[str]) -> pd.DataFrame:
    """One row per example that was answered, of targets whose examples are shared by languages.

    Columns: model, intermediate, target, seed, language, `id`, `right` (whether it is right).

    Args:
        scores: score files in their hive folders; predictions lie beside them, or are left out.
    """
    columns = [*RUN, "language", "id", "right"]
    found = [rows for path in scores for rows in _answered(Path(path))]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def _answered(score: Path) -> Iterator[pd.DataFrame]:
    folders = _folders(score)
    file = score.with_name(PREDICTIONS_FILE)
    if not tasks()[folders["target"]].shared_examples or not file.is_file():
        return
    table = read_table(file, PREDICTIONS)
    for name in RIGHT:
        values = pc.map_lookup(table["statistics"], name, "first")
        if values.null_count < len(values):
            keys = {**folders, "seed": int(folders["seed"])}
            right = values.to_numpy() == 1
            yield pd.DataFrame({**keys, "id": table["id"].to_pandas(), "right": right})


def _folders(score: Path) -> dict[str, str]:
    return dict(part.split("=", 1) for part in score.parts if "=" in part)


def lost_shares(right: pd.DataFrame) -> pd.DataFrame:
    """`lost`, in percent, of every run and language but English; where English has none right: nan.

    Args:
        right: as `examples_right` gives it.
    """
    english = right[right["language"] == ENGLISH].drop(columns="language")
    both = right[right["language"] != ENGLISH].merge(
        english, on=[*RUN, "id"], suffixes=("", "_english")
    )
    kept = both[both["right_english"].astype(bool)]
    share = 1 - kept.groupby([*RUN, "language"])["right"].mean().astype(float)
    return (100 * share).rename("lost").reset_index()


def agreement_of(right: pd.DataFrame) -> list[Row]:
    """Rows of AGREEMENT: every pair of languages, and every pair of intermediates.

    Args:
        right: as `examples_right` gives it.
    """
    rows = []
    for axis, within in (("language", "intermediate"), ("intermediate", "language")):
        for (model, target), mine in right.groupby(["model", "target"], sort=False):
            tables = [
                run.pivot(index="id", columns=axis, values="right")
                for _, run in mine.groupby([within, "seed"], sort=False)
            ]
            common = {"model": model, "axis": axis, "target": target}
            rows += [{**common, **pair} for pair in _mean_kappas(tables)]
    return rows


def _mean_kappas(tables: list[pd.DataFrame]) -> Iterator[dict[Any, Any]]:
    """Mean kappa of every pair of columns over tables of (examples,) right or wrong answers."""
    found = pd.concat([kappas(table) for table in tables])
    means = found.groupby(["one", "other"], sort=False)[["kappa", "examples"]].mean()
    for row in means.reset_index().to_dict("records"):
        yield {**row, "examples": round(row["examples"])}


def kappas(table: pd.DataFrame) -> pd.DataFrame:
    """`one`, `other`, `kappa`, `examples` of every pair of columns; nan where errors are constant.

    Args:
        table: a row per example; right, wrong, or nan where it was not answered.
    """
    there = table.notna().to_numpy(dtype=float)
    right = np.where(there > 0, table.to_numpy(dtype=float, na_value=0.0), 0.0)
    count, both = there.T @ there, right.T @ right
    first = right.T @ there  # of [i, j]: how many of the common examples i answers right
    with np.errstate(invalid="ignore", divide="ignore"):
        same = (count - first - first.T + 2 * both) / count
        one, other = first / count, first.T / count
        chance = one * other + (1 - one) * (1 - other)
        kappa = (same - chance) / (1 - chance)
    pairs = [*combinations(range(table.shape[1]), 2)]
    return pd.DataFrame(
        [(table.columns[i], table.columns[j], kappa[i, j], count[i, j]) for i, j in pairs],
        columns=["one", "other", "kappa", "examples"],
    )


def pair_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """`one`, `other`, `kappa`: means over targets, of which each is set to the overall mean first.

    Targets have different languages, and differ in kappa for reasons of their own.
    """
    known = pairs.dropna(subset="kappa")
    levels = known.groupby("target")["kappa"].transform("mean")
    levelled = known.assign(kappa=known["kappa"] - levels + known["kappa"].mean())
    return levelled.groupby(["one", "other"])["kappa"].mean().reset_index()


def family_kappas(
    pairs: pd.DataFrame, families: Mapping[str, str]
) -> tuple[float, float, float] | None:
    """Mean kappa of languages of one family and of several, and the p-value of the difference.

    The p-value is of permuted families (Mantel 1967), one-sided.

    Args:
        pairs: `target`, `one`, `other`, `kappa` of languages.
        families: of every language.

    Returns:
        None where no two languages, or all, are of one family.
    """
    means = pair_means(pairs)
    codes = sorted({*means["one"], *means["other"]})
    family = np.array([families[code] for code in codes])
    at = [np.searchsorted(codes, means[name]) for name in ("one", "other")]
    kappa = means["kappa"].to_numpy()

    def both(groups: np.ndarray) -> tuple[float, float]:
        alike = groups[at[0]] == groups[at[1]]
        return float(kappa[alike].mean()), float(kappa[~alike].mean())

    alike = family[at[0]] == family[at[1]]
    if not alike.any() or alike.all():
        return None
    random = np.random.default_rng(0)
    drawn = [both(random.permutation(family)) for _ in range(DRAWS)]
    within, between = both(family)
    p = (1 + sum(one - other >= within - between for one, other in drawn)) / (DRAWS + 1)
    return within, between, p
