"""Transactions applied to one PostgreSQL connection: checked one after the other, written, noted; in two round trips.

The first locks the state's row, so that commits come one after the other, and fetches the revisions of all that is
read or written. The second writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Conflict, StorageUnavailable
from . import postgres_sql as sql
from .postgres_tree import children, keys
from .protocol import Entry
from .transaction import Applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from .transaction import Change, ListRead

REMEMBERED = 65536
"""Revisions back to which ``changes`` answers, about."""

MOST_KEYS = 4096
"""Of one commit; one that wrote more is remembered as having changed everything."""


class Commit:
    """One commit of ``batch`` under the identifier ``id``. ``notify``: tell those who listen. ``lock``: it writes."""

    def __init__(
        self, db: Connection[Any], batch: Sequence[Change], id: bytes, *, notify: bool, lock: bool = True
    ) -> None:
        self._lock = sql.LOCK_STATE if lock else sql.STATE
        self._db = db
        self._batch = batch
        self._id = id
        self._notify = notify
        self._known: dict[str, int] = {}
        self._unwritten: dict[str, Entry | None] = {}
        self._written: dict[str, Entry | None] = {}
        self._now = 0
        self.instance = b""

    def run(self) -> Applied:
        """Inside a transaction of the caller's, who commits."""
        wanted = sorted({key for each in self._batch for key in (*each.reads, *each.writes)})
        with self._db.pipeline():
            state = self._db.execute(self._lock)
            found = self._db.execute(sql.REVISIONS, ([key.encode() for key in wanted],))
        row = state.fetchone()
        if row is None:
            raise StorageUnavailable("there is no store in this database; make one first")
        _, self.instance, before = row
        self.instance = bytes(self.instance)
        self._now = before
        self._known = {bytes(key).decode(): revision for key, revision in found.fetchall()}
        outcomes: list[int | Conflict] = []
        for each in self._batch:
            conflict = self._clash(each)
            if conflict is None:
                self._take(each)
            outcomes.append(conflict or self._now)
        if self._now > before:
            self._flush(before)
        return Applied(outcomes, before, self._now, self._written)

    def _clash(self, change: Change) -> Conflict | None:
        for key, revision in sorted(change.reads.items()):
            if self._known.get(key) != revision:
                return Conflict(f"{key!r} was changed by someone else at the same time", retry=True)
        for read in change.lists:
            if read.revision != self._now and self._list(read) != tuple(read.result):
                return Conflict(
                    f"the folder {read.prefix!r} was changed by someone else at the same time", retry=True
                )
        return None

    def _list(self, read: ListRead) -> tuple[str, ...]:
        if any(key.startswith(read.prefix) for key in self._unwritten):
            self._flush(None)
        prefix, after = read.prefix.encode(), read.after.encode()
        if read.deep:
            return tuple(keys(self._db, prefix, after, read.limit or 0))
        return tuple(children(self._db, prefix, after, read.limit))

    def _take(self, change: Change) -> None:
        for key in sorted(change.writes):
            value = change.writes[key]
            if value is None:
                if self._known.pop(key, None) is None:
                    continue
                self._now += 1
                self._unwritten[key] = self._written[key] = None
            else:
                self._now += 1
                self._known[key] = self._now
                self._unwritten[key] = self._written[key] = Entry(value, self._now)

    def _flush(self, before: int | None) -> None:
        """Write what waits; with ``before``, the revision that this commit began at, also its note."""
        puts = [(key.encode(), entry) for key, entry in self._unwritten.items() if entry is not None]
        gone = [key.encode() for key, entry in self._unwritten.items() if entry is None]
        with self._db.pipeline():
            if gone:
                self._db.execute(sql.DELETE, (gone,))
            if puts:
                columns = [key for key, _ in puts], [e.value for _, e in puts], [e.revision for _, e in puts]
                self._db.execute(sql.PUT, columns)
            if before is not None:
                written = self._written
                names = "\0".join(written).encode() if len(written) <= MOST_KEYS else b""
                self._db.execute(sql.SET_REVISION, (self._now,))
                self._db.execute(sql.NOTE_CHANGE, (self._now, before, self._id, names))
                self._db.execute(sql.FORGET_CHANGES, (self._now - REMEMBERED,))
                if self._notify:
                    self._db.execute("NOTIFY wellkept")
        self._unwritten.clear()
