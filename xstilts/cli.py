"""The command `xstilts`: what one does beside `snakemake`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xstilts import __version__
from xstilts.errors import InputError
from xstilts.jobs import run_warm


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; an error the user can mend is one line on standard error."""
    chosen = _parser().parse_args(arguments)
    try:
        code = COMMANDS[chosen.command](chosen)
        sys.stdout.flush()
    except InputError as error:
        print(f"xstilts: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has seen enough, as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xstilts", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    warm = commands.add_parser("warm", help="run a command whose local jobs start at once")
    warm.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    forget = commands.add_parser("forget", help="forget cells or checkpoints: they run anew")
    forget.add_argument("paths", nargs="+", type=Path, help="scores.parquet or checkpoint.json")
    forget.add_argument("--store", type=Path, help="the config's store, if it names one")
    verify = commands.add_parser("verify", help="name finished files that are damaged")
    verify.add_argument("results", type=Path)
    keep = commands.add_parser("keep", help="keep results over an edit that changes none of them")
    keep.add_argument("results", type=Path)
    keep.add_argument("scripts", nargs="+", metavar="SCRIPT", help="as train_intermediate")
    prune = commands.add_parser("prune", help="clear a store of what no results folder links to")
    prune.add_argument("store", type=Path)
    score = commands.add_parser(
        "score", help="score a predictions file as the official scorer does"
    )
    score.add_argument("--target", required=True)
    score.add_argument("--language", required=True)
    score.add_argument("--predictions", required=True, type=Path, help="formats: docs/scorers.md")
    score.add_argument("--gold", type=Path)
    world = commands.add_parser("world", help="invent data in which the effect is known")
    world.add_argument("folder", type=Path)
    world.add_argument("--seed", type=int, default=0)
    world.add_argument("--effect", type=_share, default=1.0, help="0: similarity means nothing")
    world.add_argument("--train", type=_positive, default=2400, help="examples per task")
    world.add_argument("--dev", type=_positive, default=100, help="examples per task")
    world.add_argument("--test", type=_positive, default=150, help="examples per task and language")
    commands.add_parser("lock-data", help="write the commits of all hub data to data.lock.yaml")
    fit = commands.add_parser("fit", help="fit a mixed model to a table of scores")
    fit.add_argument("table", type=Path, help="Parquet or CSV")
    fit.add_argument("--formula", required=True, help="Wilkinson notation: docs/inference.md")
    fit.add_argument("--outcome", default="gap", help="of a formula without a response")
    fit.add_argument("--weights", help="column of prior weights: variances are divided by them")
    fit.add_argument("--ml", action="store_true", help="maximum likelihood in place of REML")
    fit.add_argument("--json", action="store_true")
    ahead = commands.add_parser("predict", help="what a language that was not run would lose")
    ahead.add_argument("--language", required=True)
    ahead.add_argument("--config", type=Path, nargs="*", default=[], help="as --configfile")
    ahead.add_argument("--json", action="store_true")
    plan = commands.add_parser("plan", help="what a config's grid will cost, and what it has cost")
    plan.add_argument("--config", type=Path, nargs="*", default=[], help="as --configfile")
    plan.add_argument("--device", default="h100", help="a device of planning/rates.csv")
    plan.add_argument("--gpus", type=int, default=8, help="how many of it work at once")
    plan.add_argument("--budget", type=_hours, help="GPU hours, as 500h: which cells come first")
    power = commands.add_parser("power", help="the chance to find an effect on a config's grid")
    power.add_argument("--config", type=Path, nargs="*", default=[], help="as --configfile")
    power.add_argument("--effect", type=float, default=-1.0, help="points per SD of similarity")
    power.add_argument("--variances", type=Path, help="variances.parquet of a run; else guesses")
    power.add_argument("--draws", type=int, default=20, help="drawn similarities per size")
    power.add_argument("--cores", type=int, default=1)
    power.add_argument("--output", type=Path, default=Path("power"), help="NAME.csv and NAME.svg")
    return parser


def _score(chosen: argparse.Namespace) -> int:
    """Print the metrics as JSON, in percent and full precision; what was not scored, in words."""
    from xstilts.evaluation.score_files import COUNTED, score_files

    metrics = score_files(chosen.target, chosen.language, chosen.predictions, chosen.gold)
    print(json.dumps(metrics))
    for name, words in COUNTED.items():
        if name in metrics:
            print(f"{chosen.predictions}: {words.format(metrics[name])}", file=sys.stderr)
    return 0


def _lock(chosen: argparse.Namespace) -> int:
    """Print one line per commit found."""
    from xstilts.data.lock import lock_data

    for line in lock_data():
        print(line)
    return 0


def _world(chosen: argparse.Namespace) -> int:
    """Write data, model and tables, which config/demo.yaml names."""
    from xstilts.world import World
    from xstilts.world.files import write_world

    settings = {name: getattr(chosen, name) for name in ("seed", "effect", "train", "dev", "test")}
    write_world(World(**settings), chosen.folder)
    print(f"{chosen.folder}: an invented world")
    return 0


def _forget(chosen: argparse.Namespace) -> int:
    """Remove cells from results and store, and checkpoints."""
    from xstilts.maintenance import forget

    for path in chosen.paths:
        try:
            forget(path, _store(chosen, path))
        except OSError as error:  # read-only, or another owner's
            raise InputError(str(error)) from error
        print(f"forgot {path}")
    return 0


def _store(chosen: argparse.Namespace, path: Path) -> Path:
    """The store that is named, else the one beside the results that a path lies in."""
    inside = [*path.parents][::-1]
    roots = [each.parent for each in inside if each.name in ("scores", "intermediate", "tuned")]
    if not chosen.store and not roots:
        raise InputError(f"{path}: not in a results folder")
    return chosen.store or roots[0] / "store"


def _verify(chosen: argparse.Namespace) -> int:
    """Print what is damaged, one line each."""
    from xstilts.maintenance import damaged

    problems = list(damaged(chosen.results))
    for path, wrong in problems:
        print(f"{path}\t{wrong}")
    return 1 if problems else 0


def _keep(chosen: argparse.Namespace) -> int:
    """Print how many digests of code count as those that made the results."""
    from xstilts.kept_code import CodeOfResults

    count = CodeOfResults(chosen.results).keep(chosen.scripts)
    print(f"results of {', '.join(chosen.scripts)} are kept over {count} changes of their code")
    return 0


def _prune(chosen: argparse.Namespace) -> int:
    """Print what is removed, one line each."""
    from xstilts.io.store import prune

    for entry in prune(chosen.store):
        print(f"removed {entry}")
    return 0


def _fit(chosen: argparse.Namespace) -> int:
    """Print the fixed and random effects, or all of it as JSON."""
    from xstilts.degradation.fit_table import fit_table

    model = fit_table(chosen.table, chosen.formula, chosen.outcome, not chosen.ml, chosen.weights)
    if chosen.json:
        print(json.dumps(model.summary()))
        return 0
    print(f"{model.formula}\n{model.criterion} {model.neg2loglik:.4f}, {model.n} rows")
    print(f"\n{_aligned(model.fixed)}\n\n{_aligned(model.random)}")
    for term in model.dropped:
        print(f"dropped, as these data cannot hold it: {term}")
    for note in model.notes:
        print(f"note: {note}")
    return 0


def _predict(chosen: argparse.Namespace) -> int:
    """Print the prediction for every intermediate and target."""
    from xstilts.config import read_config, specification
    from xstilts.degradation.forecast import Forecast, forecast, known_of

    config, grid = read_config(*chosen.config)
    request = Forecast(
        language=chosen.language,
        known=dict(known_of(config, grid, chosen.language)),
        headline=config["similarity"]["headline"],
        wanted=specification(config),
    )
    predictions = forecast(Path(config["results"]), request)
    print(predictions.to_json(orient="records") if chosen.json else _aligned(predictions))
    return 0


def _hours(text: str) -> float:
    return float(text.removesuffix("h"))


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not from 0 to 1")
    return share


def _positive(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not 1 or more")
    return count


def _plan(chosen: argparse.Namespace) -> int:
    """Print the plan; for a begun run, planned against spent; with a budget, only what fits."""
    from xstilts.config import read_config
    from xstilts.planning.plan import planned
    from xstilts.planning.summary import budgeted, compared_with, summary

    config, grid = read_config(*chosen.config)
    jobs = planned(config, grid, chosen.device)
    if chosen.budget is not None:
        print(budgeted(config, jobs, chosen.device, chosen.budget))
        return 0
    print(summary(config, grid, jobs, chosen.device, chosen.gpus))
    if (Path(config["results"]) / "costs").is_dir():
        print(compared_with(jobs, Path(config["results"])))
    return 0


def _power(chosen: argparse.Namespace) -> int:
    """Print the table, and write it and its figure."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: its processes share the cores
    from xstilts.config import read_config, specification
    from xstilts.degradation.parts import PARTS
    from xstilts.degradation.power import (
        Study,
        expected_spreads,
        facts_of,
        grid_size,
        power_table,
    )
    from xstilts.report.power_figure import plot_power

    config, grid = read_config(*chosen.config)
    wanted = specification(config)
    study = Study(
        shape=grid_size(grid),
        specification=wanted,
        facts=facts_of(grid, wanted),
        effect=chosen.effect,
        spreads=expected_spreads(chosen.variances),
        tests=len(grid.measures) * len(PARTS),
    )
    power = power_table(study, chosen.draws, chosen.cores)
    figure, data = (chosen.output.with_suffix(suffix) for suffix in (".svg", ".csv"))
    plot_power(power=power, effect=chosen.effect, figure=str(figure), data=str(data))
    print(f"{_aligned(power)}\n\n{figure}, {data}")
    return 0


def _aligned(frame: Any) -> str:
    from xstilts.io.tables import aligned

    return aligned(frame)


COMMANDS = {
    "warm": lambda chosen: run_warm(chosen.words),
    "forget": _forget,
    "verify": _verify,
    "keep": _keep,
    "prune": _prune,
    "score": _score,
    "lock-data": _lock,
    "world": _world,
    "fit": _fit,
    "predict": _predict,
    "plan": _plan,
    "power": _power,
}

if __name__ == "__main__":
    sys.exit(main())
