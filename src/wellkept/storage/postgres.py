"""``PostgresStorage``: the storage protocol over PostgreSQL, for any number of servers that all read and write.

Connections come from a pool and are replaced when they break. A commit whose connection broke before the answer came
is looked for by its identifier, so nobody is told "failed" of what was done, nor "done" of what was not.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from ..errors import ConfigError, Conflict, IntegrityError, InvalidRequest, StorageUnavailable, ValueTooLarge
from . import postgres_sql as sql
from . import postgres_tree as tree
from .keys import encode_bound, encode_key, encode_prefix
from .postgres_apply import Commit
from .postgres_errors import BROKEN, MADE_MEANWHILE, RETRIED, sort
from .postgres_watch import Watch
from .protocol import Changes
from .transaction import Applied, Change, OptimisticTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from psycopg import Connection

    from .protocol import Entry, Names
    from .transaction import ListRead

T = TypeVar("T")

MAX_MARK = 2048
"""Bytes of a mark's value."""


class Moment:
    """``get`` and ``list`` of one moment."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection[Any]) -> None:
        self._db = db

    def get(self, key: str) -> Entry | None:
        return tree.find(self._db, encode_key(key))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return tree.children(self._db, encode_prefix(prefix), encode_bound(after), limit)

    def revision(self) -> int:
        return _state(self._db)[1]


class PostgresStorage:
    """See ``protocol.Storage``. Made by ``create`` or ``open``."""

    def __init__(
        self,
        conninfo: str,
        *,
        password: Callable[[], str] | None = None,
        schema: str | None = None,
        connections: int = 16,
        statement_timeout: float = 30.0,
        patience: float = 5.0,
        poll: float = 0.25,
        bound: float = 1.0,
    ) -> None:
        self._conninfo = conninfo
        self._password = password
        self._schema = schema
        self._statement_timeout = statement_timeout
        self._patience = patience
        self._connections = connections
        self._poll, self._bound = poll, bound
        self.where = _shown(conninfo)
        self._begin()

    @classmethod
    def create(cls, conninfo: str, **options: Any) -> PostgresStorage:
        """A new, empty store in a database. Raises ``StorageUnavailable`` when it has one already."""
        storage = cls(conninfo, **options)
        try:
            # Several servers that start at once make the same tables: whoever is second tries again and finds them.
            made = storage._run(
                lambda db: _install(db, storage._schema), (*RETRIED, *BROKEN, *MADE_MEANWHILE)
            )
        except BaseException:
            storage.close()
            raise
        if not made:
            storage.close()
            raise StorageUnavailable(f"{storage.where}: there is a store in this database already")
        return storage

    @classmethod
    def open(cls, conninfo: str, **options: Any) -> PostgresStorage:
        """The store in a database; creates nothing, but migrates older tables, once however many servers start.

        ``conninfo``: a URL or key-value string as libpq takes it (TLS is asked for there: ``sslmode=verify-full``).
        ``password``: asked at every new connection, so that a rotated one needs no restart. ``schema``: where the
        tables are. ``connections``: at most so many. In seconds: ``statement_timeout``; ``patience``, how long a
        read is tried again when connections break; ``poll`` and ``bound`` of the watch over other servers' writes.
        Raises ``StorageUnavailable``.
        """
        storage = cls(conninfo, **options)
        try:
            storage._write(_migrate)
        except BaseException:
            storage.close()
            raise
        return storage

    # Reading.

    def get(self, key: str) -> Entry | None:
        raw = encode_key(key)
        return self._read(lambda db: tree.find(db, raw))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        start, behind = encode_prefix(prefix), encode_bound(after)
        return self._read(lambda db: tree.children(db, start, behind, limit))

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> Names:
        """Up to ``limit`` keys that start with ``prefix`` and are greater than ``after``, in order."""
        start, behind = encode_bound(prefix), encode_bound(after)
        return self._read(lambda db: tree.keys(db, start, behind, limit))

    def scan(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, Entry]]:
        start, behind = encode_bound(prefix), encode_bound(after)
        while True:
            page = self._read(lambda db, at=behind: tree.page(db, start, at))  # type: ignore[misc]
            yield from page
            if len(page) < tree.PAGE:
                return
            behind = page[-1][0].encode()

    def snapshot(self, action: Callable[[Moment], T]) -> T:
        def look(db: Connection[Any]) -> T:
            db.isolation_level, db.read_only = IsolationLevel.REPEATABLE_READ, True
            try:
                with db.transaction():
                    return action(Moment(db))
            finally:
                if not db.closed:
                    db.isolation_level, db.read_only = None, None

        return self._read(look)

    def revision(self) -> int:
        asked = time.monotonic()
        instance, revision = self._read(_state)
        self._watch.seen(instance, revision, asked)
        return revision

    def changes(self, since: int, stamp: bytes = b"") -> Changes | None:
        def read(moment: Moment) -> Changes | None:
            db = moment._db
            instance, now = _state(db)
            if since > now or (stamp and stamp[:-8] != instance):
                return None
            found: set[str] = set()
            reached = since
            for revision, begin, keys in db.execute(sql.CHANGES, (since,)):
                names = bytes(keys)
                if not names or (begin != reached if found or reached != since else begin > since):
                    return None
                reached = revision
                found.update(names.decode().split("\0"))
            return Changes(now, list(found)) if reached == now else None

        return self.snapshot(read)

    def stamp(self) -> bytes:
        self._check_fork()
        return self._watch.stamp()

    # Writing.

    def transaction(self) -> OptimisticTransaction:
        return OptimisticTransaction(self)

    def apply(
        self,
        reads: Mapping[str, int | None],
        lists: Sequence[ListRead],
        writes: Mapping[str, bytes | None],
    ) -> int:
        """Check what a transaction read and apply what it wrote, as one commit (see ``OptimisticTransaction``)."""
        outcome = self.apply_many([Change(reads, lists, writes)]).outcomes[0]
        if isinstance(outcome, Conflict):
            raise outcome
        return outcome

    def apply_many(self, batch: Sequence[Change]) -> Applied:
        """Several transactions one after the other in one commit; who conflicts, alone is left out.

        Raises, for all of them, what keeps the commit from happening.
        """
        asked = time.monotonic()
        id = os.urandom(16)
        prepared: list[tuple[Applied, bytes]] = []
        writes = any(change.writes for change in batch)

        def attempt(db: Connection[Any]) -> tuple[Applied, bytes]:
            if prepared and self._is_done(db, id):
                return prepared[0]
            commit = Commit(db, batch, id, notify=self._notifies, lock=writes)
            with db.transaction():
                applied = commit.run()
                prepared[:] = [(applied, commit.instance)]
            return prepared[0]

        applied, instance = self._run(attempt, again=(*RETRIED, *BROKEN))
        return applied._replace(stamp=self._watch.seen(instance, applied.after, asked))

    @staticmethod
    def _is_done(db: Connection[Any], id: bytes) -> bool:
        """Whether the commit ``id``, of which we had no answer, was made. Whoever still runs it holds the state's
        row, so once we have that, it is settled."""
        with db.transaction():
            db.execute(sql.LOCK_STATE)
            return db.execute(sql.FIND_COMMIT, (id,)).fetchone() is not None

    def get_mark(self, name: str) -> bytes | None:
        raw = encode_key(name)
        row = self._read(lambda db: db.execute(sql.GET_MARK, (raw,)).fetchone())
        return None if row is None else bytes(row[0])

    def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None:
        raw = encode_key(name)
        if not isinstance(value, bytes):
            raise InvalidRequest(f"the mark {name!r} must be bytes, not {type(value).__name__}")
        if len(value) > MAX_MARK:
            raise ValueTooLarge(f"the mark {name!r} has {len(value)} bytes; the limit is {MAX_MARK}")
        self._write(lambda db: db.execute(sql.SET_MARK, (raw, value)))

    def size(self) -> int:
        """Bytes of keys and values."""
        row = self._read(lambda db: db.execute(sql.SIZE).fetchone())
        return int(row[0]) if row else 0

    def scrub(self) -> bool:
        """What was deleted lies in PostgreSQL's own files until it is vacuumed, and in its backups: not ours to mend."""
        return True

    def close(self) -> None:
        if self._pid == os.getpid():
            self._watch.close()
            self._pool.close()

    def __repr__(self) -> str:
        return f"<PostgresStorage {self.where}>"

    # Connections.

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._notifies = True
        self._pool: ConnectionPool[Connection[Any]] = ConnectionPool(
            self._conninfo,
            kwargs=self._connect_options,
            min_size=1,
            max_size=self._connections,
            configure=self._configure,
            timeout=self._patience,
            reconnect_timeout=self._patience,
            open=False,
            name="wellkept",
        )
        self._pool.open()
        self._watch = Watch(self._dial, poll=self._poll, bound=self._bound)

    def _connect_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "autocommit": True,
            "connect_timeout": max(2, round(self._patience)),
            "application_name": "wellkept",
        }
        if self._password is not None:
            options["password"] = self._password()
        return options

    def _configure(self, db: Connection[Any]) -> None:
        db.execute(f"SET statement_timeout = {round(self._statement_timeout * 1000)}")
        if self._schema is not None:
            db.execute(psycopg.sql.SQL("SET search_path TO {}").format(psycopg.sql.Identifier(self._schema)))

    def _dial(self) -> Connection[Any]:
        db = psycopg.connect(self._conninfo, **self._connect_options())
        self._configure(db)
        return db

    def _check_fork(self) -> None:
        if self._pid != os.getpid():
            self._begin()  # the parent's connections stay its own

    def _read(self, action: Callable[[Connection[Any]], T]) -> T:
        """Run what only reads, again on another connection when the first one breaks."""
        return self._run(action, again=BROKEN)

    def _write(self, action: Callable[[Connection[Any]], T]) -> T:
        """Run what may be done twice without harm, like a read."""
        return self._run(action, again=(*RETRIED, *BROKEN))

    def _run(self, action: Callable[[Connection[Any]], T], again: tuple[type[Exception], ...]) -> T:
        self._check_fork()
        failure: Exception | None = None
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(again),
                stop=stop_after_delay(self._patience),
                wait=wait_random_exponential(multiplier=0.02, max=0.5),
                reraise=True,
            ):
                with attempt, self._pool.connection() as db:
                    return action(db)
        except PoolTimeout:
            failure = StorageUnavailable(f"{self.where}: it cannot be reached")
        except psycopg.Error as error:
            failure = sort(error, self.where)
        assert failure is not None
        raise failure


