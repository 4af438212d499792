"""Looking at a store's files from outside, without SQLite: before it touches them, and while they are in use.

Never by opening the database itself: closing such a file descriptor would take away the locks that SQLite
holds in this process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import os
import stat

from ..errors import StorageUnavailable, WellkeptError
from . import sqlite_schema as sql
from .sqlite_errors import damaged

_SMALLEST = 512  # bytes; SQLite's smallest page


def file_identity(path: str) -> tuple[int, int]:
    """Device and inode of the database. Raises when it is missing, no file, or too short to be a database."""
    failure: WellkeptError
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        failure = StorageUnavailable(f"{path}: there is no store here")
    except ValueError:
        failure = StorageUnavailable(f"{path!r} is not a path")
    except OSError as error:
        failure = StorageUnavailable(f"{path}: {os.strerror(error.errno or 0)}")
    else:
        if stat.S_ISREG(found.st_mode) and found.st_size >= _SMALLEST:
            return found.st_dev, found.st_ino
        if stat.S_ISREG(found.st_mode):
            failure = damaged(path, f"the database file is cut short ({found.st_size} bytes)")
        else:
            failure = StorageUnavailable(f"{path}: not a file")
    raise failure


def check_writable(path: str) -> None:
    """Raises ``StorageUnavailable`` when the file or its directory is marked read-only, to root as to anyone."""
    failure = None
    for what in (path, os.path.dirname(path)):
        try:
            closed = not os.stat(what).st_mode & 0o222
        except OSError:
            continue  # whoever opens it will say so better
        if closed:
            failure = StorageUnavailable(
                f"{what}: is marked read-only; nothing was written (chmod u+w to allow it)"
            )
    if failure is not None:
        raise failure


def all_present(path: str, pages: int) -> bool:
    """Whether each page is in the file or, where it grew lately, in the log beside it."""
    if os.stat(path).st_size >= pages * sql.PAGE_SIZE:
        return True
    logged = _logged_pages(path + "-wal")
    whole = os.stat(path).st_size // sql.PAGE_SIZE  # anew: somebody may just have moved the log into the file
    return all(page in logged for page in range(whole + 1, pages + 1))


def _logged_pages(path: str) -> set[int]:
    """The page numbers in a write-ahead log (https://www.sqlite.org/fileformat2.html, section 4)."""
    try:
        with open(path, "rb") as log:
            raw = log.read()
    except OSError:
        return set()
    salt, step = raw[16:24], 24 + sql.PAGE_SIZE
    return {
        int.from_bytes(raw[at : at + 4], "big")
        for at in range(32, len(raw) - step + 1, step)
        if raw[at + 8 : at + 16] == salt
    }
