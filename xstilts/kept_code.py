"""The code that results were made by, and results that are kept over an edit of it.

A job runs again when its code has changed (`xstilts.job_code`). A user who knows that an edit
changes no result says so with `xstilts keep`: what was made by the code of the last finished run
then counts as made by today's. The next edit is not covered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import InputError, check_name
from xstilts.io.tables import read_json, write_json
from xstilts.job_code import job_code

RECORD = "code.json"  # in the results folder: digest by [script, tasks, measures]
KEPT = "kept_code.json"  # beside it: script, and the digest that counts, by today's digest


class CodeOfResults:
    """The digests that a results folder's jobs are known by."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.kept = _read(results / KEPT)
        self.asked: dict[str, str] = {}

    def digest(self, script: str, tasks: Sequence[str], measures: Sequence[str]) -> str:
        """The digest that a script's jobs for some tasks and measures are known by."""
        today = job_code(script, tuple(tasks), tuple(measures))
        _, effective = self.kept.get(today, (script, today))
        self.asked[json.dumps([script, [*tasks], [*measures]])] = effective
        return str(effective)

    def kept_scripts(self) -> list[str]:
        """Scripts whose results of other code than today's are kept."""
        return sorted({script for script, _ in self.kept.values()})

    def record(self, *, finished: bool) -> None:
        """Write down the digests that were asked for; while a run is unfinished, only new ones.

        So an edit can be kept until what it reruns has run.
        """
        before = _read(self.results / RECORD)
        record = {**before, **self.asked} if finished else {**self.asked, **before}
        write_json(self.results / RECORD, record)

    def keep(self, scripts: Collection[str]) -> int:
        """Let what these scripts made count as made by today's code; return how many digests.

        Raises:
            InputError: the folder has no record of a run, or none of such a script.
        """
        place = self.results / RECORD
        records = [(json.loads(key), recorded) for key, recorded in _read(place).items()]
        if not records:
            raise InputError(f"{place}: not there: name the results folder of a run")
        for script in scripts:
            check_name("script", script, {script for (script, *_), _ in records}, str(place))
        changed = {}
        for (script, tasks, measures), recorded in records:
            today = job_code(script, tuple(tasks), tuple(measures))
            if script in scripts and today != recorded:
                changed[today] = [script, recorded]
        self.kept |= changed
        write_json(self.results / KEPT, self.kept)
        return len(changed)


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
