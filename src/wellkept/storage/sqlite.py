"""``SQLiteStorage``: the storage protocol over one SQLite file, for many threads and processes of one machine.

Write-ahead log, synced at each commit. The parts: ``sqlite_open`` (opening with checks), ``sqlite_pool``
(connections, fork), ``sqlite_guard`` (the writers' lock, the witness), ``sqlite_tree`` (checked reads and
writes), ``sqlite_schema`` (every statement), ``sqlite_create`` (new files and copies).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from ..errors import Conflict, InvalidRequest, StorageUnavailable, ValueTooLarge
from . import sqlite_schema as sql
from . import sqlite_tree as tree
from .keys import encode_bound, encode_key, encode_prefix
from .sqlite_errors import damaged
from .sqlite_open import load_state
from .sqlite_pool import Pool
from .sqlite_schema import checksum

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .protocol import Changes, Entry, Names
    from .sqlite_open import Connection
    from .sqlite_schema import State
    from .transaction import Applied, Change, ListRead, OptimisticTransaction

T = TypeVar("T")

MAX_MARK = 2048
"""Bytes of a mark's value."""


class Snapshot:
    """``get`` and ``list`` as ``SQLiteStorage`` has them, of one moment."""

    __slots__ = ("_db", "_path")

    def __init__(self, db: sqlite3.Connection, path: str) -> None:
        self._db = db
        self._path = path

    def get(self, key: str) -> Entry | None:
        return tree.find(self._db, self._path, encode_key(key))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return tree.children(self._db, self._path, encode_prefix(prefix), encode_bound(after), limit)

    def revision(self) -> int:
        return load_state(self._db, self._path).revision


