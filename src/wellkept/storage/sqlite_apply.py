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
from .sqlite_open import load_state
from .transaction import Applied

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from .sqlite_schema import State
    from .transaction import Change, ListRead

REMEMBERED = 65536
"""Revisions back to which ``changes`` answers, about."""

_MOST_KEYS = 4096
"""Of one commit; one that wrote more is remembered as having changed everything."""


def check(db: sqlite3.Connection, path: str, batch: Sequence[Change]) -> Applied:
    """For transactions that wrote nothing: was what they read of one moment?"""
    now = load_state(db, path).revision
    outcomes: list[int | Conflict] = [_clash(db, path, now, each.reads, each.lists) or now for each in batch]
    return Applied(outcomes, now, now, {})


def change(db: sqlite3.Connection, path: str, state: State, batch: Sequence[Change]) -> Applied:
    """Apply each of ``batch`` that does not conflict with what stands there or with those before it."""
    before = state.revision
    written: dict[str, Entry | None] = {}
    outcomes: list[int | Conflict] = []
    for each in batch:
        conflict = _clash(db, path, state.revision, each.reads, each.lists)
        if conflict is None:
            _write(db, path, state, each.writes, written)
        outcomes.append(conflict or state.revision)
    if state.revision > before:
        _note(db, before, state.revision, written)
    return Applied(outcomes, before, state.revision, written)


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


def _write(
    db: sqlite3.Connection,
    path: str,
    state: State,
    writes: Mapping[str, bytes | None],
    written: dict[str, Entry | None],
) -> None:
    for key in sorted(writes):
        value, raw = writes[key], key.encode()
        if value is not None:
            state.revision += 1
            tree.put(db, path, raw, value, state.revision)
            written[key] = Entry(value, state.revision)
        elif tree.remove(db, path, raw):
            state.revision += 1
            written[key] = None


def _note(db: sqlite3.Connection, before: int, after: int, written: Mapping[str, Entry | None]) -> None:
    keys = "\0".join(written).encode() if len(written) <= _MOST_KEYS else b""
    db.execute(sql.NOTE_CHANGE, (after, before, keys, _checksum(after, before, keys)))
    db.execute(sql.FORGET_CHANGES, (after - REMEMBERED,))


def _checksum(revision: int, since: int, keys: bytes) -> int:
    return crc32(keys, crc32(b"%d %d" % (revision, since)))


def _clash(
    db: sqlite3.Connection,
    path: str,
    now: int,
    reads: Mapping[str, int | None],
    lists: Sequence[ListRead],
) -> Conflict | None:
    for key in sorted(reads):
        if tree.revision_of(db, key.encode()) != reads[key]:
            return Conflict(f"{key!r} was changed by someone else at the same time", retry=True)
    for read in lists:
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
