"""How a rule's script runs its function: log opened, errors in one line, in a warm process if any.

Importing torch and transformers costs several CPU seconds per process, more than a small model's
training. `xstilts warm COMMAND ...` imports them once and runs COMMAND; jobs that COMMAND starts on
the same machine are then forks of that process. Without it (on a cluster) a job imports for itself.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import Any

from xstilts.errors import InputError
from xstilts.languages import add_languages

WARM = "XSTILTS_WARM"  # environment variable: the warm process's socket
PRELOAD = (
    "xstilts.training.phases",
    "xstilts.similarity.embeddings",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",  # the architecture of the study's
)
FORM = "%(asctime)s %(levelname)s %(message)s"  # of a line of a job's log
WARNING = re.compile(r"\S+ \S+ WARNING (.*)")
PATIENCE = 5  # seconds between checks that the parent is still there


def share_package() -> None:
    """Let the jobs that this process starts import this copy of the package, installed or not.

    They read and write UTF-8 whatever the locale is, names of files included.
    """
    root = str(Path(__file__).parents[1])
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([root, *filter(None, paths)]))
    os.environ["PYTHONUTF8"] = "1"


def check_interpreter(executable: str) -> None:
    """Raise if jobs cannot be started: Snakemake writes the interpreter's path unquoted."""
    if re.search(r"[\s\"'\\$`&|;<>()*?\[\]{}#!~]", executable):
        raise InputError(
            f"this Python's path, {executable}, holds a character that the shell of jobs would "
            "read as its own; make the environment in a folder without spaces, brackets and quotes"
        )


def run_rule(snakemake: Any, function: str, **more: Any) -> None:
    """Run a rule's `module:name` with what the rule names: inputs, outputs, params, wildcards.

    Each is passed under its own name if the function has such a parameter; `more` comes on top. The
    languages that the config's table adds are known.
    """
    values = {
        **dict(snakemake.wildcards.items()),
        **dict(snakemake.params.items()),
        **dict(snakemake.input.items()),
        **dict(snakemake.output.items()),
    }
    plain = {name: list(each) if isinstance(each, list) else each for name, each in values.items()}
    run_job(
        snakemake.log[0],
        snakemake.threads,
        function,
        rule=snakemake.rule,
        language_table=snakemake.config["language_table"],
        **{**plain, **more},
    )


def run_job(
    log: str,
    threads: int,
    function: str,
    *,
    rule: str = "",
    language_table: str | None = None,
    **arguments: Any,
) -> None:
    """Run `module:name` with keyword arguments that JSON can hold; output goes to the log.

    Arguments that the function does not have are left out. `rule` names it in messages. Its
    warnings go to the terminal too, where the user sees them without opening a log.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", encoding="utf-8") as file:
        job = {"function": function, "arguments": arguments, "threads": threads}
        request = json.dumps({**job, "language_table": language_table}).encode()
        address = os.environ.get(WARM, "")
        if Path(address).is_socket():  # not on another machine that inherits the variable
            status = _ask(address, request, file.fileno())
        else:
            status = _call(request, file.fileno())
    lines = Path(log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    for warning in dict.fromkeys(filter(None, map(WARNING.fullmatch, lines))):
        print(f"{rule or function}: warning: {warning[1]}", file=sys.stderr)
    if status:
        sys.exit(f"{rule or function} failed: {lines[-1] if lines else 'killed'} (log: {log})")


def _call(request: bytes, log: int) -> int:
    """Run a request in this process; messages, errors and standard error go to the log."""
    job = json.loads(request)
    module, name = job["function"].split(":")
    _use_threads(job["threads"])
    with os.fdopen(os.dup(log), "w", encoding="utf-8") as file, _redirected(log):
        handler = logging.StreamHandler(file)
        logging.basicConfig(level=logging.INFO, format=FORM, handlers=[handler], force=True)
        try:
            add_languages(job["language_table"])
            function = getattr(importlib.import_module(module), name)
            parameters = inspect.signature(function).parameters
            function(**{key: each for key, each in job["arguments"].items() if key in parameters})
        except (InputError, SystemExit) as end:  # a mistake; a training that was interrupted
            file.write(f"{end}\n")
            return 1
        except BaseException as error:  # a panic in a compiled library is no Exception
            # CUDA's messages have several lines, of which the first one says what happened.
            first = traceback.format_exception_only(error)[0].splitlines()[0]
            file.write(f"{traceback.format_exc()}\n{first}\n")
            return 1
    return 0


@contextmanager
def _redirected(log: int) -> Iterator[None]:
    """Send standard error to the log, unless it is a terminal, which shows progress bars."""
    if sys.stderr.isatty():
        yield
        return
    stderr = os.dup(2)
    os.dup2(log, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _use_threads(threads: int) -> None:
    """Keep jobs that run side by side from taking each other's cores."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _ask(address: str, request: bytes, log: int) -> int:
    """Have the warm process run a request; returns the exit status of its fork."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
        tempfile.TemporaryFile() as file,  # a message of a socket has a size limit, a file has none
    ):
        file.write(request)
        file.flush()
        connection.connect(address)
        socket.send_fds(connection, [b"."], [log, file.fileno()])
        answer = connection.recv(16)
    return int(answer) if answer else 1


def run_warm(command: Sequence[str]) -> int:
    """Run a command beside a warm process, and return its exit status.

    Without a socket, as where the path of TMPDIR is too long for one, there is no warm process.
    """
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            server.bind(address)
        except OSError as error:
            print(f"xstilts: each job imports for itself: {error}: {address}", file=sys.stderr)
            return Popen(command).wait()
        server.listen(64)
        for module in PRELOAD:
            importlib.import_module(module)
        process = Popen(command, env={**os.environ, WARM: address})
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command decides what an interrupt means
        child = os.fork()
        if child == 0:
            _serve(server)
        status = process.wait()
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    return status


def _serve(server: socket.socket) -> None:
    """Fork for every request until the parent has gone. This process never starts a thread."""
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server.settimeout(PATIENCE)
    while os.getppid() == parent:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            server.close()
            try:
                _answer(connection)
            finally:
                os._exit(0)  # whatever happened, a fork never returns into the server
        connection.close()
    os._exit(0)


def _answer(connection: socket.socket) -> None:
    """In the fork: run one request and send its exit status; end if the asker has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _, (log, request), _, _ = socket.recv_fds(connection, 1, 2)
    Thread(target=_watch, args=(connection,), daemon=True).start()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.lseek(request, 0, os.SEEK_SET)
    with os.fdopen(request, "rb") as file:
        status = _call(file.read(), log)
    connection.send(str(status).encode())


def _watch(connection: socket.socket) -> None:
    """The asker sends nothing more; if its end closes, it was killed, and this job ends too."""
    connection.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
