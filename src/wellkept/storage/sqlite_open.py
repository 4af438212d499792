"""Opening a connection: the file is looked at before SQLite touches it, and what it says is checked before use.

SQLite repairs by forgetting: it deletes the log beside an empty file, and takes the readable beginning of a
damaged log for the whole. Here both are refused, and the files are left as they were found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import IntegrityError, StorageUnavailable, WellkeptError
from . import sqlite_schema as sql
from .driver import sqlite3
from .keys import MAX_VALUE
from .sqlite_errors import damaged
from .sqlite_files import all_present, file_identity
from .sqlite_guard import SUFFIX
from .sqlite_schema import State, checksum

if TYPE_CHECKING:
    from .sqlite_guard import Guard

_SETTINGS = (
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns
    "PRAGMA fullfsync = ON",  # on macOS, where fsync alone does not reach the disk
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten
    "PRAGMA temp_store = MEMORY",  # no temporary files
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA mmap_size = 0",  # a damaged or cut file then gives errors, not SIGBUS
    "PRAGMA journal_size_limit = 8388608",
)

_kept: list[sqlite3.Connection] = []


class Connection(sqlite3.Connection):
    """A connection that knows which file it opened: device and inode, and the version of its schema when opened."""

    identity: tuple[int, int] = (0, 0)
    version: int = 0


def connect(path: str, timeout: float, guard: Guard) -> Connection:
    """A checked connection. Raises ``StoreError``'s kinds and ``sqlite3.Error``; never creates anything at ``path``."""
    witness = guard.read()  # before the state, which can only have moved on since
    identity = file_identity(path)
    db = open_raw(path, timeout)
    try:
        db.identity = identity
        db.version = _recognise(db, path)
        for setting in _SETTINGS:
            db.execute(setting)
        state = load_state(db, path)
        if witness is not None and witness[0] == state.instance and witness[1] > state.commits:
            missing = witness[1] - state.commits
            raise IntegrityError(
                f"{path}: the last {missing} acknowledged write{'s are' if missing > 1 else ' is'} missing: the log beside "
                "it (-wal) was damaged or removed, or an older copy of the file was put back; restore it from a backup, "
                f"or, to accept the older state, remove {path}{SUFFIX}"
            )
        if file_identity(path) != identity:
            raise StorageUnavailable(f"{path}: the file was replaced while it was being opened; try again")
    except BaseException:
        _close_keeping_log(db, path)
        raise
    return db


def open_raw(path: str, timeout: float, mode: str = "rw") -> Connection:
    """A bare connection to an existing file, with bounds on what a damaged file may ask for."""
    db = sqlite3.connect(
        uri(path, mode),
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
        factory=Connection,
    )
    db.text_factory = bytes
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE + 4096)
    return db


def uri(path: str, mode: str) -> str:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file://{quoted}?mode={mode}"


def migrate(db: Connection) -> None:
    """Inside a write transaction, bring the schema up to this program's version."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    while version < sql.VERSION:
        for statement in sql.MIGRATIONS[version]:
            db.execute(statement)
        version += 1
        db.execute(f"PRAGMA user_version = {version}")


def _recognise(db: sqlite3.Connection, path: str) -> int:
    """The file's version. Raises unless it is one of ours, whole in its outline, of a version that this program knows."""
    if db.execute("PRAGMA application_id").fetchone()[0] != sql.APPLICATION_ID:
        raise IntegrityError(f"{path}: not a wellkept store, or damaged at its beginning")
    version, tables = _outline(db)
    if version > sql.VERSION:
        raise StorageUnavailable(
            f"{path}: written by a newer wellkept (format {version}, this one knows up to {sql.VERSION}); upgrade wellkept"
        )
    mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    if tables != sql.TABLES.get(version) or mode != b"wal":
        raise damaged(path, "the outline of the database file is damaged")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    if not all_present(path, pages):
        raise damaged(path, "the database file is cut short")
    return version


def _outline(db: sqlite3.Connection) -> tuple[int, dict[bytes, bytes]]:
    """Version and tables, of one moment: another process may be migrating."""
    while True:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        tables = dict(db.execute(sql.SCHEMA).fetchall())
        if db.execute("PRAGMA user_version").fetchone()[0] == version:
            return version, tables


def load_state(db: sqlite3.Connection, path: str) -> State:
    """The file's own row. Raises ``IntegrityError`` when it is missing or damaged."""
    row = db.execute(sql.GET_MARK, (State.NAME,)).fetchone()
    if row is not None:
        raw, crc = row
        if isinstance(raw, bytes) and len(raw) == State.SIZE and checksum(State.NAME, 0, raw) == crc:
            return State.unpack(raw)
    raise damaged(path, "the database's own record of its state is damaged")


def save_state(db: sqlite3.Connection, state: State) -> None:
    raw = state.pack()
    db.execute(sql.SET_MARK, (State.NAME, raw, checksum(State.NAME, 0, raw)))


def _close_keeping_log(db: sqlite3.Connection, path: str) -> None:
    """Close without the checkpoint that would fold a damaged log into the file and delete it.

    SQLite checkpoints when the last connection closes; with a second one open that may only read, the first
    is not the last, and the second is not able to.
    """
    reader = None
    try:
        reader = open_raw(path, 0.1, "ro")
        reader.execute("PRAGMA schema_version").fetchone()
    except (sqlite3.Error, UnicodeDecodeError, MemoryError):
        pass  # then SQLite cannot read the file at all, and has nothing to fold into it
    db.close()
    if reader is not None:
        reader.close()


def dispose(db: Connection, path: str) -> None:
    """Close a connection, if its file is still the one at ``path``; else set it aside."""
    try:
        same = file_identity(path) == db.identity
    except WellkeptError:
        same = False
    if not same:
        set_aside(db)
        return
    try:
        db.close()
    except sqlite3.Error:
        pass  # nothing is lost: what was committed is in the log


def set_aside(db: sqlite3.Connection) -> None:
    """Drop a connection without ever closing it, not even at the interpreter's end.

    Closing would delete the log by its name, and by now that name may belong to another file, or to the parent.
    """
    _kept.append(db)
    try:
        import ctypes
    except ImportError:
        return  # this Python has none, or is at its end
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))
