"""The optimistic transaction, for any storage that can read, and apply checked writes at once.

Reads go to the storage as they come and are remembered; writes wait in memory. Commit hands both to the
storage, which compares and applies them under its write lock.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .keys import check_value, encode_bound, encode_key, encode_prefix
from .protocol import Entry, Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from ..errors import Conflict

_PAGE = 64


class ListRead(NamedTuple):
    """One listing that was answered: children when ``deep`` is false, keys when true; ``revision`` from before it."""

    deep: bool
    prefix: str
    after: str
    limit: int | None
    result: Sequence[str]
    revision: int


class Change(NamedTuple):
    """All of one transaction: what it read (revisions by key, listings) and what it writes (``None`` deletes)."""

    reads: Mapping[str, int | None]
    lists: Sequence[ListRead]
    writes: Mapping[str, bytes | None]


class Applied(NamedTuple):
    """What became of several transactions in one commit.

    ``outcomes``: for each the revision after it, or why it was left out. ``before``, ``after``: the store's
    revision around the commit; ``entries``: what it wrote (``None``: deleted); ``stamp``: what the storage's
    ``stamp`` says right after it, empty where that is not known.
    """

    outcomes: Sequence[int | Conflict]
    before: int
    after: int
    entries: Mapping[str, Entry | None]
    stamp: bytes = b""


class Backend(Protocol):
    """What a storage offers to this class."""

    def get(self, key: str) -> Entry | None: ...

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]: ...

    def keys(self, prefix: str, *, after: str = "", limit: int = _PAGE) -> Names: ...

    def revision(self) -> int: ...

    def apply(
        self,
        reads: Mapping[str, int | None],
        lists: Sequence[ListRead],
        writes: Mapping[str, bytes | None],
    ) -> int: ...


class OptimisticTransaction:
    """See ``protocol.Transaction``. Not to be shared between threads."""

    __slots__ = ("_backend", "_done", "_lists", "_order", "_reads", "_seen", "_writes")

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._reads: dict[str, int | None] = {}
        self._seen: dict[str, Entry | None] = {}
        self._lists: list[ListRead] = []
        self._writes: dict[str, bytes | None] = {}
        self._order: list[str] = []  # the keys of _writes, sorted
        self._done = False

    def get(self, key: str) -> Entry | None:
        self._check_open()
        encode_key(key)
        if key in self._writes:
            value = self._writes[key]
            return None if value is None else Entry(value, 0)
        if key not in self._seen:
            entry = self._backend.get(key)
            found = None if entry is None else entry.revision
            if self._reads.setdefault(key, found) == found:
                self._seen[key] = entry
            return entry
        return self._seen[key]

    def expect(self, key: str, revision: int | None) -> None:
        self._check_open()
        encode_key(key)
        self._reads.setdefault(key, revision)

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        self._check_open()
        encode_prefix(prefix)
        encode_bound(after)
        changed = self._written_under(prefix)
        if not changed:
            return self._read_list(False, prefix, after, limit)
        added = sorted(
            {child for key, value in changed.items() if value is not None for child in [_child(prefix, key)]}
        )
        merged: list[str] = []
        waiting = [child for child in added if child > after]
        for child in self._stored_children(prefix, after, changed):
            while waiting and waiting[0] < child and (limit is None or len(merged) < limit):
                merged.append(waiting.pop(0))
            if limit is not None and len(merged) >= limit:
                return merged
            if waiting and waiting[0] == child:
                waiting.pop(0)
            merged.append(child)
        merged += waiting
        return merged if limit is None else merged[:limit]

    def put(self, key: str, value: bytes) -> None:
        self._check_open()
        encode_key(key)
        check_value(key, value)
        self._write(key, value)

    def delete(self, key: str) -> None:
        self._check_open()
        encode_key(key)
        self._write(key, None)

    def commit(self) -> int:
        self._check_open()
        self._done = True
        return self._backend.apply(self._reads, self._lists, self._writes)

    def change(self) -> Change:
        """End it without committing: what ``commit`` would have handed over, for whoever commits several at once."""
        self._check_open()
        self._done = True
        return Change(self._reads, self._lists, self._writes)

    def rollback(self) -> None:
        self._done = True

    def __enter__(self) -> OptimisticTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._done:
            self.commit()
        else:
            self.rollback()

    def _check_open(self) -> None:
        if self._done:
            raise RuntimeError("this transaction has ended; begin a new one")

    def _write(self, key: str, value: bytes | None) -> None:
        if key not in self._writes:
            insort(self._order, key)
        self._writes[key] = value

    def _written_under(self, prefix: str) -> dict[str, bytes | None]:
        first = bisect_left(self._order, prefix)
        last = (
            bisect_left(self._order, prefix[:-1] + "0") if prefix else len(self._order)
        )  # "0" comes after "/"
        return {key: self._writes[key] for key in self._order[first:last]}

    def _read_list(self, deep: bool, prefix: str, after: str, limit: int | None) -> Names:
        revision = self._backend.revision()
        if deep:
            result = self._backend.keys(prefix, after=after, limit=limit or _PAGE)
        else:
            result = self._backend.list(prefix, after=after, limit=limit)
        self._lists.append(ListRead(deep, prefix, after, limit, tuple(result), revision))
        return result

    def _stored_children(self, prefix: str, after: str, changed: Mapping[str, bytes | None]) -> Iterator[str]:
        """The children that storage has, without those that this transaction's deletions leave empty."""
        deleted = {key for key, value in changed.items() if value is None}
        touched = {_child(prefix, key) for key in deleted}
        while True:
            batch = self._read_list(False, prefix, after, _PAGE)
            for child in batch:
                if child not in touched or self._survives(prefix + child, deleted):
                    yield child
            if len(batch) < _PAGE:
                return
            after = batch[-1]

    def _survives(self, path: str, deleted: set[str]) -> bool:
        if not path.endswith("/"):
            return path not in deleted
        after = ""
        while True:
            batch = self._read_list(True, path, after, _PAGE)
            if any(key not in deleted for key in batch):
                return True
            if len(batch) < _PAGE:
                return False
            after = batch[-1]


def _child(prefix: str, key: str) -> str:
    rest = key[len(prefix) :]
    cut = rest.find("/")
    return rest if cut < 0 else rest[: cut + 1]
