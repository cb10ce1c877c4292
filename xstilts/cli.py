"""The command `xstilts`: what one does beside `snakemake`."""

from __future__ import annotations

import argparse
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
    chosen = parser.parse_args(arguments)
    try:
        return run_warm(chosen.words) if chosen.command == "warm" else _forget(chosen.scores)
    except InputError as error:
        print(f"xstilts: {error}", file=sys.stderr)
        return 1


def _forget(scores: list[Path]) -> int:
    """Remove cells from results and store; the store lies beside the folder `scores`."""
    from xstilts.store import forget

    for file in scores:
        roots = [parent.parent for parent in file.parents if parent.name == "scores"]
        if not roots:
            raise InputError(f"{file}: not a score file of a results folder")
        print(f"forgot {file} ({forget(roots[0] / 'store', file)[:12]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
