"""Making and copying database files: each appears under its name only when it is complete and on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import StorageUnavailable, WellkeptError
from . import sqlite_schema as sql
from .driver import sqlite3
from .sqlite_errors import explain
from .sqlite_open import load_state, open_raw, save_state
from .sqlite_schema import State, link

if TYPE_CHECKING:
    from collections.abc import Callable

_BESIDE = ("-journal", "-wal", "-shm", "-guard")


def create(path: str) -> None:
    """A new, empty database at ``path``, mode 0600. Raises ``StorageUnavailable`` when something is there already."""

    def fill(fresh: sqlite3.Connection) -> None:
        fresh.execute(f"PRAGMA page_size = {sql.PAGE_SIZE}")
        fresh.execute("PRAGMA journal_mode = WAL")
        fresh.execute("BEGIN IMMEDIATE")
        for statement in sql.TABLES[sql.VERSION].values():
            fresh.execute(statement.decode())
        fresh.execute(f"PRAGMA application_id = {sql.APPLICATION_ID}")
        fresh.execute(f"PRAGMA user_version = {sql.VERSION}")
        fresh.execute(sql.ADD_NAME, (b"", 0, 0, link(b"", b"")))
        save_state(fresh, State(os.urandom(8), 0, 0))
        fresh.execute("COMMIT")

    _build(path, fill)


def copy(source: sqlite3.Connection, path: str) -> None:
    """A consistent copy of an open database as a new file at ``path``."""

    def fill(fresh: sqlite3.Connection) -> None:
        source.backup(fresh)
        state = load_state(fresh, path)
        state.instance = os.urandom(8)  # so that the witness beside the original does not speak of the copy
        save_state(fresh, state)

    _build(path, fill)


def _build(path: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    temporary = f"{path}.new-{os.urandom(6).hex()}"
    failure: WellkeptError | None = None
    try:
        os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        fresh = open_raw(temporary, 5.0)
        try:
            fresh.execute("PRAGMA synchronous = FULL")
            fresh.execute("PRAGMA temp_store = MEMORY")
            fill(fresh)
        finally:
            fresh.close()
        _sync(temporary, os.O_RDWR)
        _publish(temporary, path)
        _sync(os.path.dirname(path), os.O_RDONLY)
    except FileExistsError:
        failure = StorageUnavailable(f"{path}: there is something here already; nothing was changed")
    except OSError as error:
        failure = StorageUnavailable(f"{path}: cannot be created ({os.strerror(error.errno or 0)})")
    except sqlite3.Error as error:
        failure = explain(path, error)
    finally:
        _remove(temporary)
    if failure is not None:
        raise failure


def _publish(temporary: str, path: str) -> None:
    try:
        os.link(temporary, path)  # unlike a rename, refuses to replace what is there
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(temporary, path)


def _sync(path: str, flags: int) -> None:
    fd = os.open(path or ".", flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(temporary: str) -> None:
    for suffix in ("", *_BESIDE):
        try:
            os.unlink(temporary + suffix)
        except OSError:
            pass  # it was never made, or the disk is in no state to remove it; it holds nothing readable
