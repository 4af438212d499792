"""One moment of a storage, seen through the barrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..storage.protocol import Entry, Names, Reader
    from .barrier import Barrier


class Snapshot:
    """``get`` and ``list`` as ``Barrier`` has them, of one moment."""

    __slots__ = ("_barrier", "_below")

    def __init__(self, barrier: Barrier, below: Reader) -> None:
        self._barrier = barrier
        self._below = below

    def get(self, key: str) -> Entry | None:
        self._barrier.check_key(key)
        entry = self._below.get(key)
        return None if entry is None else self._barrier.decrypt(key, entry)

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Names:
        return self._barrier.list_through(self._below.list, prefix, after, limit)
