"""The table of languages, and the rows that a user's own adds to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import InputError
from xstilts.jobs import run_job
from xstilts.kinds._qa_metrics import compare
from xstilts.languages import add_languages, language_facts, languages, languages_of
from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import NoValueError
from xstilts.similarity.measures import measures


def table(folder: Path, text: str) -> str:
    (folder / "languages.csv").write_text(text, encoding="utf-8")
    return str(folder / "languages.csv")


def test_rows_are_added_and_replace_those_of_the_same_code(tmp_path: Path) -> None:
    rows = "code,name,cc100,targets\nxx,Xish,,xnli udpos\nde,Deutsch,1.5,xnli\n"
    add_languages(table(tmp_path, rows))
    assert languages()["de"].name == "Deutsch"
    assert "xx" in languages_of("udpos") and "de" not in languages_of("udpos")
    add_languages(None)
    assert languages()["de"].name == "German" and "xx" not in languages()


def test_what_a_row_does_not_say_is_not_known(tmp_path: Path) -> None:
    """Not 0 GiB, and not another script than English: no value, with the reason."""
    add_languages(table(tmp_path, "code,name\nxx,Xish\n"))
    facts = language_facts(["en", "xx"], "cc100")
    assert facts["xx"]["gigabytes"] is facts["xx"]["script"] is facts["xx"]["iso3"] is None
    english, other = (Known(**facts[code]) for code in ("en", "xx"))
    for name in ("script_match", "seen_in_pretraining", "pretraining_size", "uriel_genetic"):
        with pytest.raises(NoValueError):
            measures()[name].compute(english, other)


def test_a_shipped_language_without_pretraining_text_has_none() -> None:
    without = [code for code, row in languages().items() if row.cc100 == 0]
    assert without and all(row.cc100 is not None for row in languages().values())
    facts = language_facts([without[0]], "cc100")
    assert facts[without[0]]["gigabytes"] == 0


def test_mlqa_scores_added_languages_without_articles_and_refuses_others(tmp_path: Path) -> None:
    add_languages(table(tmp_path, "code,name\nxx,Xish\n"))
    assert compare("the sea", ["sea"], "mlqa", "xx", True) == (0.0, pytest.approx(2 / 3))
    assert compare("the sea", ["sea"], "mlqa", "en", True) == (1.0, 1.0)
    with pytest.raises(InputError, match="unknown language of MLQA's rules 'fr'"):
        compare("la mer", ["mer"], "mlqa", "fr", True)


MISTAKES = {
    "an unknown column": ("code,speech\nxx,Xish\n", "unknown column 'speech'"),
    "a code that is no folder's": ("code,name\nx/x,Xish\n", "line 2: code 'x/x' names a folder"),
    "no name": ("code,name\nxx,\n", "line 2: xx has no name"),
    "a code twice": ("code,name\nxx,Xish\nxx,Xan\n", "line 3: language 'xx' appears twice"),
    "a size in words": ("code,name,cc100\nxx,Xish,many\n", "cc100 'many' is not a number (GiB)"),
    "an unknown target": ("code,name,targets\nxx,Xish,xnil\n", "unknown target 'xnil'"),
    "a value too many": ("code,name\nxx,Xish,Latin\n", "line 2: not as many values"),
    "a value too few": ("code,name,iso3\nxx,Xish\n", "line 2: not as many values"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_table_is_named(tmp_path: Path, name: str) -> None:
    text, message = MISTAKES[name]
    with pytest.raises(InputError, match=r"language table .*languages\.csv") as error:
        add_languages(table(tmp_path, text))
        languages()
    assert message in str(error.value)


def test_a_job_knows_the_languages_that_were_added(tmp_path: Path) -> None:
    """A job has a process of its own, which is told of the table."""
    own = table(tmp_path, "code,name,iso3\nxx,Xish,xxx\n")
    job: Any = {
        "log": str(tmp_path / "log"),
        "threads": 1,
        "function": "xstilts.languages:languages",
    }
    run_job(**job, language_table=own)
    assert languages()["xx"].iso3 == "xxx"
    with pytest.raises(SystemExit, match="cannot be read"):
        run_job(**job, language_table="no.csv")
