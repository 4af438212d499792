"""What a process remembers of a storage: entries by key, bounded in bytes, dropped by age of use.

Two generations: what is used moves to the young one; when that is full, it becomes the old one, and what
was not used since then is forgotten. So a read that hits costs one look into a dictionary, and takes no lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .protocol import Entry

OVERHEAD = 240
"""Bytes that an entry costs besides its key and its value, about."""


class Missing:
    """Says that nothing is remembered, where ``None`` says that there is no entry."""

    __slots__ = ()


MISSING = Missing()


class Memory:
    """Entries, up to about ``max_bytes``; ``None`` where it is known that there is none. Reading is safe beside one writer; writers take turns elsewhere."""

    __slots__ = ("_half", "_size", "old", "young")

    def __init__(self, max_bytes: int) -> None:
        self._half = max_bytes // 2
        self.clear()

    def clear(self) -> None:
        self.young: dict[str, Entry | None] = {}
        self.old: dict[str, Entry | None] = {}
        self._size = 0

    def renew(self, key: str) -> None:
        """Take ``key`` into the young generation, for it was used."""
        found = self.old.get(key, MISSING)
        if not isinstance(found, Missing):
            self.put(key, found)

    def put(self, key: str, entry: Entry | None) -> None:
        size = OVERHEAD + len(key) + (0 if entry is None else len(entry.value))
        if size > self._half // 16:
            self.drop(key)  # would drive out too much else
            return
        self.old.pop(key, None)
        self._size += size  # a key that is replaced is counted twice: at worst the generation ends early
        if self._size > self._half:
            self.old, self.young, self._size = self.young, {}, size
        self.young[key] = entry

    def drop(self, key: str) -> None:
        self.young.pop(key, None)
        self.old.pop(key, None)

    def __len__(self) -> int:
        return len(self.young) + len(self.old)
