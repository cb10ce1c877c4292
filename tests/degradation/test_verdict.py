"""The verdict on a part of similarity is the same wherever one is given."""

from __future__ import annotations

import gc
from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers.gains import HEADLINE, grid

from xstilts.degradation.answer import LEVEL_WORDS
from xstilts.degradation.claims import DOES_NOT, HOLDS, similarity_predicts
from xstilts.degradation.effects import with_multiplicity
from xstilts.degradation.gains import NotTestableError, evidence_of
from xstilts.degradation.verdict import NOT_SHOWN, OTHER_WAY, UNKNOWN, YES, verdict

pytestmark = pytest.mark.usefixtures("no_collection")
MEASURES = (HEADLINE, "mmd", "frechet", "sinkhorn")


@pytest.fixture
def no_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """statsmodels collects garbage at every correction, which takes a tenth of a second."""
    monkeypatch.setattr(gc, "collect", lambda: 0)


@pytest.mark.parametrize(
    ("outcome", "estimate", "p", "converged", "expected"),
    [
        ("gap", -2.0, 0.01, True, YES),
        ("gap", -2.0, 0.05, True, NOT_SHOWN),
        ("gap", 2.0, 0.01, True, OTHER_WAY),
        ("gain", 2.0, 0.01, True, YES),
        ("gap_change", -2.0, 0.01, True, YES),
        ("corrected_gap_change", 2.0, 0.01, True, OTHER_WAY),
        ("gap", 2.0, None, True, UNKNOWN),
        ("gap", 2.0, float("nan"), True, UNKNOWN),
        ("gap", -2.0, 0.01, False, UNKNOWN),
    ],
)
def test_a_verdict_is_about_the_corrected_test(
    outcome: str, estimate: float, p: float | None, converged: bool, expected: str
) -> None:
    row = {"outcome": outcome, "estimate": estimate, "p_family": p, "converged": converged}
    assert verdict(row) == expected


def effects(studies: int) -> pd.DataFrame:
    """Slopes of four measures at three levels: p-values by chance, some without a test."""
    random = np.random.default_rng(1)
    rows = []
    for study, measure, level in product(range(studies), MEASURES, LEVEL_WORDS):
        p = float(random.choice([random.uniform(0, 0.1), random.uniform(), np.nan]))
        sign = float(random.choice([-1.0, 1.0]))
        row = {"model": f"m{study}", "measure": measure, "level": level, "outcome": "gap", "p": p}
        row |= {"estimate": sign, "low": sign - 1, "high": sign + 1}
        rows.append(row | {"converged": bool(random.random() < 0.9)})
    return pd.DataFrame(with_multiplicity(rows))


def test_first_page_and_claims_agree_on_200_studies() -> None:
    """The page prints `verdict`; the claims have words of their own."""
    expected = {YES: HOLDS, OTHER_WAY: HOLDS, NOT_SHOWN: DOES_NOT}
    cells, seen = grid(1.0, "mnli"), set()
    for model, table in effects(200).groupby("model"):
        evidence = evidence_of(str(model), None, cells, table, HEADLINE)
        for row in table[table["measure"] == HEADLINE].to_dict("records"):
            said = verdict(row)
            seen.add(said)
            if said == UNKNOWN:
                with pytest.raises(NotTestableError):
                    similarity_predicts(evidence, row["level"])
                continue
            found = similarity_predicts(evidence, row["level"])
            assert found.verdict == expected[said]
            assert found.why.startswith(f"{said}: ")
    assert seen == {YES, OTHER_WAY, NOT_SHOWN, UNKNOWN}


def test_a_true_null_is_seldom_found_at_any_part() -> None:
    """Without an effect, three independent tests find one in 5% of 2,000 studies (error 0.5)."""
    random = np.random.default_rng(1)
    row = {"model": "m", "outcome": "gap", "estimate": 1.0, "converged": True}
    rows = [
        {**row, "measure": f"study {study}", "p": float(p)}
        for study in range(2000)
        for p in random.uniform(size=3)
    ]
    found = {each["measure"] for each in with_multiplicity(rows) if verdict(each) != NOT_SHOWN}
    assert 0.035 < len(found) / 2000 < 0.065
