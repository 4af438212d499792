"""Walking along the names of one SQLite connection, each step checked: a name is tied to the next one by its link."""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

from . import sqlite_schema as sql
from .sqlite_errors import damaged
from .sqlite_schema import link

if TYPE_CHECKING:
    import sqlite3

LARGEST_BATCH = 256
"""Rows read at a time, at most."""


class Names:
    """A checked walk over the names, in batches that grow while the walk is straight and shrink at a jump."""

    __slots__ = ("_before", "_db", "_path", "_size", "_start", "_tie", "ended")

    def __init__(self, db: sqlite3.Connection, path: str, start: bytes) -> None:
        self._db = db
        self._path = path
        self._start = start
        self._size = 16
        self._before: bytes | None = None  # not known yet: the next batch begins with it
        self._tie = 0
        self.ended = False

    def batch(self) -> list[bytes]:
        """The next names; ``ended`` is true when there are none behind them."""
        before, tie, start, size = self._before, self._tie, self._start, self._size
        if before is None:
            rows = self._db.execute(sql.ARRIVE, (start, start, size)).fetchall()
            before, tie = checked(self._path, rows.pop(0) if rows else (None, None))
        else:
            rows = self._db.execute(sql.FROM, (start, size)).fetchall()
        sound = before < start
        try:
            for key, next_tie in rows:
                if key <= before or crc32(key, crc32(before, len(before))) != tie:
                    sound = False
                    break
                before, tie = key, next_tie
        except TypeError:  # a damaged row can hold anything
            sound = False
        if not sound or (rows and rows[0][0] < start):
            raise damaged(self._path, f"the list of names is damaged behind {show(before)}")
        if len(rows) < size:
            check_end(self._path, before, tie)
            self.ended = True
        self._before, self._tie = before, tie
        self._start = before + b"\0"
        self._size = min(size * 2, LARGEST_BATCH)
        return [row[0] for row in rows]

    def jump(self, start: bytes) -> None:
        """Go on at the first name from ``start``, if that is still ahead."""
        if start > self._start:
            self._start = start
            self._size = 4
            self._before = None


def ahead_of(db: sqlite3.Connection, path: str, start: bytes) -> tuple[bytes, int]:
    """The last name before ``start``, and its link."""
    before, tie = checked(path, db.execute(sql.BEFORE, (start,)).fetchone() or (None, None))
    if not before < start:
        raise damaged(path, "the list of names is damaged")
    return before, tie


def checked(path: str, row: tuple[object, object]) -> tuple[bytes, int]:
    """A row of names and links, when it can be one."""
    key, tie = row
    if not isinstance(key, bytes) or not isinstance(tie, int):
        raise damaged(path, "the list of names is damaged")
    return key, tie


def check_step(path: str, before: bytes, tie: int, key: bytes, start: bytes) -> None:
    """Raises unless ``key`` is the name that comes behind ``before``, and not ahead of ``start``."""
    if not before < key or key < start or tie != link(before, key):
        raise damaged(path, f"the list of names is damaged near {show(key)}")


def check_end(path: str, before: bytes, tie: int) -> None:
    """Raises unless ``before`` is the last name."""
    if tie != link(before, b""):
        raise damaged(path, "the list of names is damaged at its end")


def texts(path: str, found: list[bytes]) -> list[str]:
    """Names as text."""
    try:
        return [raw.decode() for raw in found]
    except UnicodeDecodeError:
        pass
    raise damaged(path, "the list of names is damaged")


def show(key: bytes) -> str:
    """A name for a message."""
    return repr(key.decode("utf-8", "replace"))
