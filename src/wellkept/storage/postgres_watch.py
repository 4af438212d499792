"""What revision the database is at, kept up to date by one thread: by polling, and sooner where it notifies.

``stamp`` is trusted for ``bound`` seconds after the database last confirmed it. Who cannot confirm it within that
time must not answer from memory: then the stamp is empty.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

from . import postgres_sql as sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection


class Watch:
    """``connect`` opens a connection of its own; ``poll`` and ``bound`` are seconds."""

    def __init__(self, connect: Callable[[], Connection[Any]], *, poll: float, bound: float) -> None:
        self._connect = connect
        self._poll = min(poll, bound / 2)
        self._bound = bound
        self._known = (b"", 0.0)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._db: Connection[Any] | None = None

    def stamp(self) -> bytes:
        """Of the revision last confirmed; empty when that is too long ago."""
        if self._thread is None:
            self._start()
        stamp, until = self._known
        return stamp if time.monotonic() < until else b""

    def seen(self, instance: bytes, revision: int, asked: float) -> bytes:
        """Take note of a revision that the database gave after ``asked`` (monotonic); the stamp of it."""
        stamp = make(instance, revision)
        with self._lock:
            known, until = self._known
            later = not known or known[:-8] != instance or revision >= int.from_bytes(known[-8:], "big")
            if later:
                self._known = (stamp, max(until, asked + self._bound))
        return stamp

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        db = self._db
        if db is not None:
            db.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="wellkept-watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as db:
                    self._db = db
                    self._listen(db)
                    self._follow(db)
            except (psycopg.Error, OSError):
                pass  # the stamp runs out by itself; try again until it works or we are closed
            finally:
                self._db = None
            self._stop.wait(self._poll)

    def _listen(self, db: Connection[Any]) -> None:
        try:
            db.execute("LISTEN wellkept")
        except psycopg.Error:
            pass  # a database without notifications is polled

    def _follow(self, db: Connection[Any]) -> None:
        while not self._stop.is_set():
            asked = time.monotonic()
            row = db.execute(sql.STATE).fetchone()
            if row is not None:
                self.seen(bytes(row[1]), row[2], asked)
            for _ in db.notifies(timeout=self._poll, stop_after=1):
                pass  # something was written: ask at once


def make(instance: bytes, revision: int) -> bytes:
    """The stamp of a database and a revision."""
    return instance + revision.to_bytes(8, "big")
