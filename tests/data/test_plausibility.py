"""Data looked at as a whole: what no row shows by itself is an error or is said."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from helpers import examples

from xstilts.data.fetch import check_recipes, examples_of, find_leaks
from xstilts.errors import InputError
from xstilts.io.tables import read_json

Source = dict[str, Any]


def fetch(
    folder: Path,
    task: str,
    part: str,
    languages: list[str],
    source: Source,
) -> Path:
    """The manifest of a part that was read from files."""
    output = folder / f"out/{part}/{task}/manifest.json"
    examples.fetch(task, part, languages, output, source)
    return output


def warnings(manifest: Path) -> list[str]:
    found: list[str] = read_json(manifest)["warnings"]
    return found


def pairs(path: Path, texts: list[str]) -> None:
    """A TSV of NLI pairs."""
    path.write_text("".join(f"{text}\ta person\tneutral\n" for text in texts), encoding="utf-8")


def numbered(word: str, first: int, last: int) -> list[str]:
    return [f"{word} {at}" for at in range(first, last)]


def test_copies_of_one_file_for_two_languages_are_an_error(tmp_path: Path) -> None:
    """Case and spacing aside; the order of rows is no matter."""
    pairs(tmp_path / "de.tsv", numbered("Ein Mann", 0, 10))
    pairs(
        tmp_path / "sw.tsv", [text.replace(" ", "  ") for text in numbered("ein mann", 0, 10)][::-1]
    )
    source = {"path": str(tmp_path / "{language}.tsv"), "format": "tsv"}
    with pytest.raises(InputError, match="the test examples of de are those of sw; give a path"):
        fetch(tmp_path, "xnli", "test", ["de", "sw"], source)


def test_languages_that_share_half_of_their_examples_are_said(tmp_path: Path) -> None:
    pairs(tmp_path / "de.tsv", numbered("ein Mann", 0, 10))
    pairs(tmp_path / "sw.tsv", [*numbered("ein Mann", 0, 5), *numbered("mtu", 0, 5)])
    pairs(tmp_path / "fr.tsv", [*numbered("ein Mann", 0, 4), *numbered("un homme", 0, 6)])
    source = {"path": str(tmp_path / "{language}.tsv"), "format": "tsv"}
    manifest = fetch(tmp_path, "xnli", "test", ["de", "sw", "fr"], source)
    assert warnings(manifest) == ["xnli: 5 of 10 test examples are the same in de and sw"]


def trained(folder: Path, texts: list[str]) -> str:
    """The manifest of MNLI as training set of some texts."""
    pairs(folder / "mnli.tsv", texts)
    source = {"path": str(folder / "mnli.tsv"), "format": "tsv"}
    return str(fetch(folder, "mnli", "train", ["en"], source))


@pytest.mark.parametrize(("shared", "said"), [(0, 0), (1, 1), (50, 1)])
def test_test_examples_that_were_trained_on_are_said(
    tmp_path: Path, shared: int, said: int
) -> None:
    manifest = trained(tmp_path, numbered("a man", 0, shared) + numbered("a dog", 0, 30))
    pairs(tmp_path / "en.tsv", numbered("A man", 0, 100))
    source = {"path": str(tmp_path / "en.tsv"), "format": "tsv"}
    found = find_leaks(fetch(tmp_path, "xnli", "test", ["en"], source), [manifest])
    wanted = f"xnli, en, test: {shared} of 100 examples are in the training set of mnli"
    assert found == [wanted] * said


def test_a_test_set_that_was_trained_on_is_an_error(tmp_path: Path) -> None:
    manifest = trained(tmp_path, numbered("a man", 0, 51))
    pairs(tmp_path / "en.tsv", numbered("a man", 0, 100))
    source = {"path": str(tmp_path / "en.tsv"), "format": "tsv"}
    tested = fetch(tmp_path, "xnli", "test", ["en"], source)
    message = "51 of 100 examples are in the training set of mnli; give other data"
    with pytest.raises(InputError, match=message):
        find_leaks(tested, [manifest])


def test_a_dev_set_that_is_trained_on_is_an_error(tmp_path: Path) -> None:
    """It would choose the weights that remember it best."""
    pairs(tmp_path / "all.tsv", numbered("a man", 0, 20))
    paths = dict.fromkeys(("train", "dev"), str(tmp_path / "all.tsv"))
    with pytest.raises(InputError, match="mnli, en, dev: 20 of 20 examples are in its train split"):
        fetch(tmp_path, "mnli", "train", ["en"], {"path": paths, "format": "tsv"})


def squad(path: Path, contexts: list[str], question: str) -> None:
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": f"{question} {at}",
                    "question": question,
                    "answers": [{"text": context.split()[0], "answer_start": 0}],
                }
            ],
        }
        for at, context in enumerate(contexts)
    ]
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")


def test_a_paragraph_that_was_trained_on_is_met_under_other_questions(tmp_path: Path) -> None:
    squad(tmp_path / "train.json", numbered("Cats sleep", 0, 20), "who?")
    source = {"path": str(tmp_path / "train.json"), "format": "squad"}
    manifest = str(fetch(tmp_path, "squad1", "train", ["en"], source))
    squad(tmp_path / "en.json", numbered("Cats sleep", 10, 40), "what?")
    source = {"path": str(tmp_path / "en.json"), "format": "squad"}
    found = find_leaks(fetch(tmp_path, "xquad", "test", ["en"], source), [manifest])
    assert found == ["xquad, en, test: 10 of 30 examples are in the training set of squad1"]


def bitext(folder: Path, german: list[str], english: list[str]) -> Source:
    (folder / "de").write_text("".join(f"{text}\n" for text in german), encoding="utf-8")
    (folder / "en").write_text("".join(f"{text}\n" for text in english), encoding="utf-8")
    return {"path": [str(folder / "de"), str(folder / "en")], "format": "parallel"}


def translations(number: int) -> tuple[list[str], list[str]]:
    """Sentences of one to twelve words, and translations of as many."""
    drawn = random.Random(0)
    sizes = [drawn.randint(1, 12) for _ in range(number)]
    letters = [drawn.choice("abcdefgh") for _ in range(number)]
    return (
        [f"{letter}u" + " wort" * size for letter, size in zip(letters, sizes, strict=True)],
        [f"{letter}ou" + " word" * size for letter, size in zip(letters, sizes, strict=True)],
    )


def test_an_english_side_that_alone_is_sorted_is_an_error(tmp_path: Path) -> None:
    """As XTREME's download leaves Tatoeba: line i of one side is not line i of the other."""
    german, english = translations(200)
    source = bitext(tmp_path, german, sorted(english))
    with pytest.raises(InputError, match="the English side alone is sorted, as XTREME's download"):
        fetch(tmp_path, "tatoeba", "test", ["de"], source)


