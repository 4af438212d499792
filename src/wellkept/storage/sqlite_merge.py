"""Writing many entries at once: a few statements for all of them, however many transactions they come from.

Each statement of the driver lets other threads in and has to wait for its turn again, so their number is what
a group of writers pays for. What is overwritten or passed by is checked for damage as in ``sqlite_tree``:
each entry that is replaced or removed, and the ties between its neighbours.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from .sqlite_errors import damaged
from .sqlite_schema import checksum, link
from .sqlite_walk import show

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SIZES = (64, 16, 4, 1)
"""Rows in one statement: few sizes, so that each is prepared once and kept."""

_END = b"\xff" * 3
"""Greater than any key, which is UTF-8."""


class Written(NamedTuple):
    """What is to stand at a key: ``value`` (``None``: nothing), written at ``revision``."""

    value: bytes | None
    revision: int


class _Row(NamedTuple):
    """A name as it stands in the database."""

    id: int
    revision: int
    link: int


def revisions(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, int]:
    """The revisions of those of ``keys`` that there are."""
    found: dict[bytes, int] = {}
    for some in _pieces(keys):
        found.update(db.execute(_statement(_REVISIONS, len(some)), some).fetchall())
    return found


def merge(db: sqlite3.Connection, path: str, writes: Mapping[bytes, Written]) -> None:
    """Bring about ``writes``. Raises ``IntegrityError`` when what stands there is damaged."""
    keys = sorted(writes)
    there = _located(db, path, keys)
    gone = [key for key in keys if writes[key].value is None and key in there]
    new = [key for key in keys if writes[key].value is not None and key not in there]
    names = dict(_relinked(db, path, gone, new))  # keys whose tie changes
    _drop(db, gone, there)
    blobs: list[Any] = []
    rows: dict[bytes, tuple[int, int, int]] = {}
    number = _last_blob(db) if new else 0
    for key in keys:
        value, revision = writes[key]
        if value is None:
            continue
        row = there.get(key)
        if row is None:
            number += 1
            rows[key] = (number, revision, names.pop(key).link)
        else:
            changed = names.pop(key, None)
            rows[key] = (row.id, revision, row.link if changed is None else changed.link)
        blobs += (rows[key][0], value, checksum(key, revision, value))
    rows.update(names)
    _replace(db, _BLOBS, blobs, 3)
    _replace(db, _NAMES, [field for key in sorted(rows) for field in (key, *rows[key])], 4)


def _located(db: sqlite3.Connection, path: str, keys: Sequence[bytes]) -> dict[bytes, _Row]:
    """Those of ``keys`` that there are, each with its value checked."""
    found: dict[bytes, _Row] = {}
    for some in _pieces(keys):
        for key, number, revision, tie, value, crc in db.execute(_statement(_LOCATE, len(some)), some):
            sound = isinstance(value, bytes) and isinstance(number, int) and isinstance(revision, int)
            if not sound or not isinstance(tie, int) or checksum(key, revision, value) != crc:
                raise damaged(path, f"the stored entry {show(key)} is damaged")
            found[key] = _Row(number, revision, tie)
    return found


def _relinked(
    db: sqlite3.Connection, path: str, gone: Sequence[bytes], new: Sequence[bytes]
) -> Iterator[tuple[bytes, _Row]]:
    """The names whose tie to the next one changes when ``gone`` go and ``new`` come, as they are then.

    Of every key that comes or goes both neighbours are looked up; so the keys known, in order, are all
    that there will be from before the first to behind the last of each stretch.
    """
    affected = sorted((*gone, *new))
    if not affected:
        return
    leaving, known = set(gone), set(new)
    before: dict[bytes, _Row] = {}
    for some in _pieces(affected):
        query = _statement(_NEIGHBOURS, len(some), "(?)")
        for key, ahead, number, revision, tie, at, behind in db.execute(query, some):
            if not isinstance(ahead, bytes) or not isinstance(tie, int) or not ahead < key:
                raise damaged(path, f"the list of names is damaged near {show(key)}")
            for neighbour in (at, behind):
                if neighbour is not None and not (isinstance(neighbour, bytes) and neighbour >= key):
                    raise damaged(path, f"the list of names is damaged near {show(key)}")
            if tie != link(ahead, at or b"") or (key in leaving) != (at == key):
                raise damaged(path, f"the list of names is damaged near {show(key)}")
            before[ahead] = _Row(number, revision, tie)
            known.update(each for each in (ahead, behind) if each is not None)
    order = sorted(known - leaving)
    order.append(_END)
    for key in (*new, *(each for each in before if each not in leaving)):
        following = order[bisect_right(order, key)]
        tie = link(key, b"" if following is _END else following)
        row = before.get(key)
        yield key, _Row(0, 0, tie) if row is None else _Row(row.id, row.revision, tie)


def _drop(db: sqlite3.Connection, keys: Sequence[bytes], there: Mapping[bytes, _Row]) -> None:
    for some in _pieces(keys):
        db.execute(_statement(_DROP_NAMES, len(some)), some)
        db.execute(_statement(_DROP_BLOBS, len(some)), [there[key].id for key in some])


def _last_blob(db: sqlite3.Connection) -> int:
    found: int | None = db.execute("SELECT max(id) FROM blobs").fetchone()[0]
    return found or 0


def _replace(db: sqlite3.Connection, statement: str, fields: Sequence[Any], width: int) -> None:
    row = f"({','.join('?' * width)})"
    for some in _pieces(fields, width):
        db.execute(_statement(statement, len(some) // width, row), some)


def _pieces(items: Sequence[Any], width: int = 1) -> Iterator[Sequence[Any]]:
    """``items`` in pieces of as many rows, ``width`` items each, as one statement takes."""
    at, rows = 0, len(items) // width
    for size in _SIZES:
        while rows - at >= size:
            yield items[at * width : (at + size) * width]
            at += size


def _memo(make: Callable[..., str]) -> Callable[..., str]:
    made: dict[tuple[Any, ...], str] = {}

    def statement(*parts: Any) -> str:
        text = made.get(parts)
        if text is None:
            text = made[parts] = make(*parts)
        return text

    return statement


@_memo
def _statement(pattern: str, count: int, row: str = "?") -> str:
    return pattern.replace("@", ",".join([row] * count))


_REVISIONS = "SELECT key, revision FROM names WHERE key IN (@)"
_LOCATE = (
    "SELECT n.key, n.id, n.revision, n.link, b.value, b.crc FROM names AS n LEFT JOIN blobs AS b ON b.id = n.id "
    "WHERE n.key IN (@)"
)
_NEIGHBOURS = (
    "WITH asked(k) AS (VALUES @) SELECT k, p.key, p.id, p.revision, p.link, "
    "(SELECT key FROM names WHERE key >= k ORDER BY key LIMIT 1), "
    "(SELECT key FROM names WHERE key > k ORDER BY key LIMIT 1) "
    "FROM asked LEFT JOIN names AS p ON p.key = (SELECT key FROM names WHERE key < k ORDER BY key DESC LIMIT 1)"
)
_DROP_NAMES = "DELETE FROM names WHERE key IN (@)"
_DROP_BLOBS = "DELETE FROM blobs WHERE id IN (@)"
_BLOBS = "INSERT OR REPLACE INTO blobs (id, value, crc) VALUES @"
_NAMES = "INSERT OR REPLACE INTO names (key, id, revision, link) VALUES @"
