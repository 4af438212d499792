"""``CachedStorage``: reads from memory what did not change, writes in groups; one for each process of a server.

What it remembers is what stood in the storage at one revision. Before a read it asks the storage's ``stamp``
(a microsecond) whether any process has acknowledged another write; if so, it forgets the keys that
``changes`` names. So a write acknowledged by one process is seen by a read that begins later at another. Its
own commits go into memory directly. Values are remembered as they are stored: encrypted.

On an event loop nothing may wait for the disk: inside ``memory_only()`` a read of what is not in memory
raises ``NotInMemory``, and the caller does the same thing again on a thread.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ..errors import Conflict
from .group import GroupCommit
from .memory import MISSING, Memory, Missing
from .transaction import Change, OptimisticTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Protocol

    from .protocol import Changes, Entry, Names, Reader, Storage
    from .transaction import Applied, ListRead

    class Moment(Reader, Protocol):
        """A snapshot that says of which revision it is."""

        def revision(self) -> int: ...

    class Below(Storage, Protocol):
        """A storage that commits in groups."""

        def snapshot(self, action: Callable[[Moment], T]) -> T: ...

        def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> Names: ...

        def apply_many(self, batch: Sequence[Change]) -> Applied: ...


T = TypeVar("T")


_LONGEST_LIST = 256
_MOST_LISTS = 512
"""Folders remembered, and names in one: the small ones that are asked for at every request."""


class NotInMemory(BaseException):
    """What was asked for cannot be answered from memory. No error: the caller asks again where it may wait.

    Not an ``Exception``, so that no handler on the way takes it for a failure of the request.
    """


class CachedStorage:
    """See ``protocol.Storage``. ``max_bytes`` bounds what is remembered; ``before`` is ``GroupCommit``'s."""

    def __init__(
        self,
        storage: Below,
        *,
        max_bytes: int = 64 << 20,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.below = storage
        self.group = GroupCommit(storage, before=before, after=self._committed)
        self._max_bytes = max_bytes
        for name in ("path", "size", "check", "backup_to"):  # what only some storages have
            # Not by __getattr__, which would make every look at an attribute a slow one.
            if hasattr(storage, name):
                setattr(self, name, getattr(storage, name))
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._memory = Memory(self._max_bytes)
        self._lists: dict[str, tuple[str, ...]] = {}
        self._revision = -1
        self._stamp = b""
        self._moment = 0  # even: memory is of one revision; odd: it is being changed
        self._held: set[int] = set()  # threads that have asked for the stamp, and need not again
        self._impatient: dict[int, int] = {}  # threads that may not wait, and the moment that they see

    # Reading.

    def get(self, key: str) -> Entry | None:
        begun = self._impatient.get(get_ident()) if self._impatient else None
        if begun is not None:
            return self.recall(key, begun)
        if get_ident() not in self._held:
            self.freshen()
        found = self._memory.young.get(key, MISSING)
        if isinstance(found, Missing):
            found = self._again(key)
        return self._load(key) if isinstance(found, Missing) else found

    def snapshot(self, action: Callable[[Reader], T]) -> T:
        """Run ``action``, whose reads all see one moment; perhaps twice, when memory did not hold all of it."""
        begun = self._impatient.get(get_ident()) if self._impatient else None
        if begun is not None:
            return action(_Recall(self, begun))
        self.freshen()
        try:
            return action(_Recall(self, self._moment))
        except NotInMemory:
            pass
        through = _Through(self)
        result = self.below.snapshot(lambda below: action(through.on(below)))
        through.keep()
        return result

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        begun = self._impatient.get(get_ident()) if self._impatient else None
        if begun is not None:
            return self.recall_list(prefix, begun, after, limit)
        self.freshen()
        known = self._lists.get(prefix) if not after and limit is None else None
        if known is not None:
            return [*known]
        through = _Through(self)
        found = self.below.snapshot(lambda below: through.on(below).list(prefix, after=after, limit=limit))
        through.keep()
        return found

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> Names:
        self._wait()
        return self.below.keys(prefix, after=after, limit=limit)

    def scan(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, Entry]]:
        self._wait()
        return self.below.scan(prefix, after=after)

    def revision(self) -> int:
        me = get_ident()
        if me not in self._held and me not in self._impatient:
            self.freshen()
        return self._revision if self._stamp else self.below.revision()

    def changes(self, since: int, stamp: bytes = b"") -> Changes | None:
        self._wait()
        return self.below.changes(since, stamp)

    def stamp(self) -> bytes:
        return self.below.stamp()

    # Answering from memory alone.

    @contextmanager
    def memory_only(self) -> Iterator[None]:
        """Inside, this thread's reads see one moment of memory, or raise ``NotInMemory``; as writes do."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """``memory_only`` without the cost of a context manager; to be followed by ``leave``, whatever happens."""
        stamp = self.below.stamp()
        if stamp != self._stamp or not stamp or self._pid != os.getpid():
            self._catch_up(stamp)
        self._impatient[get_ident()] = self._moment

    def leave(self) -> None:
        self._impatient.pop(get_ident(), None)

    def hold(self) -> None:
        """Until ``release``, this thread's reads are of now or later: the stamp is not asked for each. What it
        loses a race to, it sees all the same."""
        self.freshen()
        self._held.add(get_ident())

    def release(self) -> None:
        self._held.discard(get_ident())

    def recall(self, key: str, moment: int) -> Entry | None:
        """The entry as of ``moment``. Raises ``NotInMemory`` also when memory has moved on."""
        found = self._memory.young.get(key, MISSING)
        if isinstance(found, Missing):
            found = self._again(key)
        if isinstance(found, Missing) or self._moment != moment or moment & 1:
            raise NotInMemory
        return found

    def recall_list(self, prefix: str, moment: int, after: str, limit: int | None) -> Names:
        """A whole folder as of ``moment``, if it was listed since it last changed. Raises ``NotInMemory``."""
        known = self._lists.get(prefix) if not after and limit is None else None
        if known is None or self._moment != moment or moment & 1:
            raise NotInMemory
        return [*known]

    def _again(self, key: str) -> Entry | Missing | None:
        """From the old generation, to which it then belongs no more."""
        found = self._memory.old.get(key, MISSING)
        if not isinstance(found, Missing) and self._lock.acquire(False):
            try:
                self._memory.renew(key)
            finally:
                self._lock.release()
        return found

    def _load(self, key: str) -> Entry | None:
        through = _Through(self)
        found = self.below.snapshot(lambda below: through.on(below).get(key))
        through.keep()
        return found

    def _wait(self) -> None:
        if get_ident() in self._impatient:
            raise NotInMemory

    # Writing.

    def transaction(self) -> OptimisticTransaction:
        return OptimisticTransaction(self)

    def apply(
        self,
        reads: Mapping[str, int | None],
        lists: Sequence[ListRead],
        writes: Mapping[str, bytes | None],
    ) -> int:
        if not writes and not lists:
            return self._confirm(reads)
        self._wait()
        try:
            revision = self.group.apply(Change(reads, lists, writes))
        except Conflict:
            self.freshen()  # for a thread that holds: what it lost to must not be overlooked again
            raise
        if get_ident() in self._held:
            self.freshen()  # its own commit is not in memory yet when another process wrote besides
        return revision

    def apply_all(self, changes: Sequence[Change]) -> Sequence[int | BaseException]:
        """As ``apply`` for each, committed together; what fails is returned, not raised."""
        self._wait()
        outcomes = self.group.apply_all(changes)
        if get_ident() in self._held or any(isinstance(each, Conflict) for each in outcomes):
            self.freshen()
        return outcomes

    def _confirm(self, reads: Mapping[str, int | None]) -> int:
        """A transaction that wrote nothing: is what it read of one moment?"""
        begun = self._impatient.get(get_ident())
        if begun is None:
            outcome = self.below.apply_many([Change(reads, (), {})]).outcomes[0]
            if isinstance(outcome, Conflict):
                self.freshen()
                raise outcome
            return outcome
        if self._moment != begun:
            raise NotInMemory
        return self._revision  # all of it was read in this one moment

    def _committed(self, applied: Applied) -> None:
        with self._lock:
            if applied.before != self._revision or not applied.stamp:
                return  # others wrote besides; ``changes`` will tell, with this among it
            self._moment += 1
            try:
                for key, entry in applied.entries.items():
                    self._memory.put(key, entry)
                    self._forget_lists(key)
                self._revision = applied.after
                self._stamp = applied.stamp
            finally:
                self._moment += 1

    # What changed elsewhere.

    def freshen(self) -> None:
        """See to it that memory holds nothing older than what was acknowledged when this was called."""
        stamp = self.below.stamp()
        if (stamp != self._stamp or not stamp) or self._pid != os.getpid():
            self._catch_up(stamp)

    def _catch_up(self, stamp: bytes) -> None:
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            if stamp and stamp == self._stamp:
                return  # another thread was quicker
            # The stamp was asked first, so what is read now is of that moment or later.
            changes = self.below.changes(self._revision, self._stamp) if self._stamp else None
            everything = changes is None
            revision, keys = changes or (self.below.revision(), ())
            self._moment += 1
            try:
                if everything:
                    self._memory.clear()
                    self._lists.clear()
                for key in keys:
                    self._memory.drop(key)
                    self._forget_lists(key)
                self._revision = revision
                self._stamp = stamp
            finally:
                self._moment += 1

    def remember(
        self, found: Mapping[str, Entry | None], lists: Mapping[str, Sequence[str]], revision: int
    ) -> None:
        """Take over what was read below at ``revision``, if memory is of that revision."""
        with self._lock:
            if revision == self._revision and self._stamp:
                for key, entry in found.items():
                    self._memory.put(key, entry)
                for prefix, names in lists.items():
                    if len(self._lists) >= _MOST_LISTS:
                        self._lists.clear()
                    self._lists[prefix] = tuple(names)

    def _forget_lists(self, key: str) -> None:
        """Of all folders that ``key`` is in, however deep."""
        lists = self._lists
        if lists:
            lists.pop("", None)
            at = key.find("/")
            while at >= 0:
                lists.pop(key[: at + 1], None)
                at = key.find("/", at + 1)

    # The rest.

    def get_mark(self, name: str) -> bytes | None:
        self._wait()
        return self.below.get_mark(name)

    def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None:
        self._wait()
        self.below.set_mark(name, value, durable=durable)

    def scrub(self) -> bool:
        """See ``SQLiteStorage``; where the storage below needs no scrubbing, it is done."""
        scrub: Callable[[], bool] | None = getattr(self.below, "scrub", None)
        return scrub is None or scrub()

    def forget(self) -> None:
        """Remember nothing: for a seal, or to measure."""
        with self._lock:
            self._moment += 1
            self._memory.clear()
            self._lists.clear()
            self._moment += 1

    def close(self) -> None:
        self.below.close()

    def __repr__(self) -> str:
        return f"<CachedStorage over {self.below!r}>"


class _Recall:
    """One moment of memory."""

    __slots__ = ("_cache", "_moment")

    def __init__(self, cache: CachedStorage, moment: int) -> None:
        self._cache = cache
        self._moment = moment

    def get(self, key: str) -> Entry | None:
        return self._cache.recall(key, self._moment)

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return self._cache.recall_list(prefix, self._moment, after, limit)


class _Through:
    """One moment of the storage below; what is read of it is remembered afterwards."""

    __slots__ = ("_below", "_cache", "_found", "_lists", "_revision")

    def __init__(self, cache: CachedStorage) -> None:
        self._cache = cache
        self._found: dict[str, Entry | None] = {}
        self._lists: dict[str, Sequence[str]] = {}

    def on(self, below: Moment) -> _Through:
        self._below = below
        self._revision = below.revision()
        return self

    def get(self, key: str) -> Entry | None:
        found = self._found[key] = self._below.get(key)
        return found

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        found = self._below.list(prefix, after=after, limit=limit)
        if not after and limit is None and len(found) <= _LONGEST_LIST:
            self._lists[prefix] = tuple(found)
        return found

    def keep(self) -> None:
        self._cache.remember(self._found, self._lists, self._revision)
