"""The demo where similarity means nothing, in a checkout of its own, with XSTILTS_DEMO set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.study import checkout


@pytest.mark.skipif("XSTILTS_DEMO" not in os.environ, reason="runs a demo: set XSTILTS_DEMO")
@pytest.mark.xdist_group("null")
def test_where_similarity_means_nothing_the_demo_finds_nothing(tmp_path: Path) -> None:
    study = checkout(tmp_path / "checkout")
    result = study.make("demo-null")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    answer = (study.folder / "results/demo-null/answer.txt").read_text(encoding="utf-8")
    assert answer.count(": not shown") == 7
