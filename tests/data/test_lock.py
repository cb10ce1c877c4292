"""The lock file: commits of the hub that every run reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from helpers.hub_data import write_mirror
from helpers.hub_mirror import commit, serve
from helpers.study import BIN

from xstilts.data.lock import chosen, read_lock
from xstilts.errors import InputError
from xstilts.tasks import Files, Hub, tasks

pytestmark = pytest.mark.xdist_group("hub")


def lock(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "xstilts"), "lock-data"],
        cwd=folder,
        env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(folder / "hub")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_lock_data_writes_the_commit_of_every_hub_data_set_and_model(
    tmp_path: Path, mirror: str
) -> None:
    before = {"facebook/xnli@main": "0" * 40}
    (tmp_path / "data.lock.yaml").write_text(yaml.safe_dump(before), encoding="utf-8")
    result = lock(tmp_path, mirror)
    assert result.returncode == 0, result.stderr
    written = yaml.safe_load((tmp_path / "data.lock.yaml").read_text(encoding="utf-8"))
    sets = {hub.source for task in tasks().values() for hub in task.hub if isinstance(hub, Hub)}
    assert sets <= set(written)
    assert "mteb/FloresBitextMining@main" not in written  # the first of the two is there
    converted = "allenai/cosmos_qa", "refs/convert/parquet"
    assert written["@".join(converted)] == commit(*converted)
    assert written["facebook/xnli@main"] == "0" * 40  # what is locked stays
    model = "FacebookAI/xlm-roberta-large"
    assert written[f"{model}@main"] == commit(model, "main")


def test_what_the_hub_has_no_more_is_locked_where_it_lies_now(tmp_path: Path) -> None:
    """FLORES at its second address; Cosmos QA at one that names its commit itself."""
    write_mirror(tmp_path / "mirror")
    for gone in ("mteb/flores", "allenai/cosmos_qa"):
        shutil.rmtree(tmp_path / "mirror" / gone)
    with serve(tmp_path / "mirror") as address:
        result = lock(tmp_path, address)
    assert result.returncode == 0, result.stderr
    written = yaml.safe_load((tmp_path / "data.lock.yaml").read_text(encoding="utf-8"))
    assert "mteb/FloresBitextMining@main" in written and "mteb/flores@main" not in written
    assert not [name for name in written if "cosmos" in name]
    lines = [line for line in result.stdout.splitlines() if "cosmosqa/" in line]
    assert len(lines) == 1 and lines[0].endswith("read in its place")


def test_lock_data_keeps_what_it_found_and_names_what_it_did_not(
    tmp_path: Path, mirror: str
) -> None:
    file = tmp_path / "data.lock.yaml"
    file.write_text(f"facebook/xnli@main: '{'0' * 40}'\n", encoding="utf-8")
    result = lock(tmp_path, "http://127.0.0.1:9")  # nobody answers there
    assert result.returncode == 1
    (said,) = result.stderr.splitlines()
    assert said.startswith("xstilts: no commit for FacebookAI/xlm-roberta-base@main, ")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == {"facebook/xnli@main": "0" * 40}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a", "not a mapping"),
        ("a: [", "not YAML"),
        ("facebook/xnli@main: newest", "'newest' is not a commit"),
    ],
)
def test_a_broken_lock_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.lock.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"data.lock.yaml: .*{message}"):
        read_lock()


def test_what_stands_in_is_read_where_the_lock_has_it_in_place_of_the_first() -> None:
    (flores,), (cosmos,) = tasks()["flores"].hub, tasks()["cosmosqa"].hub
    first, second = flores, flores.instead
    assert chosen(flores, {}) is first
    assert chosen(flores, {second.source: "0" * 40}) is second
    assert chosen(flores, {first.source: "0" * 40, second.source: "0" * 40}) is first
    assert isinstance(chosen(cosmos, {}), Files)  # its address names a commit
    assert chosen(cosmos, {cosmos.source: "0" * 40}) is cosmos
