"""The benchmark compares like with like: the same learning, for less time; its output is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.study import ROOT

from benchmarks import calibration, cpu_parts, hub, recovery, workload
from benchmarks.ours import Ours
from benchmarks.peers import Peer
from benchmarks.truths import TRUTHS
from benchmarks.workload import WORKLOADS, Workload, records
from xstilts.degradation.parts import PARTS
from xstilts.encoder import packed_attention
from xstilts.encoder.model import load_tokenizer
from xstilts.kinds import tagging
from xstilts.tasks import UPOS, tasks
from xstilts.training import loop
from xstilts.world import World
from xstilts.world.examples import examples
from xstilts.world.planted_encoder import write_nano

pytestmark = pytest.mark.slow


def without_dropout(folder: Path) -> None:
    """Write the world's model with its dropout switched off."""
    write_nano(World(), folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    changed = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps({**config, **changed}), encoding="utf-8")


def test_the_loss_falls_as_it_does_for_the_trainer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same data, batches, head and rates: what differs is padding alone."""
    without_dropout(tmp_path)
    task, tokenizer = tasks()["udpos"], load_tokenizer(tmp_path)
    rows = tagging.KIND.encode(
        examples(World(train=400), "udpos", "en", "train"), tokenizer, task, list(UPOS)
    )
    work = Workload(task="udpos", kind="tagging", batch_size=16, fixed=128, rate=3e-3)
    monkeypatch.setattr(
        loop,
        "batch_of",
        lambda size, many, number, seed: np.arange(number * many, (number + 1) * many),
    )
    torch.manual_seed(0)
    ours, peer = Ours(tmp_path, work, rows, "fp32"), Peer(tmp_path, work, rows, "fp32", "longest")
    own: Any = ours.network.heads["udpos"]
    own[0].p = 0.0
    peer.model.dropout.p = 0.0
    peer.model.classifier.load_state_dict(own[1].state_dict())
    one, two = np.array(ours.train()[1]), np.array(peer.train()[1])
    assert len(one) == len(two) == 25
    assert one[-1] < one[0] / 4
    assert np.abs(one - two).max() < 1e-4


@pytest.mark.parametrize("name", WORKLOADS)
def test_examples_are_as_long_as_the_tasks_are(name: str) -> None:
    sizes = [len(record["sequences"][0]) for record in records(name, batches=10)]
    assert np.mean(sizes) == pytest.approx(workload.LENGTHS[name]["mean"], rel=0.05)
    assert max(sizes) <= WORKLOADS[name].fixed


def test_operations_are_counted_as_by_hand() -> None:
    """A layer of width 1,024: 12.6 million weights, two operations each; attention 4 n^2 width."""
    tokens, pairs = 3 + 5, 3**2 + 5**2
    expected = 24 * (2 * 12 * 1024**2 * tokens + 4 * 1024 * pairs)
    assert workload.flops("xlm-r-large", [3, 5]) == expected


def test_the_command_prints_ratios_as_json(tmp_path: Path) -> None:
    monkey = (
        "import benchmarks.workload as w, sys; w.SHAPES['quick'] = (1, 32, 2, 32); "
        "w.VOCABULARY, w.IN_USE = 500, 100; sys.argv = ['x', '--json', '--quick', "
        "'--lengths', 'udpos']; from benchmarks.training import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", monkey], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = json.loads(result.stdout)
    assert {"all_words", "fixed", "trainer"} <= set(found["ratios"]["udpos"])
    assert set(found["inference_ratios"]["udpos"]) == {"fixed", "trainer", "trainer_sorted"}
    assert len(found["training"]["udpos"]["seconds"]["ours"]) == 3


def test_what_is_written_for_cpus_trains_as_what_it_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dropout, whose draws differ, every loss is the same."""
    monkeypatch.setattr(packed_attention, "grouped_attention", packed_attention.grouped_attention)
    monkeypatch.setattr(packed_attention, "dropout_mask", packed_attention.dropout_mask)
    without_dropout(tmp_path)
    tagged = examples(World(train=64), "udpos", "en", "train")
    tokenizer = load_tokenizer(tmp_path)
    rows = tagging.KIND.encode(tagged, tokenizer, tasks()["udpos"], list(UPOS))
    work = Workload(task="udpos", kind="tagging", batch_size=16, fixed=128, rate=3e-3)
    losses = [make(tmp_path, work, rows, "fp32").train()[1] for make in cpu_parts.SIDES.values()]
    np.testing.assert_allclose(losses, [losses[0]] * 4, rtol=1e-4)


