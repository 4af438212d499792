"""Connections to one SQLite file: lent for one operation at a time, by many threads, and safe over a fork.

A connection is never held between two calls, so a fork can wait until none is in use and close them all:
SQLite's locks belong to a process and its bookkeeping to the memory image, so a child that inherited an open
connection, even an unused one, would believe itself to hold locks that it does not have
(https://www.sqlite.org/howtocorrupt.html, section 2.6). Parent and child then open their own when they need them.

Reading takes no lock of ours, so that a signal handler may read while the code it interrupted was reading.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, get_ident
from typing import TYPE_CHECKING, TypeVar

from ..errors import StorageUnavailable, StoreError, WellkeptError
from . import sqlite_fork
from . import sqlite_schema as sql
from .driver import sqlite3
from .sqlite_errors import damaged, explain
from .sqlite_files import check_writable, file_identity
from .sqlite_guard import Guard
from .sqlite_open import Connection, connect, dispose, load_state, migrate, save_state, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sqlite_schema import State

T = TypeVar("T")

_MOST_IDLE = 8
_LOOK_EVERY = 0.1  # seconds between looks at whether the file's name still means the same file
_FORK_PATIENCE = 30.0  # seconds; an operation in progress ends within the busy timeout and one fsync


class Pool:
    """The connections to ``path``. ``busy_timeout`` is in seconds."""

    def __init__(self, path: str, busy_timeout: float) -> None:
        self.path = path
        self._timeout = busy_timeout
        self._idle: list[Connection] = []
        self._users: dict[object, int] = {}
        self._closed = False
        self._abandoned = False
        self._pid = os.getpid()
        self._forking = False
        self._held = False
        self._writing = allocate_lock()
        self._guard = Guard(path)
        self._guarded: tuple[int, int] | None = None
        self._look_again = 0.0
        self._place = b""
        sqlite_fork.register(self)

    def read(self, action: Callable[[Connection, str], T], *, snapshot: bool = False) -> T:
        """Run ``action`` on a connection; with ``snapshot``, all its statements see one moment."""
        return self._run(action, "BEGIN" if snapshot else None)

    def write(self, action: Callable[[Connection, str, State], T], *, durable: bool = True) -> T:
        """Run ``action`` as the one writer, and commit. When this returns, it is on disk (if ``durable``)."""
        return self._as_writer(lambda: self._write(action, durable))

    def fold(self) -> bool:
        """Move everything from the log into the file and empty the log; false when readers stood in the way."""

        def run(db: Connection, path: str) -> bool:
            db.execute("PRAGMA busy_timeout = 1000")  # milliseconds; other writers wait meanwhile
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            db.execute(f"PRAGMA busy_timeout = {self._timeout * 1000:.0f}")
            return not busy

        return self._as_writer(lambda: self._run(run, None))

    def stamp(self) -> bytes:
        """What differs as soon as any process has acknowledged another durable write; 1 µs, without SQLite.

        It is the witness (see ``sqlite_guard``), and which file it speaks of. That the file was replaced is
        noticed within a tenth of a second. Raises ``StorageUnavailable`` when the file is gone. Empty when
        there is no witness: then nothing is known.
        """
        now = time.monotonic()
        if now > self._look_again:
            self._look_again = now + _LOOK_EVERY
            self._place = repr(file_identity(self.path)).encode()
            self._guard.follow()
        witness = self._guard.raw()
        return witness and witness + self._place

    def stamp_of(self, state: State) -> bytes:
        """What ``stamp`` says after the commit that left ``state``, until there is another one."""
        return self._guard.encode(state.instance, state.commits) + self._place

    def is_of_this_copy(self, stamp: bytes, state: State) -> bool:
        """Whether ``stamp`` was made while this very file, with this history, stood at ``path``."""
        return stamp[:8] == state.instance and stamp.endswith(self._place)

    def _as_writer(self, action: Callable[[], T]) -> T:
        if not self._writing.acquire(True, self._timeout):
            raise StorageUnavailable(
                f"{self.path}: another thread has been writing for more than {self._timeout:g} s; try again"
            )
        try:
            identity = file_identity(self.path)
            check_writable(self.path)
            if identity != self._guarded:
                self._guard.close()  # it belonged to another file of this name
                self._guarded = identity
            self._guard.lock(self._timeout)
            try:
                return action()
            finally:
                self._guard.unlock()
        finally:
            self._writing.release()

    def _write(self, action: Callable[[Connection, str, State], T], durable: bool) -> T:
        def run(db: Connection, path: str) -> tuple[T, State]:
            if not durable:
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            if file_identity(path) != db.identity:
                raise StorageUnavailable(f"{path}: the file was replaced while it was open; try again")
            state = load_state(db, path)
            if db.version < sql.VERSION:
                migrate(db)
            result = action(db, path, state)
            state.commits += 1
            save_state(db, state)
            db.execute("COMMIT")
            db.version = sql.VERSION
            if not durable:
                db.execute("PRAGMA synchronous = FULL")
            return result, state

        result, state = self._run(run, None)
        if durable:
            self._guard.write(state.instance, state.commits)
        return result

    def _run(self, action: Callable[[Connection, str], T], begin: str | None) -> T:
        failure: StoreError
        user = self._enter()
        db: Connection | None = None
        try:
            db = self._connection()
            if begin is not None:
                db.execute(begin)
            result = action(db, self.path)
            if begin is not None:
                db.execute("COMMIT")
            self._give_back(db)
            db = None
            return result
        except sqlite3.Error as error:
            failure = explain(self.path, error)
        except UnicodeDecodeError:  # from SQLite's message, when it quotes what it read
            failure = damaged(self.path, "the database file is damaged")
        except MemoryError:
            failure = damaged(self.path, "the database file asks for more memory than there is")
        except WellkeptError:
            if db is not None and _rolled_back(db):
                self._give_back(db)
                db = None
            raise
        finally:
            if db is not None:
                dispose(db, self.path)
            del self._users[user]
        raise failure

    def _enter(self) -> object:
        """Register as a user of this pool, for a fork to wait for."""
        user = object()
        while True:
            if self._abandoned or self._pid != os.getpid():
                raise StorageUnavailable(
                    f"{self.path}: this process was forked behind Python's back, or in the middle of an operation, "
                    "while the store was open; open the store after the fork"
                )
            if self._closed:
                raise StorageUnavailable(f"{self.path}: the store was closed")
            self._users[user] = me = get_ident()
            if not self._forking or list(self._users.values()).count(me) > 1:  # the fork waits for us already
                return user
            del self._users[user]
            time.sleep(0.0005)

    def _connection(self) -> Connection:
        identity = file_identity(self.path)
        while self._idle:
            try:
                db = self._idle.pop()
            except IndexError:
                break  # another thread was quicker
            if db.identity == identity:
                return db
            set_aside(db)
        return connect(self.path, self._timeout, self._guard)

    def _give_back(self, db: Connection) -> None:
        if len(self._idle) < _MOST_IDLE and not self._closed:
            self._idle.append(db)
            if self._closed:
                self.close_idle()
        else:
            dispose(db, self.path)

    def close_idle(self) -> None:
        """Close the connections that nobody uses at the moment."""
        if self._pid != os.getpid() or self._abandoned:
            return  # never touch what belongs to the parent
        while self._idle:
            try:
                db = self._idle.pop()
            except IndexError:
                return
            dispose(db, self.path)

    def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        if self._pid != os.getpid() or self._abandoned:
            return
        self._closed = True
        self.close_idle()
        if self._writing.acquire(False):
            self._guard.close()
            self._writing.release()

    def before_fork(self) -> None:
        """Wait for operations in progress, close everything, and let none begin until the fork is done."""
        deadline = time.monotonic() + _FORK_PATIENCE
        mine = get_ident()
        if mine not in self._users.values():
            self._held = self._writing.acquire(True, _FORK_PATIENCE)
        self._forking = True
        while self._users and mine not in self._users.values() and time.monotonic() < deadline:
            time.sleep(0.0002)
        if not self._users and self._pid == os.getpid():
            self.close_idle()
            if self._held:
                self._guard.close()

    def after_fork_in_parent(self) -> None:
        self._forking = False
        if self._held:
            self._held = False
            self._writing.release()

    def after_fork_in_child(self) -> None:
        inherited = self._idle
        if self._users or inherited or self._abandoned:
            for db in inherited:
                set_aside(db)
            self._abandoned = True
        self._idle = []
        self._users = {}
        self._forking = self._held = False
        self._writing = allocate_lock()
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
