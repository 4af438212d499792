"""The storage protocol: an ordered key-value store with optimistic transactions.

Keys are text, compared by their UTF-8 bytes; values are opaque bytes (ciphertext: the barrier sits
above). A transaction remembers what it read, buffers what it writes, and at commit either finds all it
read unchanged and applies everything at once, durably, or raises ``Conflict`` and applies nothing. The
form is chosen so that several transactions can later share one ``fsync``, and so that it means the same
over PostgreSQL.

Every entry carries the revision at which it was last written. Revisions are one counter for the whole
store, strictly growing, one step an entry written; so ``revision()`` answers "has anything changed since
N" cheaply, and the number of encryptions under a key can be bounded from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Protocol
else:
    Protocol = object  # nothing asks at run time, and each protocol class would cost start-up 0.4 ms

T = TypeVar("T")

Names = list[str]
"""An alias, for classes that have a method of that name."""


class Entry(NamedTuple):
    """A stored value and the revision at which it was written."""

    value: bytes
    revision: int


class Changes(NamedTuple):
    """The ``keys`` written or deleted until ``revision``, in no order."""

    revision: int
    keys: list[str]


class Reader(Protocol):
    """What reads: a storage, a transaction, or one moment of a storage."""

    def get(self, key: str) -> Entry | None: ...

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]: ...


class Transaction(Protocol):
    """Reads see the store as of their own moment plus this transaction's writes; commit validates them."""

    def get(self, key: str) -> Entry | None:
        """The entry at ``key``, or ``None``. Remembered, and checked again at commit.

        What this transaction wrote itself comes back with revision 0: it has none before the commit.
        """

    def expect(self, key: str, revision: int | None) -> None:
        """Check at commit that ``key`` is still at ``revision`` (``None``: absent), without reading it now."""

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        """Immediate children under ``prefix`` (see ``Storage.list``). Remembered, and checked at commit."""

    def put(self, key: str, value: bytes) -> None:
        """Write ``value`` at commit."""

    def delete(self, key: str) -> None:
        """Remove ``key`` at commit; nothing happens when it is absent."""

    def commit(self) -> int:
        """Apply atomically and durably; returns the store's revision after it. Raises ``Conflict``."""

    def rollback(self) -> None:
        """Forget everything; safe to call twice."""

    def __enter__(self) -> Transaction: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commits when the block ended well, rolls back otherwise."""


class Storage(Protocol):
    """What every storage offers. Safe to share between threads; usable on both sides of a fork.

    Errors: ``StorageUnavailable`` (full, read-only, locked, missing), ``IntegrityError`` (damaged),
    ``Conflict`` from a commit.
    """

    def get(self, key: str) -> Entry | None:
        """The entry at ``key``, or ``None``."""

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        """Immediate children of ``prefix``, in order, as names relative to it.

        ``prefix`` is empty or ends in ``/``. A child with descendants comes as ``name/`` once, however
        many it has; a leaf comes as ``name``; both may exist. ``after`` (a name of an earlier page) and
        ``limit`` page through. The cost grows with the children returned, not with the descendants.
        """

    def scan(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, Entry]]:
        """All entries whose key starts with ``prefix`` and is greater than ``after``, in key order.

        Reads in pages and holds no lock between them.
        """

    def snapshot(self, action: Callable[[Reader], T]) -> T:
        """Run ``action``, whose reads all see one moment; for several reads, also cheaper than one by one.

        ``action`` must be short, must not write, and must not keep what it is given.
        """

    def transaction(self) -> Transaction:
        """A new transaction."""

    def revision(self) -> int:
        """The revision of the last committed write; cheap."""

    def changes(self, since: int, stamp: bytes = b"") -> Changes | None:
        """What was written or deleted after revision ``since``. ``None`` when that is not known: it is too far
        back, or ``stamp``, which was this storage's at that revision, speaks of another copy of it. Then
        whoever remembers entries must forget them all."""

    def stamp(self) -> bytes:
        """What differs from before as soon as any process has acknowledged another write: the cheapest
        question whether what one remembers is still so. Empty when that is not known."""

    def get_mark(self, name: str) -> bytes | None:
        """A small value kept outside the entries and their revisions (see ``set_mark``), or ``None``."""

    def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None:
        """Keep a small value (up to 2048 bytes) under ``name``: no revision, no conflict, the last one wins.

        With ``durable=False`` it survives the death of the process but perhaps not of the machine; a later
        durable write makes it durable too.
        """

    def close(self) -> None:
        """Give back what is held; safe to call twice."""


def transact(storage: Storage, action: Callable[[Transaction], T], *, attempts: int = 16) -> T:
    """Run ``action`` in a transaction and commit, again from the start when it loses a race.

    ``action`` may run several times, so it must have no effect besides the transaction's. Raises
    ``Conflict`` after ``attempts`` losses.
    """
    for attempt in range(attempts):
        transaction = storage.transaction()
        try:
            result = action(transaction)
            transaction.commit()
        except Conflict as lost:
            transaction.rollback()
            if attempt == attempts - 1 or not getattr(lost, "retry", False):
                raise
        except BaseException:
            transaction.rollback()
            raise
        else:
            return result
    raise Conflict("the transaction lost every race")  # pragma: no cover - attempts < 1
