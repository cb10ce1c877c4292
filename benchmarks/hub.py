"""Fetching and encoding at the hub's real sizes: seconds, rows per second, peak memory, disk.

    python -m benchmarks.hub [--json] [--only mnli,bucc] [--share 0.01]

Rows are made up, in the schemas and the numbers of the hub's data sets (`planning/sizes.csv`), and
lie in a mirror on this machine, so that a network's time is not in the figures: the job's own is.
Mewsli-X is read from the folder of its release. Each job is a process of its own, whose largest
resident size is told. With XSTILTS_ENCODER set, that model's tokenizer is used, else a small one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.data.releases import POOL
from xstilts.encoder.model import load_tokenizer
from xstilts.planning.sizes import TABLE

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))  # where the mirror is

from helpers.hub_data import write_model  # noqa: E402
from helpers.hub_mirror import commit, serve, write_readme  # noqa: E402

RESULT = ROOT / "docs/performance/hub.json"
WORDS = 30_000  # different ones
LONGEST = 4096  # MiB that a job of the login node may take
ANSWERS = [("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int32()))]
# Examples by split, of the data sets' cards.
ROUNDS = {"train_r1": 16_946, "train_r2": 45_460, "train_r3": 100_459}
ROUNDS |= {"dev_r1": 1000, "dev_r2": 1000, "dev_r3": 1200}
SNLI = {"train": 550_152, "validation": 10_000}
JOB = """
import importlib, json, sys
from pathlib import Path
module, name, arguments = json.load(sys.stdin)
getattr(importlib.import_module(module), name)(**arguments)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""  # its own largest size: what the kernel reports of a child counts the parent's as well


