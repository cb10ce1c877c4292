"""SIGTERM, which a cluster sends before it takes a job's machine away, as a question to ask."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread


@contextmanager
def interruption() -> Iterator[Event]:
    """An event that is set once SIGTERM has arrived; within, SIGTERM does not end the process."""
    asked = Event()
    if current_thread() is not main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
