"""Disks that are full, read-only or broken, a network that is away, clocks that differ.

As in `test_faults.py`, at most the running job is lost, and a rerun ends with the same tables.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.faults import (
    HOUR,
    RESULTS,
    SCORING,
    TABLE,
    TRAINING,
    TUNED,
    WARM,
    check_rerun,
    check_same,
    copy_of,
    entries,
    fails,
    forget,
    jobs_in,
    lose_cells,
    lose_training,
    score_files,
    started,
)
from helpers.hub_data import write_mirror
from helpers.hub_mirror import serve
from helpers.study import PUBLISHED, Study

from xstilts import cli
from xstilts.checkpoint.curves import CURVE_FILE as CURVE
from xstilts.checkpoint.network import MANIFEST, WEIGHTS, training_store

pytestmark = pytest.mark.xdist_group("damage")


# Disks


def mount(*words: str) -> None:
    """Mount, or skip the test where that is not permitted."""
    result = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(f"mounting is not permitted here: {result.stderr.strip()}")


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[None]:
    mount(*words, str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own for a folder, which holds what the folder held."""
    kept = folder.rename(folder.with_name("kept"))
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=64m", "small"):
        subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
        yield


def leave(folder: Path, free: int) -> None:
    """Resize a small disk so that so many KiB are free."""
    used = subprocess.check_output(["df", "-k", "--output=used", str(folder)]).split()[-1]
    mount("-o", f"remount,size={int(used) + free}k", str(folder))


def test_a_full_disk_fails_the_job_and_with_more_room_the_rerun_goes_on(
    study: Study, undisturbed: Study
) -> None:
    lose_training(study)
    results = study.folder / RESULTS
    with small_disk(results):
        leave(results, free=1500)  # less than one state
        said = fails(study)
        assert "finetune_target failed: " in said
        assert "No space left on device" in said
        assert not list(results.rglob("*.tmp"))
        assert cli.main(["verify", str(results)]) == 0
        leave(results, free=60_000)
        check_rerun(study, undisturbed, TRAINING)


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below a folder with its number, size and time."""
    found = {str(path): path.lstat() for path in folder.rglob("*")}
    return {name: (each.st_ino, each.st_size, each.st_mtime_ns) for name, each in found.items()}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that cannot be written to, not by root either, and in which nothing changes."""
    with mounted(folder, "--bind", str(folder)):
        mount("-o", "remount,bind,ro", str(folder))
        before = listing(folder)
        yield
        assert listing(folder) == before


