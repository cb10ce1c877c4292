"""The folder that relative paths are under, and the languages that a study names."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from helpers.invented import invented
from helpers.study import SMALL, TINY

from xstilts.config import complete_config
from xstilts.errors import InputError
from xstilts.study import Study

HUB = "Helsinki-NLP/opus-mt-en-{language}"


def completed(**changes: Any) -> dict[str, Any]:
    config = {**deepcopy(TINY), "data_root": str(invented(SMALL)), **changes}
    complete_config(config)
    return config


def test_relative_paths_are_under_the_root_and_others_stay() -> None:
    root = invented(SMALL)
    config = completed(
        data={
            **TINY["data"],
            "mnli": {"path": {"train": "a.tsv", "dev": "/b.tsv"}, "format": "tsv"},
            "siqa": {"path": ["x.{iso3}", "y.eng"], "format": "parallel"},
        },
        model_table={**TINY["model_table"], "e5": {"path": "intfloat/e5", "layer": 1}},
    )
    assert config["data"]["mnli"]["path"] == {"train": f"{root}/a.tsv", "dev": "/b.tsv"}
    assert config["data"]["siqa"]["path"] == [f"{root}/x.{{iso3}}", f"{root}/y.eng"]
    assert config["model_table"]["nano"]["path"] == f"{root}/nano"
    assert config["model_table"]["e5"]["path"] == "intfloat/e5"
    assert config["truth"] == f"{root}/world.json"


@pytest.mark.parametrize(
    ("model", "read"), [(HUB, HUB), ("nano", "{root}/nano"), ("/mt/nllb", "/mt/nllb"), (None, None)]
)
def test_a_translator_is_a_folder_under_the_root_or_an_id_of_the_hub(
    model: str | None, read: str | None
) -> None:
    translation = {**TINY["translation"], "model": model}
    expected = read and read.replace("{root}", str(invented(SMALL)))
    assert completed(translation=translation)["translation"]["model"] == expected


def test_a_completed_config_reads_as_itself() -> None:
    """As `run_config.yaml` of the results has it."""
    config = completed()
    again = deepcopy(config)
    complete_config(again)
    assert again == config and config["data_root"] is None


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config: size_table: no file '.*nowhere\.csv'"):
        completed(size_table="nowhere.csv")


def test_a_study_names_the_languages_that_are_run_alone() -> None:
    """Or figures would have columns for all that the tables of languages know."""
    study = Study({**deepcopy(TINY), "data_root": str(invented(SMALL)), "languages": ["en", "qe"]})
    assert [*study.language_names().items()] == [("en", "English"), ("qe", "Elmish")]
