"""Every task keeps the contract: its facts, its examples in the hub's schema, or in a release's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasets import ClassLabel, Dataset, Features, Value
from datasets import List as Sequence
from helpers.contract import check_examples, check_facts
from helpers.examples import fetch
from helpers.hub_data import CONVERTED, XQUAD_R, write_mirror
from helpers.hub_mirror import commit, serve, write_readme
from helpers.study import BIN, ROOT

from xstilts.data.columns import read_column
from xstilts.data.fetch import examples_of
from xstilts.data.hub import NUMBERED, in_one_line, namer, published_rows
from xstilts.data.local_files import needed_splits
from xstilts.data.lock import chosen, read_lock
from xstilts.data.realignment import MOVED, realigned
from xstilts.encoder.model import Encoder, load_tokenizer
from xstilts.errors import InputError
from xstilts.io.formats import ASIDE
from xstilts.io.tables import read_json
from xstilts.languages import languages_of
from xstilts.tasks import Files, Hub, Task, tasks
from xstilts.world import World
from xstilts.world.planted_encoder import write_nano

pytestmark = pytest.mark.xdist_group("hub")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("nano")
    write_nano(World(), folder)
    return Encoder(folder), load_tokenizer(folder)


@pytest.mark.parametrize("name", tasks())
def test_the_facts_of_a_task_are_complete(name: str) -> None:
    check_facts(tasks()[name])


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a mirror of every hub data set that a task names."""
    root = tmp_path_factory.mktemp("mirror")
    write_mirror(root)
    with serve(root) as address:
        yield address


def is_trained(task: Task) -> bool:
    return bool(task.finetuning or task.intermediate or task.kind == "masked_lm")


def is_parallel(task: Task) -> bool:
    """Whether measures of alignment can read its texts."""
    return task.kind == "bitext" and not task.target


HUB_PARTS = [
    (task.name, part)
    for task in tasks().values()
    for part in ("train", "test")
    if any(isinstance(each, Hub) for each in task.hub)
    and (task.target or is_parallel(task) if part == "test" else is_trained(task))
]


def language(task: str, part: str) -> str:
    """English to train on; to test, Swahili where the task has it."""
    others = languages_of(task) if tasks()[task].target else ["sw"]
    return "en" if part == "train" else "sw" if "sw" in others else "de"


FETCH = """
import json, sys
from xstilts.data.fetch import fetch_task
for arguments in json.load(sys.stdin):
    fetch_task(source=None, limits={}, **arguments)
"""


