"""The plan: steps and tokens by hand, places and tokens against a study that has run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.study import Study

from benchmarks.rates import fitted
from benchmarks.sizes import measure
from xstilts import cli
from xstilts.checkpoint.curves import CURVE
from xstilts.config import read_config
from xstilts.encoder.size import LARGE
from xstilts.errors import InputError
from xstilts.grid import Grid
from xstilts.io.tables import read_table
from xstilts.models import MODELS, Model
from xstilts.planning import rates
from xstilts.planning.actual import compared
from xstilts.planning.budget import ladder
from xstilts.planning.plan import by_axis, by_stage, disk_bytes, planned, wall_hours
from xstilts.planning.rates import Device, Rate
from xstilts.planning.sizes import Sizes
from xstilts.planning.stages import STAGES
from xstilts.planning.summary import budgeted, summary
from xstilts.planning.work import Planner, Work

PLANNED = {*STAGES} - {  # what takes little, or is measured by nobody
    "fetch_model",
    "fetch_translator",
    "translate_task",
    "sweep_layers",
    "project_texts",
}
RUN = pytest.mark.xdist_group("workflow")


def study(tmp_path: Path, **changes: Any) -> tuple[dict[str, Any], Grid]:
    """The study's config with some keys changed."""
    file = tmp_path / "changes.yaml"
    file.write_text(json.dumps({"allow_unlocked": True, **changes}), encoding="utf-8")
    return read_config(file)


def job(config: dict[str, Any], grid: Grid, place: str) -> Work:
    (found,) = [work for work in Planner(config, grid).jobs() if work.place == place]
    return found


# Of MNLI's 392,702 examples, 45.0 tokens each (planning/sizes.csv), two epochs in batches of 24.
MNLI_STEPS = 2 * 16_363


