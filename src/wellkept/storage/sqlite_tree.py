"""Reading and writing the ordered entries of one SQLite connection, with every step checked for damage.

Each name is tied to the next one by ``link``; so finding nothing is as well founded as finding something:
the two neighbours of the gap must be tied to each other. A listing checks each step it takes. All functions
take the connection and the file's path (for messages), and expect the caller to have begun a transaction
where more than one statement must see the same moment. They raise ``IntegrityError`` and ``sqlite3.Error``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import sqlite_schema as sql
from .protocol import Entry
from .sqlite_errors import damaged
from .sqlite_schema import checksum, link
from .sqlite_walk import LARGEST_BATCH, Names, ahead_of, check_end, check_step, checked, show, texts

if TYPE_CHECKING:
    import sqlite3

_SCAN_BUDGET = 1 << 20  # bytes of values in one page of a scan


def find(db: sqlite3.Connection, path: str, key: bytes) -> Entry | None:
    """The entry at ``key``, or ``None`` when its absence is certain."""
    while True:
        row = db.execute(sql.GET, (key,)).fetchone()
        if row is not None:
            return _entry(path, key, *row)
        if around(db, path, key)[2] != key:  # else it was written between the two statements
            return None


def revision_of(db: sqlite3.Connection, key: bytes) -> int | None:
    """The revision at which ``key`` was written, or ``None``. For comparing with one read before."""
    row = db.execute(sql.REVISION_OF, (key,)).fetchone()
    return None if row is None else row[0]


def around(db: sqlite3.Connection, path: str, key: bytes) -> tuple[bytes, int, bytes]:
    """The name before ``key``, its link, and the name at or after ``key`` (empty at the end)."""
    rows = db.execute(sql.ARRIVE, (key, key, 1)).fetchall()
    before, tie = checked(path, rows[0] if rows else (None, None))
    following = checked(path, rows[1])[0] if len(rows) > 1 else b""
    if not before < key or (following and following < key) or tie != link(before, following):
        raise damaged(path, f"the list of names is damaged near {show(key)}")
    return before, tie, following


def children(db: sqlite3.Connection, path: str, prefix: bytes, after: bytes, limit: int | None) -> list[str]:
    """Immediate children of ``prefix`` behind ``after``; jumps over the descendants of each folder."""
    found: list[bytes] = []
    length = len(prefix)
    folder: bytes | None = None
    names = Names(db, path, _behind(prefix, after))
    while limit is None or len(found) < limit:
        for name in names.batch():
            if folder is not None and name.startswith(folder):
                continue
            if not name.startswith(prefix):
                return texts(path, found[:limit])
            cut = name.find(b"/", length)
            if cut < 0:
                folder = None
                found.append(name[length:])
            else:
                folder = name[: cut + 1]
                found.append(folder[length:])
        if names.ended:
            break
        if folder is not None:
            names.jump(folder[:-1] + b"0")  # "0" is the character behind "/"
    return texts(path, found[:limit])


def keys(db: sqlite3.Connection, path: str, prefix: bytes, after: bytes, limit: int) -> list[str]:
    """Up to ``limit`` keys that start with ``prefix`` and are greater than ``after``, in order."""
    found: list[bytes] = []
    names = Names(db, path, max(prefix, after + b"\0"))
    while len(found) < limit and not names.ended:
        for name in names.batch():
            if not name.startswith(prefix):
                return texts(path, found[:limit])
            found.append(name)
    return texts(path, found[:limit])


def page(
    db: sqlite3.Connection, path: str, prefix: bytes, after: bytes
) -> tuple[list[tuple[str, Entry]], bool]:
    """Some entries behind ``after``, and whether there may be more; at least one, at most about a megabyte."""
    start = max(prefix, after + b"\0")
    before, tie = ahead_of(db, path, start)
    found: list[tuple[str, Entry]] = []
    size = 0
    cursor = db.execute(sql.SCAN, (start,))
    try:
        for name, next_tie, revision, value, crc in cursor:
            key, following_tie = checked(path, (name, next_tie))
            check_step(path, before, tie, key, start)
            before, tie = key, following_tie
            if not key.startswith(prefix):
                return found, False
            entry = _entry(path, key, revision, value, crc)
            found.append((texts(path, [key])[0], entry))
            size += len(entry.value) + len(key)
            if size > _SCAN_BUDGET or len(found) >= LARGEST_BATCH:
                return found, True
    finally:
        cursor.close()
    check_end(path, before, tie)
    return found, False


def _behind(prefix: bytes, after: bytes) -> bytes:
    """The smallest key that may belong to a child behind ``after``."""
    if not after:
        return prefix or b"\0"
    if after.endswith(b"/"):
        return prefix + after[:-1] + b"0"
    return prefix + after + b"\0"


def _entry(path: str, key: bytes, revision: object, value: object, crc: object) -> Entry:
    if not isinstance(value, bytes) or not isinstance(revision, int) or checksum(key, revision, value) != crc:
        raise damaged(path, f"the stored entry {show(key)} is damaged")
    return Entry(value, revision)