class Texts:
    """Made-up texts of words that are one piece of a tokenizer each, drawn by Zipf's law."""

    def __init__(self, seed: int, encoder: Path) -> None:
        self.random = np.random.default_rng(seed)
        pieces = sorted(load_tokenizer(encoder).get_vocab().items(), key=lambda item: item[1])
        words = [piece.lstrip("▁") for piece, _ in pieces if piece.lstrip("▁").isalpha()]
        self.words = np.array(words[:WORDS], dtype=object)

    def many(self, rows: int, words: int) -> list[str]:
        """Texts of about so many words."""
        sizes = self.random.integers(max(1, words // 2), words * 3 // 2 + 1, rows)
        drawn = self.words[self.random.zipf(1.3, sizes.sum()) % len(self.words)]
        return [" ".join(part) for part in np.split(drawn, sizes.cumsum()[:-1])]


def sizes_of(task: str, part: str) -> dict[tuple[str, str], int]:
    """Examples of a set by (language, split)."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (row["language"], row["split"]): int(row["examples"])
            for row in csv.DictReader(file)
            if (row["task"], row["part"]) == (task, part)
        }


def repository(root: Path, path: str) -> Path:
    """The folder of a mirrored data set."""
    folder = root / path / commit(path, "main")
    folder.mkdir(parents=True)
    return folder


def write_split(folder: Path, config: str, split: str, table: pa.Table) -> None:
    """A split as the hub's converter writes it: groups of 1,000 rows."""
    file = folder / config / split / "0000.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file, row_group_size=1000)


def nli(texts: Texts, rows: int) -> pa.Table:
    """Pairs of 26 and 14 words."""
    columns = {"premise": texts.many(rows, 26), "hypothesis": texts.many(rows, 14)}
    return pa.table({**columns, "label": texts.random.integers(0, 3, rows)})


def mnli(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """MNLI's training set and its matched validation set."""
    folder = repository(root, "nyu-mll/glue")
    names = {"train": "train", "dev": "validation_matched"}
    for (_, split), count in sizes_of("mnli", "train").items():
        write_split(folder, "mnli", names[split], nli(texts, int(count * share)))
    write_readme(folder, {"mnli": names.values()})
    return {"task": "mnli", "part": "train", "languages": ["en"]}


def anli(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """The largest training set: three rounds of ANLI, SNLI and MNLI."""
    mnli(root, texts, share)
    sizes = {"facebook/anli": ROUNDS, "stanfordnlp/snli": SNLI}
    for path, splits in sizes.items():
        folder = repository(root, path)
        for split, count in splits.items():
            write_split(folder, "plain_text", split, nli(texts, max(2, int(count * share))))
        write_readme(folder, {"plain_text": splits})
    return {"task": "anli", "part": "train", "languages": ["en"]}


def squad1(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """SQuAD 1.1: five questions per paragraph of 150 words, the answer its fourth word."""
    folder = repository(root, "rajpurkar/squad")
    for (_, split), count in sizes_of("squad1", "train").items():
        rows = int(count * share)
        contexts = [text for text in texts.many(rows // 5 + 1, 150) for _ in range(5)][:rows]
        answers = [" ".join(context.split(" ")[3:4]) for context in contexts]
        starts = [len(" ".join(context.split(" ")[:3])) + 1 for context in contexts]
        spans = [
            {"text": [text], "answer_start": [at]} for text, at in zip(answers, starts, strict=True)
        ]
        columns = {
            "id": [f"{split}-{at}" for at in range(rows)],
            "context": contexts,
            "question": texts.many(rows, 11),
            "answers": pa.array(spans, pa.struct(ANSWERS)),
        }
        name = {"train": "train", "dev": "validation"}[split]
        write_split(folder, "plain_text", name, pa.table(columns))
    write_readme(folder, {"plain_text": ["train", "validation"]})
    return {"task": "squad1", "part": "train", "languages": ["en"]}


def wikipedia(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """The first 20,000 of 60,000 articles in each of three languages, of 450 words."""
    folder, codes = repository(root, "wikimedia/wikipedia"), ["en", "de", "sw"]
    for code in codes:
        rows = int(60_000 * share)
        names = {"id": [str(at) for at in range(rows)], "title": texts.many(rows, 2)}
        table = pa.table({**names, "text": texts.many(rows, 450)})
        write_split(folder, f"20231101.{code}", "train", table)
    write_readme(folder, {f"20231101.{code}": ["train"] for code in codes})
    return {"task": "wikipedia", "part": "train", "languages": codes}


def wikiann(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """The test sets of 48 languages, of eight words per sentence."""
    folder, sizes = repository(root, "unimelb-nlp/wikiann"), sizes_of("wikiann", "test")
    codes = [language for language, _ in sizes]
    for (code, _), count in sizes.items():
        words = [text.split(" ") for text in texts.many(max(2, int(count * share)), 8)]
        tags = [texts.random.integers(0, 7, len(each)).tolist() for each in words]
        write_split(folder, code, "test", pa.table({"tokens": words, "ner_tags": tags}))
    write_readme(folder, {code: ["test"] for code in codes})
    return {"task": "wikiann", "part": "test", "languages": codes}


def bucc(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """The German pools, 413,869 and 399,337 sentences, in one row; the sample from files."""
    folder = repository(root, "mteb/BUCC")
    counts = [int(count * share) for count in (413_869, 399_337)]
    gold = [[at, at] for at in range(1, min(counts) // 40)]
    row = {"sentence1": texts.many(counts[0], 19), "sentence2": texts.many(counts[1], 19)}
    file = folder / "de-en/test.json.gz"
    file.parent.mkdir()
    with gzip.open(file, "wt", encoding="utf-8") as opened:
        json.dump({**row, "gold": gold}, opened)
    write_readme(folder, {"de-en": ["test"]}, "test.json.gz")
    sample = root / "sample/de-en"
    sample.mkdir(parents=True)
    for side, count in (("de", 32_593), ("en", 40_354)):
        lines = enumerate(texts.many(max(2, int(count * share)), 19), start=1)
        text = "".join(f"{side}-{at}\t{sentence}\n" for at, sentence in lines)
        (sample / f"de-en.sample.{side}").write_text(text, encoding="utf-8")
    (sample / "de-en.sample.gold").write_text("de-1\ten-1\n", encoding="utf-8")
    source = {"path": {"dev": str(root / "sample")}, "format": "bucc"}
    return {"task": "bucc", "part": "test", "languages": ["de"], "source": source}


def mewslix(root: Path, texts: Texts, share: float) -> dict[str, Any]:
    """A million candidates of 35 words, and the mentions of 11 languages among as many words."""
    folder, sizes = root / "mewslix", sizes_of("mewslix", "test")
    folder.mkdir(parents=True)
    entities = int(sizes.pop((POOL, "test")) * share)
    with (folder / "candidate_set_entities.jsonl").open("w", encoding="utf-8") as file:
        for at, text in enumerate(texts.many(entities, 35)):
            span = {"start": 0, "end": len(text)}
            entity = {"entity_id": f"Q{at}", "description": text, "sentence_spans": [span]}
            file.write(json.dumps(entity) + "\n")
    with (folder / "wikinews_mentions-test.jsonl").open("w", encoding="utf-8") as file:
        for (code, _), count in sizes.items():
            for at, text in enumerate(texts.many(max(2, int(count * share)), 35)):
                span = {"start": 0, "end": len(text.split(" ")[0])}
                sentence = {"start": 0, "end": len(text)}
                context = {"language": code, "text": text, "sentence_spans": [sentence]}
                entity = f"Q{at % entities}"
                mention = {"example_id": f"{code}-{at}", "entity_id": entity, "mention_span": span}
                file.write(json.dumps({"context": context, "mentions": [mention]}) + "\n")
    source = {"path": str(folder), "format": "mewslix"}
    codes = [language for language, _ in sizes]
    return {"task": "mewslix", "part": "test", "languages": codes, "source": source}


SETS: dict[str, Callable[[Path, Texts, float], dict[str, Any]]] = {
    "mnli": mnli,
    "anli": anli,
    "squad1": squad1,
    "wikipedia": wikipedia,
    "wikiann": wikiann,
    "bucc": bucc,
    "mewslix": mewslix,
}


def measured(
    module: str, name: str, arguments: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, float]:
    """Seconds and largest resident MiB of a job in a process of its own."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", JOB],
        input=json.dumps([module, name, arguments]),
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 1), "mib": int(done.stdout.split()[-1])}


def disk(folder: Path) -> float:
    """MiB of all files below a folder."""
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20)


def run_set(name: str, share: float, encoder: Path) -> dict[str, Any]:
    """One set, written, fetched and encoded."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        part = SETS[name](folder / "mirror", Texts(len(name), encoder), share)
        data, encoded = folder / "data/manifest.json", folder / "encoded/manifest.json"
        with serve(folder / "mirror") as address:
            own = {"HF_ENDPOINT": address, "HF_HOME": str(folder / "hub"), "OMP_NUM_THREADS": "1"}
            words = {"manifest": str(data), "commits": {}, "limits": {}}
            arguments = {"source": None, **part, **words}
            fetched = measured("xstilts.data.fetch", "fetch_task", arguments, {**os.environ, **own})
        model = folder / "model.json"
        model.write_text(json.dumps({"pretrained": str(encoder)}), encoding="utf-8")
        arguments = {"task": part["task"], "data": str(data), "pretrained": str(model)}
        arguments |= {"encoded": str(encoded), "max_length": None}
        written = measured("xstilts.data.encode", "encode_task", arguments, dict(os.environ))
        rows = sum(
            each["kept"] for each in json.loads(data.read_text(encoding="utf-8"))["read"].values()
        )
        return {
            "set": f"{part['task']} {part['part']}",
            "languages": len(part["languages"]),
            "rows": rows,
            "fetch": {**fetched, "rows_a_second": round(rows / fetched["seconds"])},
            "encode": {**written, "rows_a_second": round(rows / written["seconds"])},
            "disk_mib": {
                "data": disk(data.parent),
                "encoded": disk(encoded.parent),
                "hub_cache": disk(folder / "hub"),
            },
        }


def main() -> None:
    """Run, print one line per set, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    parser.add_argument("--only", default=",".join(SETS), help="which sets")
    parser.add_argument("--share", type=float, default=1.0, help="of the hub's rows")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        encoder = Path(os.environ.get("XSTILTS_ENCODER", place))
        if "XSTILTS_ENCODER" not in os.environ:
            write_model(encoder, "small")
        results = []
        for name in chosen.only.split(","):
            results.append(run_set(name, chosen.share, encoder))
            print(json.dumps(results[-1]), flush=True)
    over = [each["set"] for each in results if each["fetch"]["mib"] > LONGEST]
    print(f"jobs of the login node above {LONGEST} MiB: {', '.join(over) or 'none'}")
    if chosen.json and chosen.share == 1:
        tokenizer = "a given encoder's" if "XSTILTS_ENCODER" in os.environ else "small"
        result = {"tokenizer": tokenizer, "sets": results}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