def test_sides_that_do_not_go_together_are_said(tmp_path: Path) -> None:
    german, english = translations(200)
    random.Random(1).shuffle(english)
    (said,) = warnings(
        fetch(tmp_path, "tatoeba", "test", ["de"], bitext(tmp_path, german, english))
    )
    assert said.startswith(
        "tatoeba, de, test: the lengths of a sentence and its translation do not"
    )


def test_sides_that_translate_each_other_are_not_doubted_even_if_sorted(tmp_path: Path) -> None:
    german, english = translations(200)
    order = sorted(range(200), key=lambda at: english[at])
    for places in (range(200), order):
        source = bitext(tmp_path, [german[at] for at in places], [english[at] for at in places])
        assert warnings(fetch(tmp_path, "tatoeba", "test", ["de"], source)) == []


def test_a_leak_from_any_recipe_is_found(tmp_path: Path) -> None:
    """PAWS-X does not train on QQP, which as an intermediate task may hold its test pairs."""
    rows = [f"a {at}\tb\t1\n" for at in range(40)]
    (tmp_path / "qqp.tsv").write_text("".join(rows[:30]), encoding="utf-8")
    source = {"path": str(tmp_path / "qqp.tsv"), "format": "tsv"}
    recipe = fetch(tmp_path, "qqp", "train", ["en"], source)
    (tmp_path / "en.tsv").write_text("".join(rows[10:]), encoding="utf-8")
    (tmp_path / "de.tsv").write_text("".join(rows).replace("a ", "ein "), encoding="utf-8")
    source = {"path": str(tmp_path / "{language}.tsv"), "format": "tsv"}
    tested = fetch(tmp_path, "pawsx", "test", ["en", "de"], source)
    words: dict[str, Any] = {"trained": [str(recipe)], "tested": [str(tested)]}
    words["leaks"] = str(tmp_path / "leaks.json")
    with pytest.raises(InputError, match="pawsx, en, test: 20 of 30 examples are in the training"):
        check_recipes(**words)
    (tmp_path / "en.tsv").write_text("".join(rows[25:]), encoding="utf-8")
    fetch(tmp_path, "pawsx", "test", ["en", "de"], source)
    said = "pawsx, en, test: 5 of 15 examples are in the training set of qqp"
    check_recipes(**words)
    assert warnings(tmp_path / "leaks.json") == [said]


def test_rows_of_a_language_are_told_apart_by_a_pattern(tmp_path: Path) -> None:
    """As in TyDiQA's release: one file, ids that begin with the language's name."""
    rows = [
        {"id": f"{name}-{at}", "premise": f"{name} {at}", "hypothesis": "b", "label": at % 3}
        for name in ("swahili", "german")
        for at in range(3)
    ]
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    source = {"path": str(file), "format": "jsonl", "only": {"id": "{name}-*"}}
    source["columns"] = {"id": "id", "text_a": "premise", "text_b": "hypothesis", "label": "label"}
    manifest = fetch(tmp_path, "xnli", "test", ["de", "sw"], source)
    for code, name in (("de", "german"), ("sw", "swahili")):
        texts = [row["text_a"] for row in examples_of(manifest, code)["test"]]
        assert texts == [f"{name} {at}" for at in range(3)]
        said = read_json(manifest)["read"][f"{code}, test"]
        assert (said["rows"], said["share"], said["kept"]) == (6, f"rows whose id fit {code}", 3)
    source["only"] = {"id": "{name}:*"}
    with pytest.raises(InputError, match=r"all.jsonl: holds no row of split test"):
        fetch(tmp_path, "xnli", "test", ["de"], source)
    source["only"] = {"lang": "{language}"}
    with pytest.raises(InputError, match="row 1: lacks column 'lang', which only names"):
        fetch(tmp_path, "xnli", "test", ["de"], source)


def test_the_manifest_says_which_rows_of_how_many_were_read(tmp_path: Path) -> None:
    pairs(tmp_path / "en.tsv", numbered("a man", 0, 10))
    source = {"path": str(tmp_path / "en.tsv"), "format": "tsv"}
    source["splits"] = {"train": 0.7, "test": 0.3}
    found = read_json(fetch(tmp_path, "xnli", "test", ["en"], source))["read"]
    first = '{"text_a": "a man 7", "text_b": "a person", "label": 1, "id": "1"}'
    share = {"rows": 10, "share": "rows 8 to 10", "kept": 3, "first": first}
    assert found == {"en, test": {"from": str(tmp_path / "en.tsv"), **share}}
