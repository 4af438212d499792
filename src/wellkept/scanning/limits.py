"""Bounds of one item: what keeps a bomb from taking memory, time and disk."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Sizes in bytes. ``depth`` bounds decoding, ``nesting`` archives within archives.

    ``expanded`` is how much may come out of one top-level archive in all, ``ratio`` how many times its own size,
    once more than ``ratio_free`` came out. ``in_memory`` bounds what must be held whole: a zip within an archive.
    ``timeout`` is in seconds for each 64 MiB of an item.
    """

    max_file_size: int | None = None
    depth: int = 3
    nesting: int = 6
    expanded: int = 4 << 30
    ratio: int = 250
    ratio_free: int = 64 << 20
    members: int = 500_000
    in_memory: int = 64 << 20
    timeout: float = 60.0


class BoundReached(Exception):
    """A bound of an archive; the message says which."""


class Budget:
    """What is left for one top-level item. ``size`` is the size of what is expanded, where known."""

    def __init__(self, limits: Limits, size: int | None) -> None:
        allowed = limits.expanded
        if size is not None:
            allowed = min(allowed, max(limits.ratio_free, size * limits.ratio))
        self._allowed = self._left = allowed
        self._members = limits.members

    def spend(self, count: int) -> None:
        """``count`` bytes came out. Raises ``BoundReached``."""
        self._left -= count
        if self._left < 0:
            raise BoundReached(f"more than {self._allowed} bytes came out of it; the rest was not scanned")

    def member(self) -> None:
        """One more member. Raises ``BoundReached``."""
        self._members -= 1
        if self._members < 0:
            raise BoundReached("it has too many members; the rest was not scanned")
