"""How a rule's script runs its function: log opened, errors in one line, in a warm process if any.

Importing torch and transformers costs several CPU seconds a process, more than a small model's
training. `xstilts warm COMMAND ...` imports them once and runs COMMAND; jobs that COMMAND starts on
the same machine are then forks of that process. Without it (on a cluster) a job imports for itself.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import Any

from xstilts.errors import InputError

WARM = "XSTILTS_WARM"  # environment variable: the warm process's socket
PRELOAD = ("xstilts.training", "xstilts.embeddings", "xstilts.world.encoder")
MOST = 1 << 20  # bytes of a request


def run_job(log: str, threads: int, function: str, **arguments: Any) -> None:
    """Run `module:name` with keyword arguments that JSON can hold; output goes to the log."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w") as file:
        request = json.dumps(
            {"function": function, "arguments": arguments, "threads": threads}
        ).encode()
        if address := os.environ.get(WARM):
            status = _ask(address, request, file.fileno())
        else:
            status = _call(request, file.fileno())
    if status:
        lines = Path(log).read_text().strip().splitlines()
        sys.exit(f"{function} failed: {lines[-1] if lines else 'killed'} (log: {log})")


def _call(request: bytes, log: int) -> int:
    """Run a request in this process, standard output and error going to the log."""
    if not sys.stderr.isatty():
        os.dup2(log, sys.stderr.fileno())
    job = json.loads(request)
    _use_threads(job["threads"])
    handler = logging.StreamHandler(os.fdopen(os.dup(log), "w"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", handlers=[handler], force=True
    )
    module, name = job["function"].split(":")
    try:
        getattr(importlib.import_module(module), name)(**job["arguments"])
    except InputError as error:
        handler.stream.write(f"{error}\n")
        return 1
    except Exception:
        handler.stream.write(traceback.format_exc())
        return 1
    finally:
        handler.flush()
    return 0


def _use_threads(threads: int) -> None:
    """Keep jobs that run side by side from taking each other's cores."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _ask(address: str, request: bytes, log: int) -> int:
    """Have the warm process run a request; returns the exit status of its fork."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(address)
        socket.send_fds(connection, [request], [log])
        answer = connection.recv(16)
    return int(answer) if answer else 1


def run_warm(command: Sequence[str]) -> int:
    """Run a command beside a warm process, and return its exit status."""
    for module in PRELOAD:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server.bind(address)
        server.listen(64)
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
    """Fork for every request, for ever. Forks only from a process that has no threads."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            os._exit(_answer(connection))
        connection.close()


def _answer(connection: socket.socket) -> int:
    """In the fork: run one request and send its exit status; end if whoever asked has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    request, descriptors, _, _ = socket.recv_fds(connection, MOST, 1)
    Thread(target=_watch, args=(connection,), daemon=True).start()
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[0], 2)
    status = _call(request, descriptors[0])
    connection.send(str(status).encode())
    return status


def _watch(connection: socket.socket) -> None:
    """The asker sends nothing more; if its end closes, it was killed, and so is this job."""
    connection.recv(1)
    os._exit(1)
