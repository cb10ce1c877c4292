"""Mining of translations, by the scripts of BUCC and LASER's margins."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

import numpy as np

from scorer_cases import Case, official

Split = tuple[dict[tuple[str, str], float], list[str]]  # candidate scores, gold pairs


def bucc_split(rng: random.Random, size: int, shift: float) -> Split:
    """Candidate pairs with scores, the correct ones higher on the whole, and golds."""
    scores, gold = {}, []
    for i in range(size):
        right = rng.random() < 0.5
        # Two decimals, so that some scores are equal.
        score = round(rng.gauss(1.1 + shift + (0.08 if right else 0.0), 0.05), 2)
        scores[(f"xx-{i:03d}", f"en-{i:03d}")] = score
        if right:
            gold.append(f"xx-{i:03d}\ten-{i:03d}")
    # The last of the ranking must not be the best cut: it has no next one to average with.
    scores[("xx-900", "en-901")] = 0.5
    gold += ["xx-950\ten-950", "xx-951\ten-951"]  # never among the candidates
    return scores, gold


def bucc_case(dev: Split, test: Split) -> Case:
    code, driver = official("third_party.utils_retrieve"), official("evaluate")
    threshold = code.bucc_optimize(dev[0], set(dev[1]))
    case: Case = {"threshold": threshold}
    for name, (scores, gold) in (("dev", dev), ("test", test)):
        pairs = code.bucc_extract(scores, threshold, None)
        case[name] = {
            "candidates": [[*pair, score] for pair, score in scores.items()],
            "gold": gold,
            "extracted": pairs,
        } | driver.bucc_f1(gold, pairs)
    return case


def bucc_reading(folder: Path) -> Case:
    """Which candidates stay once sentences that occur twice in a file are left out."""
    code = official("third_party.utils_retrieve")
    sides = {
        "source": [["xx-1", "eins"], ["xx-2", "zwei"], ["xx-3", "eins"], ["xx-4", " vier "]],
        "target": [["en-1", "one"], ["en-2", "two"], ["en-3", "four"], ["en-4", "two"]],
    }
    for side, rows in sides.items():
        (folder / f"{side}.id").write_text("".join(f"{i}\n" for i, _ in rows), encoding="utf-8")
        (folder / f"{side}.txt").write_text("".join(f"{s}\n" for _, s in rows), encoding="utf-8")
    candidates = [
        [1.3, "eins", "one"],
        [1.2, "zwei", "one"],
        [1.25, "zwei", "one"],
        [1.1, "zwei", "two"],
        [1.05, "vier", "four"],
        [1.01, "fünf", "four"],
    ]
    (folder / "candidates").write_text(
        "".join(f"{s}\t{a}\t{b}\n" for s, a, b in candidates), encoding="utf-8"
    )
    files = [str(folder / n) for n in ("source.txt", "target.txt", "source.id", "target.id")]
    with contextlib.redirect_stdout(sys.stderr):
        kept = code.read_candidate2score(str(folder / "candidates"), *files)
    return sides | {"candidates": candidates, "kept": [[*pair, s] for pair, s in kept.items()]}


def margin_case(folder: Path, seed: int, sizes: tuple[int, int], dimensions: int) -> Case:
    """Mine pairs of unit vectors by ratio margin, k = 4, both directions."""
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(sizes[0], dimensions)) + 0.6
    target = rng.normal(size=(sizes[1], dimensions)) + 0.6
    near = min(sizes) // 2  # these are translations of each other
    target[:near] = source[:near] + 0.5 * rng.normal(size=(near, dimensions))
    vectors = [np.round(v / np.linalg.norm(v, axis=1, keepdims=True), 4) for v in (source, target)]
    for name, count in zip("st", sizes, strict=True):
        (folder / name).write_text("".join(f"{name}{i}\n" for i in range(count)), encoding="utf-8")
    files = [str(folder / name) for name in ("s", "t", "mined")]
    copies = [np.ascontiguousarray(v, dtype=np.float32) for v in vectors]
    with contextlib.redirect_stdout(sys.stderr):
        official("third_party.utils_retrieve").mine_bitext(*copies, *files, dist="cosine")
    rows = [
        line.split("\t") for line in (folder / "mined").read_text(encoding="utf-8").splitlines()
    ]
    return {
        "source": vectors[0].tolist(),
        "target": vectors[1].tolist(),
        "mined": [[int(a[1:]), int(b[1:]), float(score)] for score, a, b in rows],
    }


def bucc(folder: Path) -> Case:
    rng = random.Random(2018)
    cases = [
        bucc_case(bucc_split(rng, 30, 0.0), bucc_split(rng, 40, shift))
        for shift in (0.0, 0.05, -0.05)
    ]
    pair = ("xx-1", "en-1")
    tied = {pair: 1.2, ("xx-2", "en-2"): 1.2, ("xx-3", "en-3"): 1.0}
    cases.append(bucc_case((tied, ["xx-1\ten-1"]), (tied, ["xx-1\ten-1", "xx-3\ten-3"])))
    wrong = {pair: 1.2, ("xx-2", "en-2"): 1.1}
    cases.append(bucc_case((wrong, ["xx-9\ten-9"]), (tied, ["xx-3\ten-3"])))
    margin = [
        margin_case(folder, 1, (12, 10), 8),
        margin_case(folder, 2, (6, 3), 5),
        margin_case(folder, 3, (9, 14), 6),
    ]
    return {"thresholds": cases, "reading": bucc_reading(folder), "margin": margin}