def test_results_that_are_read_only_are_named_and_stay_as_they_are(
    study: Study, undisturbed: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_training(study)
    results = study.folder / RESULTS
    replaced = [results / name for name in ("agreement.parquet", "missing.csv")]
    with read_only(results):
        said = fails(study)
        assert "affected files:\n" in said and all(path.name in said for path in replaced)
    for path in replaced:  # the last files that a rule would replace
        path.unlink()
    with read_only(results):
        assert f"Read-only file system: '{TUNED}" in fails(study)
        capsys.readouterr()
        assert cli.main(["forget", str(next(results.rglob(f"tuned/**/{MANIFEST}")))]) == 1
        assert "xstilts: [Errno 30] Read-only file system" in capsys.readouterr().err
    check_rerun(study, undisturbed, TRAINING)


def cut(path: Path) -> None:
    """Cut a file short as a broken disk does: its time stays."""
    known = path.stat()
    os.truncate(path, known.st_size // 2)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def check_named(study: Study, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`xstilts verify` names this file and no other."""
    capsys.readouterr()
    assert cli.main(["verify", str(study.folder / RESULTS)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{path}\t")


def test_a_score_file_that_was_cut_short_is_named_and_made_again_once_forgotten(
    study: Study, undisturbed: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    file, store = score_files(study)[0], study.folder / RESULTS / "store"
    assert file.stat().st_nlink == 2  # it is the store's entry as well
    before = entries(store)
    cut(file)
    assert not study.planned(TABLE)  # Snakemake does not look into files
    check_named(study, file, capsys)
    (study.folder / TABLE).unlink()
    said = fails(study)
    assert "collect_cells failed: " in said
    assert str(file.relative_to(study.folder)) in said.partition("collect_cells failed: ")[2]
    forget(file)
    check_rerun(study, undisturbed, SCORING)
    assert len(before.items() - entries(store).items()) == 1  # the other languages are linked


def test_weights_that_were_cut_short_are_refused_and_trained_again_once_forgotten(
    study: Study, undisturbed: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = study.folder / TUNED / MANIFEST
    lose_cells(study)
    cut(manifest.with_name(WEIGHTS))
    check_named(study, manifest, capsys)
    said = fails(study)
    assert jobs_in(said) == SCORING
    (line,) = (line for line in said.splitlines() if "evaluate_udpos failed: " in line)
    assert f"{TUNED}/{WEIGHTS}: damaged" in line
    assert f"`xstilts forget {TUNED}/{MANIFEST}`" in line
    forget(manifest)
    check_rerun(study, undisturbed, TRAINING)


@pytest.mark.parametrize("command", ["verify", "prune"])
def test_a_folder_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert cli.main([command, str(tmp_path / "typo")]) == 1
    assert "typo: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, CURVE])
def test_a_store_does_not_give_out_a_training_that_was_cut_short(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    manifest, store = study.folder / TUNED / MANIFEST, training_store(tmp_path / "store")
    store.keep("0" * 64, manifest)
    assert store.holds("0" * 64)
    cut(manifest.with_name(name))  # and the store's, which is the same file
    check_named(study, manifest, capsys)
    assert not store.holds("0" * 64)


# Network


def unshared() -> tuple[str, ...]:
    """What to put before a command that is to run without network, loopback included."""
    before = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-r", "-n")
    result = subprocess.run([*before, "true"], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(f"unshare -n is not permitted here: {result.stderr.strip()}")
    return before


HUB = {
    "results": "results/hub",
    **PUBLISHED,
    "allow_unlocked": True,
    "models": ["mine"],
    "model_table": {"mine": {"path": "nano", "layer": 1}},
    "intermediates": ["none"],
    "targets": ["wikiann"],
    "languages": ["en", "sw"],
    "similarity": {"parallel": None},
}


@pytest.fixture
def fetched(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study whose data have been fetched from a mirror of the hub, which is gone."""
    study.configure(**HUB)
    write_mirror(tmp_path / "mirror")
    with serve(tmp_path / "mirror") as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        result = study.snakemake("--until", "fetch_task", "fetch_model", warm=True)
    assert result.returncode == 0, result.stderr[-3000:]
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    return study


def test_what_has_been_fetched_needs_no_network(fetched: Study, tmp_path: Path) -> None:
    """From data of the hub's own road; the model is a folder."""
    beside, table = copy_of(fetched, tmp_path / "beside"), "results/hub/cells.parquet"
    with started(fetched, table=table, before=(*unshared(), *WARM)) as run:
        jobs = {"encode_task": 2, "finetune_target": 1, "evaluate_wikiann": 1, "collect_cells": 1}
        jobs["check_recipes"] = 1
        assert jobs_in(run.ends(0)) == jobs
    result = beside.snakemake(table, warm=True)
    assert result.returncode == 0, result.stderr[-3000:]
    check_same(fetched, beside, results="results/hub")


# Clocks


def shift(study: Study, hours: dict[str, float]) -> None:
    """Move the times of files by hours, by folder of the results."""
    for folder, by in hours.items():
        for path in (study.folder / RESULTS / folder).rglob("*"):
            moved = path.stat().st_mtime + by * HOUR
            os.utime(path, (moved, moved))


WRITTEN = ("pretrained", "data", "encoded", "intermediate", "tuned", "scores")


@pytest.mark.parametrize("sign", [1, -1])
def test_clocks_that_differ_by_an_hour_plan_nothing(study: Study, sign: int) -> None:
    """Each rule's files are an hour older or newer than those of the rule before."""
    shift(study, {name: sign * (-1) ** at for at, name in enumerate(WRITTEN)})
    assert not study.planned(TABLE)


def test_a_file_from_the_future_fails_the_job_that_reads_it_until_it_is_touched(
    study: Study, undisturbed: Study
) -> None:
    """Older ones do not matter, however old."""
    lose_training(study)
    shift(study, {name: -1 - at for at, name in enumerate(WRITTEN)})
    shift(study, {"intermediate": len(WRITTEN)})
    said = fails(study)
    assert "This could indicate a clock skew problem" in said
    assert jobs_in(said) == TRAINING
    results = str(study.folder / RESULTS)
    future = ["find", results, "-type", "f", "-newermt", "now", "-exec", "touch", "{}", "+"]
    subprocess.run(future, check=True)
    check_rerun(study, undisturbed, TRAINING)
