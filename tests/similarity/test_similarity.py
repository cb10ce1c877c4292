"""Similarity measures: one contract for all; their tables; what they recover in the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.study import Study
from scipy import stats

from xstilts.grid import _parallel_languages
from xstilts.io.tables import read_table
from xstilts.languages import language_facts, languages
from xstilts.report.measure_agreement import agreement
from xstilts.similarity.inputs import INPUTS, mixed
from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Measure
from xstilts.similarity.measures import measures
from xstilts.similarity.subword_counts import Subwords
from xstilts.similarity.table import SIMILARITY, measure_similarity, read_similarity
from xstilts.similarity.text_set import Texts, bootstrap
from xstilts.similarity.token_sets import NearestOwners
from xstilts.similarity.vector_table import VectorTable, write_vectors
from xstilts.tasks import tasks

RESAMPLES = 5
WIDTH = 8
Side = Any


def texts(centre: float, count: int, seed: int) -> Texts:
    """Texts about a unit apart, as the coordinates of a study are."""
    vectors = np.random.default_rng(seed).normal(centre, 1, (count, WIDTH)) / 4
    return Texts.of(vectors, 4, RESAMPLES, seed)


def subwords(first: int, seed: int) -> Subwords:
    random = np.random.default_rng(seed)
    found = [random.integers(first, first + 20, size=8) for _ in range(30)]
    return Subwords.of(found, np.full(30, 4), "Latin", RESAMPLES, seed)


def sentences(noise: float) -> tuple[Texts, Texts]:
    random = np.random.default_rng(0)
    english = random.normal(size=(40, WIDTH))
    other = english + noise * random.normal(size=(40, WIDTH))
    return Texts.of(english, 0, RESAMPLES, 0), Texts.of(other, 0, RESAMPLES, 0)


def owned(owners: list[int]) -> NearestOwners:
    """Texts whose four tokens are nearest to those of these of two tasks."""
    weights = bootstrap(20, RESAMPLES, 0)
    return NearestOwners(owners=np.tile(owners, (20, 1)), tasks=2, weights=weights)


def labelled(apart: float) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat([0, 1, 2], 40)
    random = np.random.default_rng(0)
    noise = random.normal(size=(120, WIDTH))
    return noise + apart * np.eye(3, WIDTH)[labels], labels


ENGLISH = Known(code="en", name="English", script="Latin", iso3="eng", gigabytes=300.8)
THAI = Known(code="th", name="Thai", script="Thai", iso3="tha", gigabytes=0.0)
MNLI, SQUAD = [tasks()["mnli"]], [tasks()["squad1"]]

# what a measure reads -> sides that are as similar as can be, and sides that are not
SIDES: dict[str, tuple[tuple[Side, Side], tuple[Side, Side]]] = {
    "texts": ((texts(1, 80, 0), texts(1, 80, 0)), (texts(1, 80, 0), texts(-2, 60, 1))),
    "subwords": ((subwords(0, 0), subwords(0, 0)), (subwords(0, 0), subwords(15, 1))),
    "tokens": (([0], owned([0, 0, 0, 1])), ([0], owned([1, 1, 0, 1]))),
    "parallel": (sentences(0), sentences(2)),
    "languages": ((ENGLISH, ENGLISH), (ENGLISH, THAI)),
    "tasks": ((MNLI, MNLI), (MNLI, SQUAD)),
    "features": (labelled(5), labelled(0)),
    "fisher": ((np.ones((1, 5)), np.ones((1, 5))), (np.eye(1, 5), 1 - np.eye(1, 5))),
}


def values(measure: Measure, sides: tuple[Side, Side]) -> np.ndarray:
    x, y = (measure.describe(side) if measure.describe else side for side in sides)
    return np.atleast_1d(np.asarray(measure.compute(x, y), dtype=float))


every_measure = pytest.mark.parametrize("name", measures())


def test_there_are_sides_for_all_that_measures_read() -> None:
    assert set(SIDES) == set(INPUTS) == {measure.reads for measure in measures().values()}


@every_measure
def test_a_measure_declares_what_it_is(name: str) -> None:
    measure = measures()[name]
    assert measure.title
    assert measure.cost
    assert measure.reference
    assert measure.missing
    assert measure.limits[0] < measure.limits[1]
    assert measure.level in ("cell", "task", "language")


@every_measure
def test_like_sides_are_more_similar_than_unlike_ones_and_values_within_limits(name: str) -> None:
    measure = measures()[name]
    like, unlike = (values(measure, sides) for sides in SIDES[measure.reads])
    if name != "fertility":  # both sides have eight subwords a text and four words
        assert measure.sign * like[0] > measure.sign * unlike[0]
    least, most = measure.limits
    for found in (like, unlike):
        assert (found >= least - 1e-9).all()
        assert (found <= most + 1e-9).all()


@every_measure
def test_a_measure_is_deterministic_and_symmetric_where_it_says_so(name: str) -> None:
    measure = measures()[name]
    sides = SIDES[measure.reads][1]
    found = values(measure, sides)
    np.testing.assert_array_equal(found, values(measure, sides))
    if measure.symmetric:
        np.testing.assert_allclose(found, values(measure, sides[::-1]), rtol=1e-6, atol=1e-9)


def changed(side: Side, by: np.ndarray) -> Side:
    if isinstance(side, Texts):
        return Texts.of(side.vectors @ by, side.themes.shape[1], RESAMPLES, side.seed)
    return side @ by if side.ndim == 2 else side  # not the classes of features


@pytest.mark.parametrize(
    ("name", "change"),
    [(name, change) for name, measure in measures().items() for change in measure.invariant],
)
def test_a_measure_is_invariant_where_it_says_so(name: str, change: str) -> None:
    measure = measures()[name]
    sides = SIDES[measure.reads][1]
    width = sides[0].vectors.shape[1] if isinstance(sides[0], Texts) else sides[0].shape[1]
    changes = {
        "scale": 3.0 * np.eye(width),
        "rotation": stats.ortho_group.rvs(width, random_state=0),
    }
    turned = tuple(changed(side, changes[change]) for side in sides)
    np.testing.assert_allclose(values(measure, turned), values(measure, sides), rtol=1e-6)


@pytest.mark.parametrize(
    "name", [name for name, measure in measures().items() if measure.reads == "texts"]
)
def test_few_texts_or_texts_that_are_all_alike_give_numbers(name: str) -> None:
    measure = measures()[name]
    alike = Texts.of(np.full((12, 64), 3.3, dtype=np.float32), 4, RESAMPLES, 0)
    single = Texts.of(texts(1, 10, 1).vectors.repeat(8, axis=1).astype(np.float32), 4, RESAMPLES, 1)
    for sides in ((texts(0, 10, 0), texts(1, 10, 1)), (alike, single), (alike, alike)):
        found = values(measure, sides)
        assert found.shape == (1 + RESAMPLES,)
        assert np.isfinite(found).all()
        if measure.test:
            x, y = (measure.describe(side) if measure.describe else side for side in sides)
            assert 0 < measure.test(x, y) <= 1


def test_several_tasks_mix_in_equal_shares() -> None:
    parts = [np.zeros(100), np.ones(20)]
    assert [len(rows) for rows in mixed(parts)] == [50, 20]
    assert [len(rows) for rows in mixed(parts[:1])] == [100]


def measured(tmp_path: Any, measure: str, files: Any, **changes: Any) -> pd.DataFrame:
    known = {"en": vars(ENGLISH), "th": vars(THAI)}
    asked = {"languages": {"xnli": ["en", "th"], "tatoeba": ["th"]}, "known": known, **changes}
    output = tmp_path / f"{measure}.parquet"
    measure_similarity(
        measure=measure,
        model="any",
        intermediates=["mnli"],
        targets=list(asked["languages"]),
        resamples=3,
        files=files,
        table=str(output),
        **asked,
    )
    return read_table(output, SIMILARITY).to_pandas().set_index(["target", "language"])


def test_a_missing_value_says_why_and_others_do_not(tmp_path: Any) -> None:
    table = measured(tmp_path, "same_data", None)
    assert table.loc[("xnli", "th"), "value"] == 1.0
    assert table.loc[("xnli", "th"), "reason"] == ""
    assert np.isnan(table.loc[("tatoeba", "th"), "value"])
    assert table.loc[("tatoeba", "th"), "reason"] == "tatoeba trains on nothing"


def test_without_parallel_text_alignment_is_missing(tmp_path: Any) -> None:
    table = measured(tmp_path, "margin", None)
    assert table["value"].isna().all()
    assert table.loc[("xnli", "th"), "reason"] == "no parallel text in Thai"
    assert table.loc[("xnli", "en"), "reason"] == "English is not translated into itself"


def test_invented_languages_have_no_distance(tmp_path: Any) -> None:
    invented = {"en": vars(ENGLISH), "th": {**vars(THAI), "iso3": None, "gigabytes": None}}
    for name in ("uriel_syntactic", "pretraining_size", "seen_in_pretraining"):
        table = measured(tmp_path, name, None, known=invented)
        assert np.isnan(table.loc[("xnli", "th"), "value"])
        assert table.loc[("xnli", "th"), "reason"]


def test_a_set_that_squad_holds_is_the_same_data_before_and_after() -> None:
    measure, known = measures()["same_data"], tasks()
    chains: Mapping[str, list[str]] = {"xquad": ["squad1"], "lareqa": ["squad_retrieval"]}
    for chain in chains.values():
        trained = [known[name] for name in chain]
        assert measure.compute([known["squad1"]], trained) == 1.0
        assert measure.compute([known["squad2"]], trained) == 1.0
        assert measure.compute([known["qqp"], known["squad1"]], trained) == 0.5
    assert measure.compute([known["anli"]], [known["mnli"]]) == 1.0  # ANLI+ holds MNLI


def test_models_are_not_pooled_where_measures_are_compared() -> None:
    # In each model the two measures run against each other; between models both are higher.
    rows = [
        {
            "model": model,
            "layer": np.nan,
            "is_default": True,
            "intermediate": "mnli",
            "target": "xnli",
            "language": language,
            "measure": measure,
            "similarity": level + sign * at,
        }
        for model, level in (("base", 0.0), ("large", 9.0))
        for at, language in enumerate(("de", "fr", "sw", "th"))
        for measure, sign in (("mmd", 1.0), ("frechet", -1.0))
    ]
    table = agreement(pd.DataFrame(rows))
    assert set(table["model"]) == {"base", "large"}
    across = table[table["measure"] != table["other"]]
    np.testing.assert_allclose(across["spearman"], -1.0)
    assert set(table["cells"]) == {4}


def test_a_measure_is_compared_with_itself_at_the_models_own_layer() -> None:
    # Layer 2 is the model's own; at layer 1 mmd turns round. theme_overlap reads no layers here.
    rows = [
        {
            "model": "base",
            "layer": layer,
            "is_default": layer != 1,
            "intermediate": "mnli",
            "target": "xnli",
            "language": language,
            "measure": measure,
            "similarity": sign * at,
        }
        for at, language in enumerate(("de", "fr", "sw", "th"))
        for measure, layer, sign in (("mmd", 1, -1), ("mmd", 2, 1), ("theme_overlap", None, 1))
    ]
    table = agreement(pd.DataFrame(rows)).sort_values(["measure", "other"])
    keys = ["layer", "other_layer", "is_default", "measure", "other", "spearman"]
    pairs = [("mmd", "mmd"), ("mmd", "theme_overlap"), ("theme_overlap", "mmd")]
    pairs += [("theme_overlap", "theme_overlap")]
    at_own = [(2, 2, True, *pair, 1.0) for pair in pairs]
    at_other = [(1, 1, False, *pair, 1.0 if len({*pair}) == 1 else -1.0) for pair in pairs]
    found = [tuple(row) for row in table[keys].itertuples(index=False)]
    assert sorted(found) == sorted([*at_own, *at_other, (1, 2, False, "mmd", "mmd", -1.0)])


def test_a_table_without_vectors_can_be_read(tmp_path: Any) -> None:
    write_vectors(tmp_path / "none.parquet", [])
    assert VectorTable(tmp_path / "none.parquet").read() == []


def test_parallel_text_is_asked_for_where_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = dict(languages())
    rows["th"] = replace(rows["th"], flores="")
    monkeypatch.setattr("xstilts.grid.languages", lambda: rows)
    config = {"data": {}, "similarity": {"parallel": "flores"}}
    chosen = {"xnli": ["en", "de", "th"]}
    assert _parallel_languages(config, chosen) == ["de"]


def test_sizes_of_pretraining_text_are_those_of_the_models_own() -> None:
    assert language_facts(["de"], "cc100")["de"]["gigabytes"] == 66.6
    assert language_facts(["de"], None)["de"]["gigabytes"] is None


@pytest.mark.xdist_group("workflow")
def test_every_table_of_a_study_has_a_value_or_a_reason(finished: Study) -> None:
    paths = sorted((finished.folder / "results/tiny/similarity").glob("*/*/similarity.parquet"))
    table = read_similarity([str(path) for path in paths])
    assert set(table["intermediate"]) == {"mnli"}
    assert (table["value"].isna() == (table["reason"] != "")).all()
    of_texts = table[table["measure"].isin(["theme_overlap", "mmd", "jensen_shannon"])]
    assert (of_texts["se"] >= 0).all()
    assert table.loc[table["measure"] == "mmd", "p"].between(0, 1).all()
    layers = table[table["measure"] == "mmd"].groupby("layer")["is_default"].first()
    assert layers.to_dict() == {0: False, 1: True, 2: False}
    genetic = table[table["measure"] == "uriel_genetic"].groupby("language")["reason"].first()
    invented = "no ISO 639-3 code in the table of languages"
    assert genetic.to_dict() == {"en": "", "qa": invented, "qe": invented, "ql": invented}


@pytest.mark.xdist_group("workflow")
def test_vectors_are_read_back_by_language_and_layer(finished: Study) -> None:
    root = finished.folder / "results/tiny/embeddings"
    table = VectorTable(root / "part=test/model=nano/task=udpos/vectors.parquet")
    assert {key["language"]: found.shape for key, found in table.read(layer=1)} == dict.fromkeys(
        ("en", "qa", "qe", "ql"), (20, 64)
    )
