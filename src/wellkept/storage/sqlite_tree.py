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

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_LARGEST_BATCH = 256
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
    rows = db.execute(sql.AROUND, (key, key)).fetchall()
    before, tie = _name(path, rows[0] if rows else (None, None))
    following = _name(path, rows[1])[0] if len(rows) > 1 else b""
    if not before < key or (following and following < key) or tie != link(before, following):
        raise damaged(path, f"the list of names is damaged near {key.decode('utf-8', 'replace')!r}")
    return before, tie, following


def children(db: sqlite3.Connection, path: str, prefix: bytes, after: bytes, limit: int | None) -> list[str]:
    """Immediate children of ``prefix`` behind ``after``; jumps over the descendants of each folder."""
    found: list[str] = []
    if limit is not None and limit <= 0:
        return found
    folder = b""
    names = _Names(db, path, _behind(prefix, after))
    while (name := names.next()) is not None and name.startswith(prefix):
        if folder and name.startswith(folder):
            continue
        rest = name[len(prefix) :]
        cut = rest.find(b"/")
        child = rest if cut < 0 else rest[: cut + 1]
        found.append(_text(path, child))
        if len(found) == limit:
            break
        if cut >= 0:
            folder = prefix + child
            names.jump(folder[:-1] + b"0")  # "0" is the character behind "/"
    return found


def keys(db: sqlite3.Connection, path: str, prefix: bytes, after: bytes, limit: int) -> list[str]:
    """Up to ``limit`` keys that start with ``prefix`` and are greater than ``after``, in order."""
    found: list[str] = []
    names = _Names(db, path, max(prefix, after + b"\0"))
    while len(found) < limit and (name := names.next()) is not None and name.startswith(prefix):
        found.append(_text(path, name))
    return found


def page(
    db: sqlite3.Connection, path: str, prefix: bytes, after: bytes
) -> tuple[list[tuple[str, Entry]], bool]:
    """Some entries behind ``after``, and whether there may be more; at least one, at most about a megabyte."""
    start = max(prefix, after + b"\0")
    before, tie = _ahead_of(db, path, start)
    found: list[tuple[str, Entry]] = []
    size = 0
    cursor = db.execute(sql.SCAN, (start,))
    try:
        for name, next_tie, revision, value, crc in cursor:
            key, following_tie = _name(path, (name, next_tie))
            _check_step(path, before, tie, key, start)
            before, tie = key, following_tie
            if not key.startswith(prefix):
                return found, False
            entry = _entry(path, key, revision, value, crc)
            found.append((_text(path, key), entry))
            size += len(entry.value) + len(key)
            if size > _SCAN_BUDGET or len(found) >= _LARGEST_BATCH:
                return found, True
    finally:
        cursor.close()
    _check_end(path, before, tie)
    return found, False


def put(db: sqlite3.Connection, path: str, key: bytes, value: bytes, revision: int) -> None:
    """Write one entry inside a write transaction."""
    row = db.execute(sql.LOCATE, (key,)).fetchone()
    if row is not None:
        changed = db.execute(sql.SET_BLOB, (value, checksum(key, revision, value), row[0])).rowcount
        if changed != 1:
            raise damaged(path, f"the entry {key.decode('utf-8', 'replace')!r} has lost its value")
        db.execute(sql.SET_REVISION, (revision, key))
        return
    before, _, following = around(db, path, key)
    blob = db.execute(sql.ADD_BLOB, (value, checksum(key, revision, value))).lastrowid
    db.execute(sql.ADD_NAME, (key, blob, revision, link(key, following)))
    db.execute(sql.SET_LINK, (link(before, key), before))


def remove(db: sqlite3.Connection, path: str, key: bytes) -> bool:
    """Remove one entry inside a write transaction; false when there is none."""
    row = db.execute(sql.LOCATE, (key,)).fetchone()
    before, _, at = around(db, path, key)
    if row is None:
        return False
    following = around(db, path, key + b"\0")[2]
    if at != key:
        raise damaged(path, f"the list of names is damaged near {key.decode('utf-8', 'replace')!r}")
    db.execute(sql.DROP_NAME, (key,))
    db.execute(sql.DROP_BLOB, (row[0],))
    db.execute(sql.SET_LINK, (link(before, following), before))
    return True


class _Names:
    """A checked walk over the names, in batches that grow while the walk is straight and shrink at a jump."""

    __slots__ = ("_before", "_db", "_last", "_path", "_rows", "_size", "_start", "_tie")

    def __init__(self, db: sqlite3.Connection, path: str, start: bytes) -> None:
        self._db = db
        self._path = path
        self._size = 16
        self._seek(start)

    def _seek(self, start: bytes) -> None:
        self._start = start
        self._before, self._tie = _ahead_of(self._db, self._path, start)
        self._rows: Iterator[tuple[object, object]] = iter(())
        self._last = False

    def next(self) -> bytes | None:
        """The next name, or ``None`` behind the last one."""
        row = next(self._rows, None)
        if row is None:
            if not self._last:
                start = max(self._start, self._before + b"\0")
                rows = self._db.execute(sql.FROM, (start, self._size)).fetchall()
                self._last = len(rows) < self._size
                self._size = min(self._size * 2, _LARGEST_BATCH)
                self._rows = iter(rows)
                row = next(self._rows, None)
            if row is None:
                _check_end(self._path, self._before, self._tie)
                return None
        key, tie = _name(self._path, row)
        _check_step(self._path, self._before, self._tie, key, self._start)
        self._before, self._tie = key, tie
        return key

    def jump(self, start: bytes) -> None:
        """Go on at the first name from ``start``: by walking while the batch in hand reaches there, else by a seek."""
        pending = list(self._rows)
        if (pending and isinstance(pending[-1][0], bytes) and pending[-1][0] >= start) or self._last:
            self._rows = iter(pending)
            return
        self._size = 4
        self._seek(start)


def _behind(prefix: bytes, after: bytes) -> bytes:
    """The smallest key that may belong to a child behind ``after``."""
    if not after:
        return prefix or b"\0"
    if after.endswith(b"/"):
        return prefix + after[:-1] + b"0"
    return prefix + after + b"\0"


def _ahead_of(db: sqlite3.Connection, path: str, start: bytes) -> tuple[bytes, int]:
    """The last name before ``start``, and its link."""
    before, tie = _name(path, db.execute(sql.BEFORE, (start,)).fetchone() or (None, None))
    if not before < start:
        raise damaged(path, "the list of names is damaged")
    return before, tie


def _name(path: str, row: tuple[object, object]) -> tuple[bytes, int]:
    key, tie = row
    if not isinstance(key, bytes) or not isinstance(tie, int):
        raise damaged(path, "the list of names is damaged")
    return key, tie


def _check_step(path: str, before: bytes, tie: int, key: bytes, start: bytes) -> None:
    if not before < key or key < start or tie != link(before, key):
        raise damaged(path, f"the list of names is damaged near {key.decode('utf-8', 'replace')!r}")


def _check_end(path: str, before: bytes, tie: int) -> None:
    if tie != link(before, b""):
        raise damaged(path, "the list of names is damaged at its end")


def _entry(path: str, key: bytes, revision: object, value: object, crc: object) -> Entry:
    if not isinstance(value, bytes) or not isinstance(revision, int) or checksum(key, revision, value) != crc:
        raise damaged(path, f"the stored entry {key.decode('utf-8', 'replace')!r} is damaged")
    return Entry(value, revision)


def _text(path: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise damaged(path, "the list of names is damaged")
