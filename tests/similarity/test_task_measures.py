"""Measures of tasks: known answers of LogME, the H-score and TaskEmb."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.study import Study
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from xstilts.checkpoint.network import load
from xstilts.data.encode import Encoded
from xstilts.encoder.packed_batch import Batch
from xstilts.kinds import kind_of
from xstilts.similarity.fisher import EXAMPLES
from xstilts.similarity.inputs import _features
from xstilts.similarity.measures.h_score import h_score
from xstilts.similarity.measures.logme import logme
from xstilts.similarity.measures.task_embedding import task_embedding
from xstilts.similarity.vector_table import VectorTable


def labelled(n: int, width: int, classes: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Normal features, each class moved along an axis of its own."""
    labels = np.arange(n) % classes
    features = np.random.default_rng(0).normal(size=(n, width))
    features[:, :classes] += apart * np.eye(classes)[labels]
    return features, labels


def evidence(features: np.ndarray, indicator: np.ndarray) -> float:
    """Greatest log density of y ~ N(0, I / beta + F F' / alpha) over both precisions, over n."""
    gram, identity = features @ features.T, np.eye(len(indicator))

    def negative(logs: np.ndarray) -> float:
        covariance = np.exp(-logs[1]) * identity + np.exp(-logs[0]) * gram
        return -float(multivariate_normal.logpdf(indicator, cov=covariance))

    starts = [np.array(start) for start in ((0.0, 0.0), (3.0, 1.0), (6.0, 1.0))]
    found = [minimize(negative, start, method="Nelder-Mead", tol=1e-8).fun for start in starts]
    return -min(found) / len(indicator)


@pytest.mark.parametrize(("n", "width"), [(60, 6), (30, 50)])
def test_logme_is_the_greatest_evidence_of_a_linear_model(n: int, width: int) -> None:
    features, labels = labelled(n, width, 3, 1.5)
    wanted = [evidence(features, (labels == label).astype(float)) for label in range(3)]
    assert logme(features, labels) == pytest.approx(np.mean(wanted), abs=1e-4)


def test_logme_and_the_h_score_are_those_of_transformer_ranker() -> None:
    # transformer-ranker 0.2.0, estimators LogME (max_iter=1000, tol=1e-9) and HScore on the same
    # features; its H-score divides the covariance of the means by n - 1 and that of all by n. With
    # more axes than examples its LogME leaves out a term, so that case is above.
    features, labels = labelled(120, 8, 3, 1.0)
    assert logme(features, labels) == pytest.approx(-0.7850474535747084, abs=1e-6)
    assert h_score(features, labels) * 120 / 119 == pytest.approx(0.04038692849116535, abs=1e-7)
    features, labels = labelled(60, 100, 4, 2.0)
    assert h_score(features, labels) * 60 / 59 == pytest.approx(0.3896524767921151, abs=1e-6)


def test_the_h_score_of_classes_that_are_points_is_near_their_number_less_one() -> None:
    # Without spread within classes the two covariances are the same, and tr(S^-1 S) is the rank, 2;
    # shrinkage takes little of it.
    labels = np.repeat([0, 1, 2], 2000)
    features = np.eye(3)[labels][:, :2] * [2.0, 2.0]
    assert h_score(features, labels) == pytest.approx(2.0, abs=0.02)


def test_task_embedding_by_hand() -> None:
    assert task_embedding(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])) == pytest.approx(24 / 25)


@pytest.mark.xdist_group("workflow")
def test_dev_features_are_the_encoders_own(
    finished: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.folder)
    root = finished.folder / "results/tiny"
    features, classes = _features(root / "features/model=nano/intermediate=mnli/features.parquet")[
        "mnli"
    ]
    part = Encoded(root / "encoded/part=train/model=nano/task=mnli/manifest.json")
    examples = part.examples("en", "dev")
    assert sorted(classes.tolist()) == sorted(example["label"] for example in examples)
    network = load(root / "intermediate/model=nano/intermediate=mnli/seed=1/checkpoint.json")
    rows = part.rows("en", "dev")
    with torch.inference_mode():
        first = network.encoder.eval()(Batch(rows, np.array([0]), torch.device("cpu")), "first")
    nearest = np.abs(features - first.numpy()).max(axis=1)
    assert nearest.min() < 1e-4
    assert classes[nearest.argmin()] == examples[0]["label"]


@pytest.mark.xdist_group("workflow")
def test_a_fisher_diagonal_is_the_mean_squared_gradient(
    finished: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.folder)
    root = finished.folder / "results/tiny"
    place = "model=nano/intermediate=mnli"
    ((_, stored),) = VectorTable(root / f"fisher/{place}/training_set=none/fisher.parquet").read()
    network = load(root / f"intermediate/{place}/seed=1/checkpoint.json")
    part = Encoded(root / "encoded/part=train/model=nano/task=mnli/manifest.json")
    rows = part.rows("en", "train")
    weight: Any = network.encoder.model.embeddings.LayerNorm.weight
    chosen = np.linspace(0, len(rows) - 1, EXAMPLES).round().astype(int)
    total = torch.zeros_like(weight)
    for at in chosen:
        batch = Batch(rows, np.array([at]), torch.device("cpu"))
        loss = (
            kind_of(part.task)
            .loss(network.heads["mnli"].eval(), network.encoder.eval(), batch)
            .mean()
        )
        total += torch.autograd.grad(loss, weight)[0].square()
    expected = (total / len(chosen)).numpy()
    # Where these neurons stand among all: after the embeddings that come before them.
    names = [name for name, _ in network.encoder.named_parameters() if "word_emb" not in name]
    sizes = [len(each) for name, each in network.encoder.named_parameters() if name in set(names)]
    start = sum(sizes[: names.index("model.embeddings.LayerNorm.weight")])
    np.testing.assert_allclose(stored[0, start : start + len(weight)], expected, rtol=1e-3)
