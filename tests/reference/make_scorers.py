"""Freeze what the official XTREME scorers answer on small invented inputs.

Usage: python make_scorers.py XTREME_CHECKOUT SEQEVAL_FOLDER > scorers.json

XTREME_CHECKOUT is a work tree of github.com/google-research/xtreme at commit
838c13b69daafb9328785d16caae2711e4012123 (3 November 2022), SEQEVAL_FOLDER the
unpacked source of seqeval 0.0.12 (the version of XTREME's environment). numpy and
faiss-cpu (1.15.1 was used; faiss can come by PYTHONPATH) have to be importable;
torch and transformers are not needed. Every number in the output comes out of that
code, which is imported, not copied; only the inputs are made up here.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from scorer_cases.answering import MLQA, SQUAD, qa_cases
from scorer_cases.driver import driver
from scorer_cases.mining import bucc
from scorer_cases.retrieval import lareqa, lareqa_data, mewslix, mewslix_text, sentence_breaks
from scorer_cases.tagging import seqeval_cases


def show(value: Any, depth: int) -> str:
    """JSON with a line for each case, at a readable length."""
    if depth and isinstance(value, dict) and value:
        rows = [f"{json.dumps(k)}: {show(v, depth - 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n}"
    if depth and isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(show(v, 0) for v in value) + "\n]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    sys.path[:0] = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = {
            "seqeval": seqeval_cases(),
            "squad": qa_cases(SQUAD),
            "mlqa": [c for language, rows in MLQA.items() for c in qa_cases(rows, language)],
            "lareqa": lareqa(),
            "lareqa_data": lareqa_data(),
            "sentence_breaks": sentence_breaks(),
            "mewslix": mewslix(),
            "mewslix_text": mewslix_text(),
            "bucc": bucc(folder),
            "driver": driver(folder),
        }
    print(show(out, 2))


if __name__ == "__main__":
    main()
