"""The command `xstilts`: what one does beside `snakemake`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from xstilts import __version__
from xstilts.errors import InputError
from xstilts.jobs import run_warm


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; an error the user can mend is one line on standard error."""
    parser = argparse.ArgumentParser(prog="xstilts", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    warm = commands.add_parser("warm", help="run a command whose local jobs start at once")
    warm.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    forget = commands.add_parser("forget", help="forget finished cells, so that they run anew")
    forget.add_argument("scores", nargs="+", type=Path, help="score files of the cells")
    score = commands.add_parser(
        "score", help="score a predictions file as the official scorer does"
    )
    score.add_argument("--target", required=True)
    score.add_argument("--language", required=True)
    score.add_argument("--predictions", required=True, type=Path, help="formats: docs/scorers.md")
    score.add_argument("--gold", type=Path)
    commands.add_parser("lock-data", help="write the commits of all hub data to data.lock.yaml")
    chosen = parser.parse_args(arguments)
    try:
        return COMMANDS[chosen.command](chosen)
    except InputError as error:
        print(f"xstilts: {error}", file=sys.stderr)
        return 1


def _warm(chosen: argparse.Namespace) -> int:
    return run_warm(chosen.words)


def _score(chosen: argparse.Namespace) -> int:
    """Print the metrics as JSON: percent, full precision."""
    from xstilts.official import score_files

    found = score_files(chosen.target, chosen.language, chosen.predictions, chosen.gold)
    print(json.dumps(found))
    return 0


def _lock(chosen: argparse.Namespace) -> int:
    """Print a line a commit found."""
    from xstilts.lock import lock_data

    for line in lock_data():
        print(line)
    return 0


def _forget(chosen: argparse.Namespace) -> int:
    """Remove cells from results and store; the store lies beside the folder `scores`."""
    from xstilts.store import forget

    for file in chosen.scores:
        roots = [parent.parent for parent in file.parents if parent.name == "scores"]
        if not roots:
            raise InputError(f"{file}: not a score file of a results folder")
        print(f"forgot {file} ({forget(roots[0] / 'store', file)[:12]})")
    return 0


COMMANDS = {"warm": _warm, "forget": _forget, "score": _score, "lock-data": _lock}

if __name__ == "__main__":
    sys.exit(main())
