"""SQLite's error codes sorted into ours. Source of the codes: https://www.sqlite.org/rescode.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import IntegrityError, StorageUnavailable, StoreError

if TYPE_CHECKING:
    import sqlite3

_UNAVAILABLE = {
    3: "access was refused; check the permissions of the file and its directory",
    5: "another process holds it locked for longer than the time allowed; try again",
    6: "another connection holds it locked; try again",
    7: "there is not enough memory",
    8: "the file or its directory is read-only; nothing was written",
    9: "the operation was interrupted; nothing was written",
    10: "reading or writing failed (disk error, quota or file size limit); nothing was written",
    13: "the disk is full; nothing was written. Free some space and try again",
    14: "it cannot be opened; check that its directory exists and is writable (SQLite keeps files beside it), and "
    "that not too many files are open",
    15: "another process holds it locked; try again",
    22: "the file is larger than this system can handle",
    23: "access was refused; check the permissions of the file and its directory",
}
_SHORT_READ = 522  # SQLITE_IOERR_SHORT_READ
_CORRUPT_FS = 8458  # SQLITE_IOERR_CORRUPTFS


def explain(path: str, error: sqlite3.Error) -> StoreError:
    """What to raise for ``error``; never quotes SQLite's text, which may hold names from a damaged file."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code not in (_SHORT_READ, _CORRUPT_FS):
        problem = _UNAVAILABLE.get(code & 0xFF)
        if problem is not None:
            return StorageUnavailable(f"{path}: {problem}")
    return damaged(path, "the database file is damaged")


def damaged(path: str, what: str) -> IntegrityError:
    """The error for damage, with the way out."""
    return IntegrityError(f"{path}: {what}; restore it from a backup")
