"""Kills and two runs at once, for real: at most the running job is lost.

Every test breaks a copy of one study that ran undisturbed, lets a rerun make the lost piece again,
and compares the tables. Kills through SLURM are in `test_slurm.py`, disks, networks and clocks in
`test_damage.py`; docs/reliability.md sums up.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from helpers.faults import (
    LANGUAGES,
    LOG,
    RESULTS,
    SCORING,
    TABLE,
    TOLD,
    TRAINING,
    TUNED,
    WARM,
    check_rerun,
    check_same,
    configure,
    copy_of,
    entries,
    fails,
    first_told,
    jobs_in,
    lose_cells,
    lose_training,
    saved_step,
    started,
    wait_for,
)
from helpers.study import Study

from xstilts import cli
from xstilts.checkpoint.network import WEIGHTS
from xstilts.training.phases import STATE

pytestmark = pytest.mark.xdist_group("faults")


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "main"])
def test_snakemake_killed_loses_the_running_job_and_leaves_a_lock(
    study: Study, undisturbed: Study, whole: bool
) -> None:
    """If only the main process is killed, its job lives on and writes what the rerun's writes."""
    lose_training(study)
    with started(study) as run:
        orphan = run.job("finetune_target")
        wait_for(lambda: saved_step(study) > TOLD)
        orphan.suspend()  # until the rerun's job is at work
        saved = saved_step(study)
        if whole:
            run.kill()
        else:
            run.process.kill()
            run.process.wait(10)
        assert "Directory cannot be locked" in fails(study)
        assert study.snakemake("--unlock").returncode == 0
        with started(study, before=WARM) as rerun:
            rerun.job("finetune_target")
            assert wait_for(lambda: first_told(study)) > saved
            if not whole:
                orphan.resume()
            assert jobs_in(rerun.ends(0)) == TRAINING
        wait_for(lambda: not run.members())
    check_same(study, undisturbed)


def test_a_training_killed_after_a_step_checkpoint_goes_on_from_it(
    study: Study, undisturbed: Study
) -> None:
    lose_training(study)
    with started(study) as run:
        job = run.job("finetune_target")
        wait_for(lambda: saved_step(study) > TOLD)
        job.kill()
        said = run.ends(1)
    assert "died with <Signals.SIGKILL: 9>" in said
    assert "Error in rule finetune_target" in said
    saved = saved_step(study)
    left = study.folder / TUNED / f".{STATE}.0.tmp"  # had it been hit as it wrote, two hours ago
    left.touch()
    os.utime(left, (0, left.stat().st_mtime - 7200))
    check_rerun(study, undisturbed, TRAINING)
    assert first_told(study) > saved
    assert f"going on from {TUNED}/{STATE}" in (study.folder / LOG).read_text(encoding="utf-8")


def test_an_evaluation_killed_midway_keeps_the_languages_it_has_finished(
    study: Study, undisturbed: Study
) -> None:
    lose_cells(study)
    store = study.folder / RESULTS / "store"
    before = entries(store)
    with started(study) as run:
        job = run.job("evaluate_target")
        wait_for(lambda: len(entries(store)) > len(before))
        job.kill()
        said = run.ends(1)
    kept = entries(store)
    assert "Error in rule evaluate_udpos" in said
    assert 0 < len(kept) - len(before) < len(LANGUAGES)
    check_rerun(study, undisturbed, SCORING)
    after = entries(store)
    assert kept.items() <= after.items()
    assert cli.main(["prune", str(store)]) == 0  # of the entry that was half written
    assert entries(store) == after
    assert not list(store.rglob("*.tmp"))


def test_sigterm_saves_a_training_and_the_next_run_goes_on(
    study: Study, undisturbed: Study
) -> None:
    lose_training(study)
    configure(study, save_minutes=10)
    with started(study) as run:
        job = run.job("finetune_target")
        wait_for(lambda: first_told(study))
        assert not saved_step(study)
        job.send_signal(signal.SIGTERM)
        said = run.ends(1)
    (step,) = re.findall(r"interrupted after step (\d+); run it again and it goes on", said)
    assert saved_step(study) == int(step)
    check_rerun(study, undisturbed, TRAINING)
    assert first_told(study) > int(step)


BROKEN_GPU = """

import pathlib
import torch

_clip, _steps = torch.nn.utils.clip_grad_norm_, iter(range(10**6))


def _fail_once(*words, **options):
    flag = pathlib.Path("gpu-failed")
    if next(_steps) == 100 and not flag.exists():
        flag.touch()
        raise RuntimeError(
            "CUDA error: an illegal memory access was encountered\\n"
            "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\\n"
            "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\\n"
        )
    return _clip(*words, **options)


torch.nn.utils.clip_grad_norm_ = _fail_once
"""


def test_a_gpu_that_fails_in_a_step_fails_the_job_and_the_retry_goes_on(
    study: Study, undisturbed: Study
) -> None:
    """Faked in a module that trainings import and no rule watches."""
    hook = study.folder / "xstilts/training/preemption.py"
    hook.write_text(hook.read_text(encoding="utf-8") + BROKEN_GPU, encoding="utf-8")
    lose_training(study)
    with started(study, "--retries", "1", before=WARM) as run:
        said = run.ends(0)
    assert "failed: RuntimeError: CUDA error: an illegal memory access was encountered" in said
    assert said.count("Error in rule finetune_target") == 1
    assert "Trying to restart job" in said
    assert jobs_in(said) == TRAINING
    assert first_told(study) > TOLD
    check_same(study, undisturbed)


# Two at once


def test_a_second_run_on_one_folder_is_refused_and_the_first_goes_on(
    study: Study, undisturbed: Study
) -> None:
    lose_training(study)
    with started(study, before=WARM) as run:
        run.job("finetune_target")
        assert "Directory cannot be locked" in fails(study)
        assert jobs_in(run.ends(0)) == TRAINING
    check_same(study, undisturbed)


def test_runs_that_share_a_store_do_not_disturb_each_other_and_a_later_one_trains_nothing(
    study: Study, undisturbed: Study, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    lose_training(study)
    configure(study, store=str(store))
    first, second, later = (copy_of(study, tmp_path / name) for name in ("ann", "bob", "eve"))
    with started(first, before=WARM) as one, started(second, before=WARM) as two:
        for run in (one, two):
            assert jobs_in(run.ends(0)) == TRAINING
    for each in (first, second):
        assert first_told(each) == TOLD
        check_same(each, undisturbed)
    before = entries(store)
    check_rerun(later, undisturbed, TRAINING)
    assert "found in" in (later.folder / LOG).read_text(encoding="utf-8")
    assert not first_told(later)
    assert entries(store) == before
    (kept,) = store.glob(f"*/*/{WEIGHTS}")
    for each in (first, second, later):
        assert kept.samefile(each.folder / TUNED / WEIGHTS)
    assert not first.planned(TABLE)