def test_the_steps_of_a_training_are_its_epochs(tmp_path: Path) -> None:
    work = job(*study(tmp_path), "train_intermediate/xlm-r-large/mnli/1")
    assert work.units == MNLI_STEPS
    assert work.learned == pytest.approx(MNLI_STEPS * 24 * 45.0)
    assert work.read == pytest.approx((MNLI_STEPS // 1000 + 1) * 500 * 44.3)  # looks at dev data


def test_texts_beside_the_tasks_double_the_steps(tmp_path: Path) -> None:
    config, grid = study(tmp_path, intermediates=["mnli-mlm"])
    work = job(config, grid, "train_intermediate/xlm-r-large/mnli-mlm/1")
    assert work.units == 2 * MNLI_STEPS
    assert work.learned == pytest.approx(MNLI_STEPS * 24 * (45.0 + 225.0))


def test_translated_data_are_as_large_in_every_language(tmp_path: Path) -> None:
    translation = {"data": {"mnli": {"path": "x-{language}.tsv", "format": "tsv"}}}
    config, grid = study(tmp_path, intermediates=["mnli-mt"], translation=translation)
    work = job(config, grid, "train_intermediate/xlm-r-large/mnli-mt/1")
    assert work.units == 2 * 49_088  # 3 x 392,702 / 24


def test_of_several_tasks_large_ones_are_capped(tmp_path: Path) -> None:
    """Epochs times batches, by hand; ANLI+, MNLI and QQP count as 2^17 examples, 5,462 batches."""
    config, grid = study(tmp_path, intermediates=["multi"])
    work = job(config, grid, "train_intermediate/xlm-r-large/multi/1")
    large = 2 * 5_462 + 2 * 5_462 + 3 * 5_462
    # CCG, CommonsenseQA, Cosmos QA, HellaSwag, SQuAD 1.1, SQuAD 2.0
    small = 15 * 1_651 + 10 * 2_436 + 15 * 6_316 + 7 * 1_663 + 3 * 10_950 + 3 * 16_290
    assert work.units == large + small


def test_chains_are_trained_one_after_the_other(tmp_path: Path) -> None:
    config, grid = study(tmp_path, training={"max_steps": 70})
    work = job(config, grid, "finetune_target/xlm-r-large/none/siqa+copa/2")
    assert work.units == 140


def test_a_cut_of_the_examples_is_heeded(tmp_path: Path) -> None:
    config, grid = study(tmp_path, examples={"test": 100}, targets=["xnli"], languages=["en", "sw"])
    work = job(config, grid, "evaluate_xnli/xlm-r-large/none/1")
    each = [
        Sizes({"size_table": None, "examples": {"test": None}})
        .of("xnli", "test", code, "test")
        .each
        for code in ("en", "sw")
    ]
    assert work.units == 2
    assert work.read == pytest.approx(100 * sum(each))


def test_a_task_without_a_row_is_named() -> None:
    sizes = Sizes({"size_table": None, "examples": {"train": None}})
    with pytest.raises(InputError, match="nothing is known of the size of chunking"):
        sizes.of("chunking", "train", "en", "train")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose rates are easy to add up."""
    body = 12 * 12 * 768**2
    row = Rate(
        model="xlm-r-base", body=body, start=10, unit=2, learned=100, read=1000, source="by hand"
    )
    rows = {rule: [row] for rule in STAGES}
    monkeypatch.setattr(rates, "_rows", lambda: {"abacus": rows, "cpu": rows})


@pytest.mark.usefixtures("table")
def test_a_larger_model_takes_longer_by_its_matrices(tmp_path: Path) -> None:
    work = Work(rule="evaluate", place="", axes={"model": "m"}, units=3, learned=200, read=5000)
    same = Device("abacus", {"m": MODELS["xlm-r-base"]})
    body = {12: 12 * 12 * 768**2, 24: 12 * 24 * 1024**2}  # of base and of large
    assert same.seconds(work) == pytest.approx(10 + 6 + 2 + 5)
    large = Device("abacus", {"m": MODELS["xlm-r-large"]})
    assert large.seconds(work) == pytest.approx(10 + 6 + 7 * body[24] / body[12])


def test_devices_of_the_table_have_every_rule_and_a_source() -> None:
    assert rates.devices() == ["cpu", "h100"]
    for name in rates.devices():
        device = Device(name, {"m": MODELS["xlm-r-base"]})
        for rule in PLANNED:
            rate = device.rate(Work(rule=rule, place="", axes={"model": "m"}))
            assert rate.start >= 0 and rate.source


def test_an_unknown_device_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--device", "h10"]) == 1
    assert "unknown device 'h10'; did you mean 'h100'?" in capsys.readouterr().err


def test_xlm_r_large_has_560_million_weights() -> None:
    """The number of its page; ours leaves out biases, norms and positions."""
    assert LARGE.weights == pytest.approx(560e6, rel=0.01)


def test_disk_is_two_bytes_a_weight_of_what_is_kept(tmp_path: Path) -> None:
    config, grid = study(tmp_path, intermediates=["none", "mnli"], targets=["xnli"], seeds=[1, 2])
    size = 2 * LARGE.weights
    found = disk_bytes(config, grid)
    # Phase two after two seeds; phase three twice as often.
    assert found == {"none": 0, "intermediate": 2 * size, "all": 6 * size, "in progress": 8 * size}


def test_adapters_are_small_and_frozen_words_are_not_kept(tmp_path: Path) -> None:
    row = {"path": "FacebookAI/xlm-roberta-large", "lora": 8}
    grid = dict(models=["xlm-r-large"], targets=["xnli"], intermediates=["none"], seeds=[1])
    config, adapted = study(tmp_path, model_table={"xlm-r-large": row}, **grid)
    # A and B, 1,024 x 8 each, of query and value in 24 layers.
    assert disk_bytes(config, adapted)["all"] == 2 * 24 * 4 * 1024 * 8
    config, frozen = study(tmp_path, training={"freeze_embeddings": True}, **grid)
    assert disk_bytes(config, frozen)["all"] == 2 * LARGE.body


def frame(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    columns = ["stage", "intermediate", "place", "seconds"]
    jobs = pd.DataFrame(rows, columns=columns)
    return jobs.assign(model="m", seed=1, gpu=True, rule="r", target="t", training_set="")


JOBS = frame(
    ("phase two", "mnli", "a", 3600),
    ("phase three", "mnli", "b", 1800),
    ("phase three", "mnli", "c", 5400),
    ("evaluation", "mnli", "d", 1800),
    ("phase three", "none", "e", 3600),
)


def test_hours_add_up_by_stage_and_axis() -> None:
    stages = by_stage(JOBS).set_index("stage")["gpu_hours"]
    assert stages.to_dict() == {"phase two": 1.0, "phase three": 3.0, "evaluation": 0.5}
    axis = by_axis(JOBS, "intermediate").set_index("value")["gpu_hours"]
    assert axis.to_dict() == {"mnli": 3.5, "none": 1.0}


@pytest.mark.parametrize(("workers", "hours"), [(1, 4.5), (2, 3.0), (64, 3.0)])
def test_more_devices_help_until_the_longest_chain(workers: int, hours: float) -> None:
    """Phase two, its longer phase three and its evaluation: 1 + 1.5 + 0.5 hours."""
    assert wall_hours(JOBS, workers) == pytest.approx(hours)


def test_planned_is_compared_with_what_finished_jobs_took(tmp_path: Path) -> None:
    for place, seconds in (("a", 1800), ("b", 1800)):
        (tmp_path / "costs").mkdir(exist_ok=True)
        (tmp_path / f"costs/{place}.tsv").write_text(
            f"s\th:m:s\n{seconds}\t0:30:00\n", encoding="utf-8"
        )
    found = compared(JOBS, tmp_path).set_index("stage")
    assert found.loc["all", ["jobs", "planned", "spent"]].tolist() == [2, 1.5, 1.0]
    assert found["ratio"].to_dict() == {"phase two": 2.0, "phase three": 1.0, "all": 1.5}


def test_a_budget_takes_targets_first_then_intermediates_then_seeds(tmp_path: Path) -> None:
    config, grid = study(tmp_path, seeds=[1, 2])
    jobs = planned(config, grid, "h100")
    steps = ladder(config, jobs, "h100")
    assert steps["gpu_hours"].is_monotonic_increasing
    assert len(steps) == 10 + (8 - 2) + 1
    assert set(steps["added"][:10]) == set(config["targets"])
    assert set(steps["added"][8:10]) == {"xcopa", "tatoeba"}  # no English, no gap
    assert steps["added"].iloc[-1] == "seed 2"
    gains = {**config, "degradation": {**config["degradation"], "outcome": "gain"}}
    assert ladder(gains, jobs, "h100")["added"].iloc[0] == "tatoeba"  # the cheapest
    whole = jobs.loc[jobs["gpu"], "seconds"].sum() / 3600
    assert steps["gpu_hours"].iloc[-1] == pytest.approx(whole)
    assert steps["cells"].iloc[-1] == len([*grid.cells()])


def test_what_fits_into_a_budget_is_said_as_a_command(tmp_path: Path) -> None:
    config, grid = study(tmp_path)
    jobs = planned(config, grid, "h100")
    steps = ladder(config, jobs, "h100")
    budget = steps["gpu_hours"].iloc[12] + 1e-6
    words = budgeted(config, jobs, "h100", budget).splitlines()[-1]
    given = dict(word.split("=", 1) for word in shlex.split(words)[1:])
    axes = {axis: value.strip("[]").split(", ") for axis, value in given.items()}
    _, part = study(tmp_path, **{**axes, "seeds": list(map(int, axes["seeds"]))})
    assert len([*part.cells()]) == steps["cells"].iloc[12]
    assert "nothing fits" in budgeted(config, jobs, "h100", 0.0)


def test_the_summary_says_what_it_rests_on(tmp_path: Path) -> None:
    rows = {"ours": {"path": "org/other", "layer": 3}}
    config, grid = study(tmp_path, models=["ours"], model_table=rows, intermediates=["none"])
    text = summary(config, grid, planned(config, grid, "h100"), "h100", 8)
    assert "ours: its size is not known before it is fetched" in text
    assert "not counted: " in text


def test_rates_are_recovered_from_jobs_that_follow_them() -> None:
    random = np.random.default_rng(0)
    jobs = pd.DataFrame({"units": random.integers(10, 500, 40), "rule": "finetune_target"})
    jobs["learned"] = jobs["units"] * random.integers(200, 2000, 40)
    jobs["read"] = random.integers(1000, 9000, 40)
    jobs["spent"] = 3 + 0.02 * jobs["units"] + jobs["learned"] / 5000 + jobs["read"] / 20000
    (row,) = fitted(jobs, "nano", 65536)
    found = [float(row[name]) for name in ("start", "unit", "learned", "read")]
    assert found == pytest.approx([3, 0.02, 5000, 20000], rel=0.01)


Planned = tuple[dict[str, Any], Grid]


@pytest.fixture
def tiny(finished: Study, monkeypatch: pytest.MonkeyPatch) -> Planned:
    monkeypatch.chdir(finished.folder)
    return read_config(Path("tiny.yaml"))


@RUN
def test_every_planned_job_has_run_where_it_is_planned(finished: Study, tiny: Planned) -> None:
    assert {work.rule for work in Planner(*tiny).jobs()} == PLANNED
    costs = finished.folder / "results/tiny/costs"
    places = {work.place for work in Planner(*tiny).jobs()}
    ran = {str(file.relative_to(costs).with_suffix("")) for file in costs.rglob("*.tsv")}
    once = {"project_texts", "measure_truth", "fetch_model"}  # a model, or less
    others = {place for place in ran - places if len(place.split("/")) > 1}
    assert places <= ran
    assert {place.split("/")[0] for place in others} <= once


@RUN
def test_trainings_took_the_steps_and_tokens_that_were_planned(
    finished: Study, tiny: Planned
) -> None:
    results = finished.folder / "results/tiny"
    for work in Planner(*tiny).jobs():
        if work.rule != "finetune_target":
            continue
        after, training = work.axes["intermediate"], work.axes["training_set"]
        place = f"tuned/model=nano/intermediate={after}/training_set={training}/seed=1"
        curve = read_table(results / place / "curve.parquet", CURVE)
        assert work.units == curve.num_rows
        assert work.learned == pytest.approx(sum(curve["tokens"].to_pylist()), rel=0.03)


@RUN
def test_the_table_of_the_world_is_what_it_encodes_to(finished: Study, tiny: Planned) -> None:
    config, _ = tiny
    sizes = Sizes(config)
    rows = list(measure(finished.folder / "results/tiny"))
    assert len(rows) > 10
    for row in rows:
        known = sizes.of(row["task"], row["part"], row["language"], row["split"])
        assert known.examples == row["examples"], row
        assert known.each == pytest.approx(float(row["tokens"]), rel=0.06), row


def test_a_model_of_ones_own_has_the_shape_of_its_config(tmp_path: Path) -> None:
    from xstilts.encoder.size import model_size

    known = {"num_hidden_layers": 3, "hidden_size": 10, "intermediate_size": 20, "vocab_size": 50}
    (tmp_path / "config.json").write_text(json.dumps(known), encoding="utf-8")
    shape = model_size(Model(path=str(tmp_path), layer=1))
    assert (shape.words, shape.body) == (500, 3 * (4 * 100 + 2 * 200))