@pytest.fixture(scope="module")
def fetched(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every task's parts, read by `load_dataset` itself from the mirror, in a process of its own.

    Its address must be known before the library is imported.
    """
    folder = tmp_path_factory.mktemp("fetched")
    jobs = [
        {
            "task": task,
            "part": part,
            "languages": [language(task, part)],
            "manifest": str(folder / task / part / "manifest.json"),
            "commits": {
                f"{path}@{branch}": commit(path, branch)
                for path, branch in (("facebook/xnli", "main"), ("allenai/cosmos_qa", CONVERTED))
            },
        }
        for task, part in HUB_PARTS
    ]
    environment = {**os.environ, "HF_ENDPOINT": mirror, "HF_HOME": str(folder / "hub")}
    subprocess.run(
        [sys.executable, "-c", FETCH],
        input=json.dumps(jobs),
        env=environment,
        cwd=ROOT,
        check=True,
        text=True,
    )
    return folder


def test_the_sample_of_bucc_comes_from_files_and_its_pools_from_the_hub(
    mirror: str, tmp_path: Path
) -> None:
    sample = tmp_path / "de-en"
    sample.mkdir()
    (sample / "de-en.sample.de").write_text("de-1\tacht\n", encoding="utf-8")
    (sample / "de-en.sample.en").write_text("en-1\teight\n", encoding="utf-8")
    (sample / "de-en.sample.gold").write_text("de-1\ten-1\n", encoding="utf-8")
    program = (
        "import json, sys; from pathlib import Path; from helpers.examples import fetch\n"
        f"source = {{'path': {{'dev': {str(tmp_path)!r}}}, 'format': 'bucc'}}\n"
        f"output = Path({str(tmp_path / 'out.json')!r})\n"
        "found = fetch('bucc', 'test', 'de', output, source)\n"
        "json.dump({split: [row['source'] or row['target'] for row in rows]"
        " for split, rows in found.items()}, sys.stdout)"
    )
    environment = {**os.environ, "HF_ENDPOINT": mirror, "HF_HOME": str(tmp_path / "hub")}
    environment["PYTHONPATH"] = str(ROOT / "tests")
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = {"dev": ["acht", "eight"], "test": ["eins de", "zwei de", "drei de", "two", "one"]}
    assert json.loads(result.stdout) == texts
    source = read_json(tmp_path / "out.json")["source"]
    assert source == "local files, mteb/BUCC@main"


@pytest.mark.parametrize(("name", "part"), HUB_PARTS)
def test_a_task_keeps_the_contract_on_rows_in_the_hubs_schema(
    fetched: Path, model: tuple[Any, Any], name: str, part: str
) -> None:
    manifest = fetched / name / part / "manifest.json"
    found = examples_of(manifest, language(name, part))
    wanted = set(needed_splits(tasks()[name], part))
    without_dev = name in ("tydiqa", "wikipedia", "wikipedia_en", "bucc")
    assert set(found) == wanted - ({"dev"} if without_dev else set())
    check_examples(tasks()[name], found, read_json(manifest)["labels"], model)


def read(fetched: Path, name: str, part: str = "train") -> dict[str, list[dict[str, Any]]]:
    return examples_of(fetched / name / part / "manifest.json", language(name, part))


def test_hidden_labels_are_dropped_and_counted(fetched: Path) -> None:
    assert read_json(fetched / "xnli/test/manifest.json")["dropped"] == {"sw, test": 1}


def test_articles_without_text_are_left_out(fetched: Path) -> None:
    assert read_json(fetched / "wikipedia/train/manifest.json")["dropped"] == {"en, train": 1}
    assert read(fetched, "wikipedia")["train"][0]["text"] == "The sea of en is wide.\n\nIt is deep."


def test_anli_is_its_three_rounds_and_snli_and_mnli(fetched: Path) -> None:
    labels = [row["label"] for row in read(fetched, "anli")["train"]]
    assert labels == [0, 0, 0, 1, 2, 1]  # three rounds of a row, SNLI less its hidden one, MNLI


def test_languages_in_one_table_are_told_apart_by_their_ids(fetched: Path) -> None:
    ids = [row["id"] for row in read(fetched, "tydiqa")["train"]]
    assert ids == ["english-train-1", "english-train-2"]
    ids = [row["id"] for row in read(fetched, "tydiqa", "test")["test"]]
    assert ids == ["swahili-validation-1", "swahili-validation-2"]


@pytest.mark.parametrize("name", ["xquad", "mlqa", "tydiqa"])
def test_answers_of_contexts_that_lost_their_space_are_moved_and_counted(
    fetched: Path, name: str
) -> None:
    """The second row's context began with two spaces, which its start of 18 still counts."""
    rows = read(fetched, name, "test")["test"]
    assert [row["answer_starts"] for row in rows] == [[16], [16]]
    assert rows[1]["context"][16:21] == "slept"
    aside = read_json(fetched / name / "test/manifest.json")["aside"]
    assert aside == {f"{language(name, 'test')}, test": {MOVED: 1}}


def test_the_pools_of_bucc_are_a_row_a_sentence(fetched: Path) -> None:
    rows = read(fetched, "bucc", "test")["test"]
    assert [(row["id"], row["source"], row["target"], row["keys"]) for row in rows] == [
        ("de-000000001", "eins de", None, ["1"]),
        ("de-000000002", "zwei de", None, ["2"]),
        ("de-000000003", "drei de", None, []),
        ("en-000000001", None, "two", ["2"]),
        ("en-000000002", None, "one", ["1"]),
    ]


def test_class_numbers_mean_what_the_data_set_says(fetched: Path) -> None:
    """The mirrored UD-POS numbers its tags backwards."""
    assert read(fetched, "udpos")["train"][0]["tags"] == ["DET", "NOUN", "NOUN", "NOUN"]


@pytest.mark.parametrize("column", ["pos_tags", "upos", "tags"])
def test_numbers_of_tags_without_names_are_in_the_order_of_upos_and_counted(column: str) -> None:
    """XTREME's: by the alphabet, so that 5 is a determiner and 7 a noun."""
    features = Features({"tokens": Sequence(Value("string")), column: Sequence(Value("int64"))})
    (row,) = map(namer(tasks()["udpos"], features), [{"tokens": ["the", "cat"], column: [5, 7]}])
    columns = tasks()["udpos"].columns
    assert read_column(row, columns["tags"]) == ["DET", "NOUN"]
    assert row[ASIDE] == [NUMBERED]


def test_the_prompt_of_xcopa_asks_in_english(fetched: Path) -> None:
    (row,) = read(fetched, "xcopa", "test")["test"]
    assert row["prompt"].endswith("What was the cause?")


def test_an_ending_of_hellaswag_follows_the_second_half_of_the_context(fetched: Path) -> None:
    (row,) = read(fetched, "hellaswag")["train"]
    assert row["prompt"] == "He ran of train."
    assert row["choices"][2] == "then he sank."


def test_translations_lose_their_line_ends(fetched: Path) -> None:
    row = read(fetched, "tatoeba", "test")["test"][0]
    assert (row["source"], row["target"]) == ("Habari sw", "Hello")


def test_a_language_of_flores_is_a_column(fetched: Path) -> None:
    row = read(fetched, "flores", "test")["test"][0]
    texts = [f"The sea of {code} devtest" for code in ("sw", "en")]
    assert [row["source"], row["target"]] == texts


def test_a_manifest_names_the_commit_that_was_read(fetched: Path) -> None:
    source = read_json(fetched / "xnli/test/manifest.json")["source"]
    assert source == f"facebook/xnli@{commit('facebook/xnli', 'main')}"


def test_only_english_is_trained_on(fetched: Path) -> None:
    for name, part in HUB_PARTS:
        if part == "train":
            assert list(read_json(fetched / name / part / "manifest.json")["languages"]) == ["en"]


def test_a_published_file_is_downloaded_and_keeps_the_contract(
    tmp_path: Path, model: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAReQA's road, from a server here instead of its own."""
    file = tmp_path / "datasets" / "xquad-r" / commit("datasets/xquad-r", "main") / "en.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"data": [{"paragraphs": [XQUAD_R]}]}), encoding="utf-8")
    with serve(tmp_path) as address:
        url = f"{address}/datasets/datasets/xquad-r/resolve/main/{{language}}.json"
        files = Files(url=url, format="xquad_r", splits={"test": "test"})
        task = replace(tasks()["lareqa"], hub=(files,))
        monkeypatch.setitem(tasks(), "lareqa", task)
        output = tmp_path / "out/manifest.json"
        found = fetch("lareqa", "test", "en", output)
        assert read_json(output)["source"] == url
        with pytest.raises(InputError, match=r"de.json: cannot be downloaded \(HTTP Error 404"):
            list(published_rows(files, "de", "test"))
    assert [row["candidate"] for row in found["test"]] == [
        None,
        "The cat sat.The cat sat.It slept.",
        "It slept.The cat sat.It slept.",
    ]
    check_examples(task, found, [], model)


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


def test_other_classes_than_the_tasks_are_an_error() -> None:
    """Numbers of classes that mean something else must not be taken for ours."""
    label = ClassLabel(names=["contradiction", "neutral", "entail"])
    rows = Dataset.from_list([{"label": 0}], features=Features({"label": label}))
    with pytest.raises(InputError, match="xnli: the hub's classes of column label are contrad"):
        namer(tasks()["xnli"], rows.features)


FAILING = """
import sys, xstilts.data.fetch
from xstilts.errors import InputError
task, language, part = sys.argv[1:4]
try:
    xstilts.data.fetch.fetch_task(task=task, part=part, languages=[language], manifest=sys.argv[4],
        source=None, commits={}, limits={})
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("task", "language", "message"),
    [
        ("xnli", "sw", "facebook/xnli, sw, test at main: cannot be read from the hub ("),
        (
            "pawsx",
            "zh",
            "paws-x, zh, test at main: cannot be read from the hub (Build",
        ),
        ("xquad", "de", "xquad, xquad.de, validation at main: cannot be read from the hub ("),
        ("mlqa", "de", "google/xtreme: unknown split 'test'; known: validation"),
    ],
)
def test_whatever_fails_at_the_hub_is_one_line_that_names_the_set(
    tmp_path: Path, task: str, language: str, message: str
) -> None:
    """A damaged file, met while it is streamed; a set without a language, or gone; a split less."""
    write_mirror(tmp_path / "mirror")
    (broken,) = (tmp_path / "mirror/facebook/xnli").glob("*/sw/test/0000.parquet")
    broken.write_bytes(broken.read_bytes()[:-30] + bytes(30))
    (paws,) = (tmp_path / "mirror/google-research-datasets/paws-x").glob("*")
    write_readme(paws, {"en": ["train"]})
    shutil.rmtree(tmp_path / "mirror/google/xquad")
    (xtreme,) = (tmp_path / "mirror/google/xtreme").glob("*")
    write_readme(xtreme, {"MLQA.de.de": ["validation"]})
    with serve(tmp_path / "mirror") as address:
        result = subprocess.run(
            [sys.executable, "-c", FAILING, task, language, "test", str(tmp_path / "out.json")],
            cwd=ROOT,
            env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub")},
            capture_output=True,
            text=True,
            check=True,
        )
    assert message in result.stdout
    assert result.stdout.count("\n") == 1
    assert "give files of your own under data" in result.stdout or "unknown split" in message


def answered(context: str, *answers: tuple[str, int]) -> dict[str, Any]:
    texts, starts = map(list, zip(*answers, strict=True))
    return {"context": context, "answers": {"text": texts, "answer_start": starts}}


@pytest.mark.parametrize(
    ("row", "starts"),
    [
        (answered("the cat", ("cat", 4)), [4]),
        (answered("the cat", ("cat", 6)), [4]),  # two spaces stood before it
        (answered("cat cat a", ("cat", 1), ("a", 9)), [0, 8]),  # by hand: one to the left for both
        (answered("a a cat", ("a", 1), ("cat", 5)), [0, 4]),  # the first alone fits at 2 as near
        (answered(" cat", ("cat", 0)), [1]),  # an answer that lost its own space
        (answered("the dog", ("cat", 4)), [4]),  # nowhere: the check of rows refuses it
    ],
)
def test_answers_are_moved_together_to_the_nearest_place(
    row: dict[str, Any], starts: list[int]
) -> None:
    moved, elsewhere = realigned(row)
    assert moved["answers"]["answer_start"] == starts
    assert elsewhere == (starts != row["answers"]["answer_start"])


def test_what_stands_in_is_read_where_the_lock_has_it_in_place_of_the_first() -> None:
    (flores,), (cosmos,) = tasks()["flores"].hub, tasks()["cosmosqa"].hub
    first, second = flores, flores.instead
    assert chosen(flores, {}) is first
    assert chosen(flores, {second.source: "0" * 40}) is second
    assert chosen(flores, {first.source: "0" * 40, second.source: "0" * 40}) is first
    assert isinstance(chosen(cosmos, {}), Files)  # its address names a commit
    assert chosen(cosmos, {cosmos.source: "0" * 40}) is cosmos


class NamelessError(TimeoutError):
    """As of a socket, without a text."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NamelessError(), "x (NamelessError); run it again where there is network"),
        (ValueError("first\nsecond"), "x (first); run it again, and if it stays so give files"),
    ],
)
def test_an_error_of_a_library_is_one_line_that_says_what_to_do(
    error: Exception, told: str
) -> None:
    with pytest.raises(InputError) as raised, in_one_line("x"):
        try:
            raise error
        except Exception as inner:
            raise type(error)(*error.args) from inner
    assert str(raised.value).startswith(told)
    assert "\n" not in str(raised.value)
