"""Training curves as a table, checked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.checkpoint import curves
from xstilts.checkpoint.curves import CURVE, read_curves
from xstilts.io.tables import rows_table, write_json, write_table
from xstilts.report.training_curves import plot_training


def training(folder: Path, losses: list[float], diverged: str = "") -> dict[str, Any]:
    rows = [
        {"task": "mnli", "step": at, "loss": loss, "dev": 10.0 * at if at % 2 == 0 else None}
        for at, loss in enumerate(losses, start=1)
    ]
    blank = {"norm": 1.0, "learning_rate": 1e-5, "tokens": 9}
    write_table(folder / curves.CURVE_FILE, rows_table([{**row, **blank} for row in rows], CURVE))
    write_json(folder / "checkpoint.json", {"diverged": diverged})
    axes = {"model": "nano", "intermediate": folder.name, "training_set": "", "seed": 1}
    return {**axes, "checkpoint": str(folder / "checkpoint.json")}


def test_losses_are_averaged_over_equal_stretches_of_the_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "POINTS", 3)
    found = read_curves([training(tmp_path / "mnli", [6, 4, 3, 1, 2, 2], "loss nan")])
    assert found["share"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert found["loss"].tolist() == [5, 2, 2]
    assert found["dev"].tolist() == [20, 40, 60]
    assert found["diverged"].all()
    assert set(found["intermediate"]) == {"mnli"}


def test_a_short_curve_keeps_every_step(tmp_path: Path) -> None:
    assert read_curves([training(tmp_path / "mnli", [3, 2])])["loss"].tolist() == [3, 2]


def test_the_figure_dashes_what_diverged_and_needs_no_training(tmp_path: Path) -> None:
    given = [training(tmp_path / "mnli", [3, 2]), training(tmp_path / "qqp", [3, 3], "nan")]
    for name, trainings in (("two", given), ("none", [])):
        plot_training(
            trainings=trainings,
            intermediates=["mnli", "qqp"],
            figure=str(tmp_path / f"{name}.svg"),
            data=str(tmp_path / f"{name}.csv"),
        )
    assert (tmp_path / "two.svg").read_text(encoding="utf-8").count("stroke-dasharray") == 1
    assert "nothing to show" in (tmp_path / "none.svg").read_text(encoding="utf-8")
