"""SIGTERM, which a cluster sends before it takes a job's machine away, as an event to query."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread


@contextmanager
def interruption() -> Iterator[Event]:
    """An event that is set once SIGTERM has arrived; within, SIGTERM does not end the process."""
    arrived = Event()
    if current_thread() is not main_thread():
        yield arrived
        return
    before = signal.signal(signal.SIGTERM, lambda *_: arrived.set())
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGTERM, before)