class SQLiteStorage:
    """See ``protocol.Storage``. Made by ``create`` or ``open``."""

    def __init__(self, path: str, *, busy_timeout: float) -> None:
        self._pool = Pool(path, busy_timeout)

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, busy_timeout: float = 10.0) -> SQLiteStorage:
        """A new, empty store file, mode 0600; a directory that is missing is made, mode 0700.

        Raises ``StorageUnavailable`` when there is something at ``path`` already, or it cannot be made.
        """
        from .sqlite_create import create

        where = _absolute(path)
        _make_directory(os.path.dirname(where))
        create(where)
        return cls.open(where, busy_timeout=busy_timeout)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, busy_timeout: float = 10.0) -> SQLiteStorage:
        """The store in an existing file; creates nothing. ``busy_timeout`` is how long to wait for writers, in seconds.

        Raises ``StorageUnavailable`` when it is missing or cannot be read, ``IntegrityError`` when it is
        empty, cut short, damaged, lacks acknowledged writes, or is no store at all.
        """
        storage = cls(_absolute(path), busy_timeout=busy_timeout)
        storage.revision()  # opens a first connection, with all its checks
        return storage

    @property
    def path(self) -> str:
        """The file, absolute."""
        return self._pool.path

    def get(self, key: str) -> Entry | None:
        raw = encode_key(key)
        return self._pool.read(lambda db, path: tree.find(db, path, raw))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        start, behind = encode_prefix(prefix), encode_bound(after)
        return self._pool.read(lambda db, path: tree.children(db, path, start, behind, limit), snapshot=True)

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> Names:
        """Up to ``limit`` keys that start with ``prefix`` and are greater than ``after``, in order."""
        start, behind = encode_bound(prefix), encode_bound(after)
        return self._pool.read(lambda db, path: tree.keys(db, path, start, behind, limit), snapshot=True)

    def scan(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, Entry]]:
        start, behind = encode_bound(prefix), encode_bound(after)
        more = True
        while more:
            position = behind
            page, more = self._pool.read(
                lambda db, path, at=position: tree.page(db, path, start, at),  # type: ignore[misc]
                snapshot=True,
            )
            yield from page
            if page:
                behind = page[-1][0].encode()

    def snapshot(self, action: Callable[[Snapshot], T]) -> T:
        return self._pool.read(lambda db, path: action(Snapshot(db, path)), snapshot=True)

    def transaction(self) -> OptimisticTransaction:
        from .transaction import OptimisticTransaction  # readers do without

        return OptimisticTransaction(self)

    def apply(
        self,
        reads: Mapping[str, int | None],
        lists: Sequence[ListRead],
        writes: Mapping[str, bytes | None],
    ) -> int:
        """Check what a transaction read and apply what it wrote, as one commit (see ``OptimisticTransaction``)."""
        from .transaction import Change

        outcome = self.apply_many([Change(reads, lists, writes)]).outcomes[0]
        if isinstance(outcome, Conflict):
            raise outcome
        return outcome

    def apply_many(self, batch: Sequence[Change]) -> Applied:
        """Several transactions one after the other in one commit; who conflicts, alone is left out.

        Raises, for all of them, what keeps the commit from happening.
        """
        from . import sqlite_apply

        if not any(change.writes for change in batch):
            return self._pool.read(lambda db, path: sqlite_apply.check(db, path, batch), snapshot=True)
        kept: list[State] = []

        def run(db: Connection, path: str, state: State) -> Applied:
            kept.append(state)
            return sqlite_apply.change(db, path, state, batch)

        applied = self._pool.write(run)
        return applied._replace(stamp=self._pool.stamp_of(kept[0]))

    def changes(self, since: int, stamp: bytes = b"") -> Changes | None:
        from . import sqlite_apply

        def read(db: Connection, path: str) -> Changes | None:
            if stamp and not self._pool.is_of_this_copy(stamp, load_state(db, path)):
                return None
            return sqlite_apply.changes(db, path, since)

        return self._pool.read(read, snapshot=True)

    def stamp(self) -> bytes:
        return self._pool.stamp()

    def revision(self) -> int:
        return self._pool.read(load_state).revision

    def get_mark(self, name: str) -> bytes | None:
        raw = encode_key(name)

        def read(db: sqlite3.Connection, path: str) -> bytes | None:
            row = db.execute(sql.GET_MARK, (raw,)).fetchone()
            if row is None:
                return None
            value, crc = row
            if not isinstance(value, bytes) or checksum(raw, 0, value) != crc:
                raise damaged(path, f"the mark {name!r} is damaged")
            return value

        return self._pool.read(read)

    def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None:
        raw = encode_key(name)
        if not isinstance(value, bytes):
            raise InvalidRequest(f"the mark {name!r} must be bytes, not {type(value).__name__}")
        if len(value) > MAX_MARK:
            raise ValueTooLarge(f"the mark {name!r} has {len(value)} bytes; the limit is {MAX_MARK}")
        self._pool.write(
            lambda db, path, state: db.execute(sql.SET_MARK, (raw, value, checksum(raw, 0, value))),
            durable=durable,
        )

    def size(self) -> int:
        """Bytes on disk: the file and its log."""
        total = 0
        for suffix in ("", "-wal"):
            try:
                total += os.stat(self.path + suffix).st_size
            except OSError:
                pass  # the log comes and goes
        return total

    def check(self) -> int:
        """Read everything and compare all that can be compared; the number of entries.

        Raises ``IntegrityError`` naming what is damaged. Takes about a second for each 100,000 entries.
        """

        def inspect(db: sqlite3.Connection, path: str) -> None:
            if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != b"ok":
                raise damaged(path, "the structure of the database file is damaged")
            if db.execute(sql.COUNTS).fetchone()[0] != 1:  # the first name has no value
                raise damaged(path, "there are values without a name")

        self._pool.read(inspect, snapshot=True)
        return sum(1 for _ in self.scan(""))

    def scrub(self) -> bool:
        """See to it that what was deleted is not in the log either (in the file it is overwritten at once).

        False when readers were in the way for a second; then the next scrub or the last ``close`` does it.
        """
        return self._pool.fold()

    def backup_to(self, path: str | os.PathLike[str]) -> None:
        """A consistent copy as a new file, while others read and write. Raises ``StorageUnavailable``."""
        from .sqlite_create import copy

        where = _absolute(path)
        self._pool.read(lambda db, _: copy(db, where))

    def close(self) -> None:
        self._pool.close()

    def __repr__(self) -> str:
        return f"<SQLiteStorage {self.path}>"

    def __del__(self) -> None:
        pool = getattr(self, "_pool", None)
        if pool is not None:
            pool.close()


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.fsdecode(path))


def _make_directory(path: str) -> None:
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        return
    except OSError as error:
        failure = StorageUnavailable(f"{path}: cannot be made ({os.strerror(error.errno or 0)})")
    raise failure
