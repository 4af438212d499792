"""Transactions applied to one SQLite connection: checked one after the other, written, and noted for those who remember.

All functions expect the caller to have begun a transaction, for ``change`` one that writes.
"""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

from ..errors import Conflict
from . import sqlite_schema as sql
from . import sqlite_tree as tree
from .protocol import Changes, Entry
from .sqlite_merge import Written, merge, revisions
from .sqlite_open import load_state
from .transaction import Applied

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from .sqlite_schema import State
    from .transaction import Change

REMEMBERED = 65536
"""Revisions back to which ``changes`` answers, about."""

_MOST_KEYS = 4096
"""Of one commit; one that wrote more is remembered as having changed everything."""


def check(db: sqlite3.Connection, path: str, batch: Sequence[Change]) -> Applied:
    """For transactions that wrote nothing: was what they read of one moment?"""
    now = load_state(db, path).revision
    current = _Pending(db, path, batch).current
    outcomes: list[int | Conflict] = [_clash(db, path, now, each, current) or now for each in batch]
    return Applied(outcomes, now, now, {})


def change(db: sqlite3.Connection, path: str, state: State, batch: Sequence[Change]) -> Applied:
    """Apply each of ``batch`` that does not conflict with what stands there or with those before it."""
    before = state.revision
    pending = _Pending(db, path, batch)
    outcomes: list[int | Conflict] = []
    for each in batch:
        if each.lists and any(read.revision != state.revision for read in each.lists):
            pending.flush()  # what they listed is looked up again, as those before leave it
        conflict = _clash(db, path, state.revision, each, pending.current)
        if conflict is None:
            pending.take(state, each.writes)
        outcomes.append(conflict or state.revision)
    pending.flush()
    if state.revision > before:
        _note(db, before, state.revision, pending.written)
    return Applied(outcomes, before, state.revision, pending.written)


class _Pending:
    """What is to be written, and what stands at the keys that somebody read, as it will be then."""

    def __init__(self, db: sqlite3.Connection, path: str, batch: Sequence[Change]) -> None:
        self._db = db
        self._path = path
        self._writes: dict[bytes, Written] = {}
        self.written: dict[str, Entry | None] = {}
        asked = {key for each in batch for key in each.reads}
        asked.update(key for each in batch for key, value in each.writes.items() if value is None)
        found = revisions(db, sorted(key.encode() for key in asked))
        self.current = {key: found.get(key.encode()) for key in asked}

    def take(self, state: State, writes: Mapping[str, bytes | None]) -> None:
        current, written = self.current, self.written
        for key in sorted(writes):
            value = writes[key]
            if value is None and current[key] is None:
                continue  # it is not there
            state.revision += 1
            self._writes[key.encode()] = Written(value, state.revision)
            written[key] = None if value is None else Entry(value, state.revision)
            current[key] = None if value is None else state.revision

    def flush(self) -> None:
        if self._writes:
            merge(self._db, self._path, self._writes)
            self._writes = {}


def changes(db: sqlite3.Connection, path: str, since: int) -> Changes | None:
    """What was written or deleted after revision ``since``; ``None`` when that is not known any more.

    Each row must continue where the one before it ended, so a row that is missing, or that a program of an
    older version did not write, is noticed.
    """
    now = load_state(db, path).revision
    if since == now:
        return Changes(now, [])
    if since > now or db.execute("PRAGMA user_version").fetchone()[0] < 2:
        return None
    found: set[str] = set()
    reached = None
    for revision, begin, keys, crc in db.execute(sql.CHANGES, (since,)):
        if (
            not isinstance(keys, bytes)
            or not isinstance(begin, int)
            or _checksum(revision, begin, keys) != crc
            or not keys
        ):
            return None
        if begin != reached if reached is not None else begin > since:
            return None
        reached = revision
        found.update(keys.decode().split("\0"))
    return Changes(now, list(found)) if reached == now else None


def _note(db: sqlite3.Connection, before: int, after: int, written: Mapping[str, Entry | None]) -> None:
    keys = "\0".join(written).encode() if len(written) <= _MOST_KEYS else b""
    db.execute(sql.NOTE_CHANGE, (after, before, keys, _checksum(after, before, keys)))
    db.execute(sql.FORGET_CHANGES, (after - REMEMBERED,))


def _checksum(revision: int, since: int, keys: bytes) -> int:
    return crc32(keys, crc32(b"%d %d" % (revision, since)))


def _clash(
    db: sqlite3.Connection, path: str, now: int, each: Change, current: Mapping[str, int | None]
) -> Conflict | None:
    for key, revision in sorted(each.reads.items()):
        if current[key] != revision:
            return Conflict(f"{key!r} was changed by someone else at the same time", retry=True)
    for read in each.lists:
        if read.revision == now:
            continue  # nothing at all was written since
        prefix, after = read.prefix.encode(), read.after.encode()
        if read.deep:
            found = tree.keys(db, path, prefix, after, read.limit or 0)
        else:
            found = tree.children(db, path, prefix, after, read.limit)
        if tuple(found) != read.result:
            return Conflict(
                f"the folder {read.prefix!r} was changed by someone else at the same time", retry=True
            )
    return None