def _state(db: Connection[Any]) -> tuple[bytes, int]:
    row = db.execute(sql.STATE).fetchone()
    if row is None:
        raise StorageUnavailable("there is no store in this database; make one first")
    return bytes(row[1]), row[2]


def _install(db: Connection[Any], schema: str | None) -> bool:
    """Make the tables; whether it was done now, by us."""
    with db.transaction():
        if schema is not None and db.execute(sql.HAS_SCHEMA, (schema,)).fetchone() is None:
            db.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))
        for statement in sql.CREATE:
            db.execute(statement)
        return db.execute(sql.ADD_STATE, (sql.VERSION, os.urandom(8))).rowcount == 1


def _migrate(db: Connection[Any]) -> None:
    with db.transaction():
        row = db.execute(sql.LOCK_STATE).fetchone()
        if row is None:
            raise StorageUnavailable("there is no store in this database; make one first")
        version = row[0]
        if version > sql.VERSION:
            raise IntegrityError("the tables were made by a later version of wellkept; upgrade this one")
        for step in range(version, sql.VERSION):
            for statement in sql.MIGRATIONS[step]:
                db.execute(statement)
            db.execute(sql.SET_VERSION, (step + 1,))


def _shown(conninfo: str) -> str:
    """The database for messages: host, port and name."""
    failure = False
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:
        failure = True
    if failure:
        raise ConfigError("the database's address is not one that PostgreSQL's driver can read")
    return f"postgresql://{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"