def test_calibration_counts_intervals_and_rejections_of_every_truth(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    for name in TRUTHS:
        calibration.simulate("small", name, 1, kept)
    once = calibration.read_kept(kept)
    assert set(once["truth"]) == {*TRUTHS} and set(once["part"]) == set(PARTS)
    several = once.groupby("truth")["method"].nunique() > 1
    assert {*several[several].index} == {"the guessed spreads", "error in similarity"}
    calibration.simulate("small", "the guessed spreads", 2, kept)  # goes on with the second
    rows = calibration.read_kept(kept)
    assert len(rows) == len(once) + (once["truth"] == "the guessed spreads").sum()
    for row in calibration.summary(rows):
        assert row["covers"] in (0.0, 0.5, 1.0, None) and row["draws"] <= 2


def test_a_share_has_its_monte_carlo_error() -> None:
    rows = [
        {"shape": "s", "truth": "t", "method": "m", "part": "p", "covers": hit, "rejects": 1 - hit}
        for hit in (1.0, 1.0, 1.0, 0.0)
    ]
    (row,) = calibration.summary(pd.DataFrame(rows).assign(width=2.0))
    # By hand: 3 of 4, and the root of 3/4 x 1/4 / 4.
    assert (row["covers"], row["rejects"], row["draws"]) == (0.75, 0.25, 4)
    assert row["covers_error"] == row["rejects_error"] == pytest.approx(0.2165, abs=1e-4)


def test_calibration_has_the_studys_shape() -> None:
    shape = calibration.grid_size("study")
    assert "tatoeba" not in shape.languages and "xcopa" not in shape.languages  # no English there
    assert len(shape.languages["wikiann"]) == 47 and "en" not in shape.languages["wikiann"]
    assert (len(shape.intermediates), shape.seeds) == (11, [1, 2, 3])


def test_recovery_counts_intervals_that_hold_the_truth() -> None:
    common = {"measure": "m", "effect": 1.0, "level": "within", "truth": -2.0}
    intervals = [(-3.0, -1.0), (-1.5, 1.0), (-3.0, 1.0)]
    rows = [
        {**common, "seed": at, "low": low, "high": high} for at, (low, high) in enumerate(intervals)
    ]
    (found,) = recovery.summary(pd.DataFrame(rows))
    assert (found["worlds"], found["holds"], found["found"]) == (3, 2, 1)


@pytest.mark.parametrize("name", ["anli", "wikiann", "bucc", "mewslix"])  # MNLI is part of ANLI's
def test_sets_of_the_hub_are_made_up_fetched_and_encoded(
    tmp_path: Path, nano_folder: Path, name: str
) -> None:
    """At a thousandth of their size; two rows per language where that is less."""
    found = hub.run_set(name, 0.001, nano_folder)
    wanted = {
        "anli": 16 + 45 + 100 + 550 + 392 + 2 + 2 + 2 + 10 + 9,
        "wikiann": sum(max(2, count // 1000) for count in hub.sizes_of("wikiann", "test").values()),
        "bucc": 413 + 399 + 32 + 40,
        "mewslix": 1003 + 11 * 2,
    }
    assert found["rows"] == wanted[name]
    assert found["fetch"]["mib"] > 0 and found["encode"]["seconds"] > 0
    assert found["disk_mib"].keys() == {"data", "encoded", "hub_cache"}


@pytest.fixture(scope="module")
def nano_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return folder
