"""Connections to one SQLite file: opened with our settings, lent for one operation at a time, safe over a fork.

A connection is never held between two calls, so a fork can wait until none is in use and close them all:
SQLite's locks belong to a process and its bookkeeping to the memory image, so a child that inherited an open
connection, even an unused one, would believe itself to hold locks that it does not have
(https://www.sqlite.org/howtocorrupt.html, section 2.6). Parent and child then open their own when they need them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from _thread import allocate_lock
from typing import TYPE_CHECKING, TypeVar

from ..errors import StorageUnavailable, StoreError, WellkeptError
from . import sqlite_fork
from .sqlite_errors import damaged, explain
from .sqlite_guard import Guard
from .sqlite_open import connect, file_identity, load_state, save_state, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sqlite_schema import State

T = TypeVar("T")

_MOST_IDLE = 8
_FORK_PATIENCE = 30.0  # seconds; an operation in progress ends within the busy timeout and one fsync


class Pool:
    """The connections to ``path``. ``busy_timeout`` is in seconds."""

    def __init__(self, path: str, busy_timeout: float) -> None:
        self.path = path
        self._timeout = busy_timeout
        self._idle: list[sqlite3.Connection] = []
        self._identity: tuple[int, int] | None = None
        self._in_use = 0
        self._closed = False
        self._abandoned = False
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._writing = allocate_lock()
        self._writing_held = False
        self._guard = Guard(path)
        sqlite_fork.register(self)

    def read(self, action: Callable[[sqlite3.Connection, str], T], *, snapshot: bool = False) -> T:
        """Run ``action`` on a connection; with ``snapshot``, all its statements see one moment."""
        db = self._take()
        return self._run(db, action, "BEGIN" if snapshot else None)

    def write(self, action: Callable[[sqlite3.Connection, str, State], T], *, durable: bool = True) -> T:
        """Run ``action`` as the one writer and commit. What it returns is acknowledged: on disk, when ``durable``."""
        if not self._writing.acquire(True, self._timeout):
            raise StorageUnavailable(
                f"{self.path}: another thread has been writing for more than {self._timeout:g} s"
            )
        try:
            self._check_process()
            self._guard.lock(self._timeout)
            try:
                return self._write(action, durable)
            finally:
                self._guard.unlock()
        finally:
            self._writing.release()

    def _write(self, action: Callable[[sqlite3.Connection, str, State], T], durable: bool) -> T:
        def run(db: sqlite3.Connection, path: str) -> tuple[T, State]:
            if not durable:
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            if file_identity(path) != self._identity:
                raise StorageUnavailable(f"{path}: the file was replaced while it was open; try again")
            state = load_state(db, path)
            result = action(db, path, state)
            state.commits += 1
            save_state(db, state)
            db.execute("COMMIT")
            if not durable:
                db.execute("PRAGMA synchronous = FULL")
            return result, state

        result, state = self._run(self._take(), run, None)
        self._guard.write(state.instance, state.commits)
        return result

    def _run(
        self, db: sqlite3.Connection, action: Callable[[sqlite3.Connection, str], T], begin: str | None
    ) -> T:
        failure: StoreError
        try:
            if begin is not None:
                db.execute(begin)
            result = action(db, self.path)
            if begin is not None:
                db.execute("COMMIT")
        except sqlite3.Error as error:
            failure = explain(self.path, error)
        except MemoryError:
            failure = damaged(self.path, "the database file asks for more memory than there is")
        except WellkeptError:
            self._give(db, clean=_rolled_back(db))
            raise
        except BaseException:
            self._give(db, clean=False)
            raise
        else:
            self._give(db, clean=True)
            return result
        self._give(db, clean=False)
        raise failure

    def _take(self) -> sqlite3.Connection:
        self._check_process()
        with self._lock:
            if self._closed:
                raise StorageUnavailable(f"{self.path}: the store was closed")
            identity = file_identity(self.path)
            if identity != self._identity:
                set_aside(self._idle)
                self._idle = []
                self._identity = identity
            self._in_use += 1
            if self._idle:
                return self._idle.pop()
        db = None
        try:
            db = connect(self.path, self._timeout, self._guard)
        finally:
            if db is None:
                with self._lock:
                    self._in_use -= 1
        return db

    def _give(self, db: sqlite3.Connection, *, clean: bool) -> None:
        with self._lock:
            self._in_use -= 1
            if clean and not self._closed and len(self._idle) < _MOST_IDLE:
                self._idle.append(db)
                return
            if self._closed and not self._in_use:
                self._guard.close()
        _close(db)

    def _check_process(self) -> None:
        if self._abandoned or self._pid != os.getpid():
            raise StorageUnavailable(
                f"{self.path}: this process was forked while the store was in use, without Python's knowledge; "
                "open the store after the fork"
            )

    def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        if self._pid != os.getpid():
            return  # never touch what belongs to the parent
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            if not self._in_use:
                self._guard.close()
        for db in idle:
            _close(db)

    def before_fork(self) -> None:
        """Wait for operations in progress, close everything, and let none begin until the fork is done."""
        deadline = time.monotonic() + _FORK_PATIENCE
        self._writing_held = self._writing.acquire(True, _FORK_PATIENCE)
        while True:
            self._lock.acquire()
            if self._in_use == 0 or time.monotonic() > deadline:
                break
            self._lock.release()
            time.sleep(0.0005)
        if self._in_use == 0:
            for db in self._idle:
                _close(db)
            self._idle = []
            self._guard.close()

    def after_fork_in_parent(self) -> None:
        self._lock.release()
        if self._writing_held:
            self._writing.release()

    def after_fork_in_child(self) -> None:
        self._lock = allocate_lock()
        self._writing = allocate_lock()
        if self._in_use or self._idle:
            set_aside(self._idle)
            self._abandoned = True
        else:
            self._guard = Guard(self.path)
            self._pid = os.getpid()


def _rolled_back(db: sqlite3.Connection) -> bool:
    try:
        if db.in_transaction:
            db.execute("ROLLBACK")
            db.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        return False
    return True


def _close(db: sqlite3.Connection) -> None:
    try:
        db.close()
    except sqlite3.Error:
        pass  # nothing is lost: what was committed is in the log
