"""What is written down before there are scores, and what the page says of later changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpers.grids import WANTED

from xstilts.degradation.declaration import FILE, chosen, compared, declare
from xstilts.io.tables import read_json

CHOICE = chosen("mmd", WANTED)


def scored(folder: Path) -> None:
    place = folder / "scores/target=xnli/language=en/scores.parquet"
    place.parent.mkdir(parents=True)
    place.touch()


def test_a_choice_may_change_until_there_are_scores(tmp_path: Path) -> None:
    declare(tmp_path, CHOICE)
    declare(tmp_path, chosen("frechet", WANTED))
    assert read_json(tmp_path / FILE)["headline"] == "frechet"
    scored(tmp_path)
    declare(tmp_path, CHOICE)
    assert read_json(tmp_path / FILE)["headline"] == "frechet"


def test_a_later_change_is_said(tmp_path: Path) -> None:
    declare(tmp_path, CHOICE)
    time = read_json(tmp_path / FILE)["time"]
    said = f"Headline, outcome and formula were written down before any score ({time})."
    assert [*compared(tmp_path / FILE, CHOICE)] == [said]
    other = chosen("frechet", replace(WANTED, outcome="gain"))
    assert [*compared(tmp_path / FILE, other)] == [
        said,
        "**The headline was changed later:** from mmd to frechet.",
        "**The outcome was changed later:** from gap to gain.",
        f"**The formula was changed later:** from {CHOICE['formula']} to {other['formula']}.",
    ]


def test_scores_without_a_choice_are_said(tmp_path: Path) -> None:
    (sentence,) = compared(tmp_path / FILE, CHOICE)
    assert sentence.startswith("Nobody wrote down")
    scored(tmp_path)
    declare(tmp_path, CHOICE)
    (sentence,) = compared(tmp_path / FILE, CHOICE)
    assert "when scores were there already" in sentence
