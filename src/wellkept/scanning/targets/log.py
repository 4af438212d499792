"""Logs that grow: what was written since the last look, in whole lines, through rotation and truncation.

A log that does not grow any more is a file like any other, and its rotated, compressed predecessors are archives.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, NamedTuple

from ..problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 4 << 20
LINE = 1 << 20
"""A line that is longer is taken in pieces."""
OVERLAP = 16 << 10


class Lines(NamedTuple):
    """Some of a log: ``data`` starts at the line numbered ``line`` (from 1) and the byte ``offset``.

    The first ``seen`` bytes of it were part of the piece before: a key of several lines may begin there."""

    data: bytes
    line: int
    offset: int
    seen: int = 0


class Follower:
    """One log at ``path``. ``read`` gives what is new; it never waits."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._identity: tuple[int, int] | None = None
        self._start_over()

    def read(self, *, final: bool = False) -> Iterator[Lines | Problem]:
        """What was added since the last call; with ``final`` also a last line without its end."""
        if self._file is None and not self._open():
            yield Problem("missing", self.path, "there is no such file")
            return
        while True:
            assert self._file is not None
            chunk = self._file.read(CHUNK)
            if chunk:
                yield from self._take(chunk)
            elif self._moved():
                yield from self._rest()
                if not self._open():
                    return
            else:
                break
        if final:
            yield from self._rest()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        self.close()
        try:
            self._file = open(self.path, "rb")  # noqa: SIM115 - followed until close
        except OSError:
            return False
        status = os.fstat(self._file.fileno())
        self._identity = (status.st_dev, status.st_ino)
        self._start_over()
        return True

    def _start_over(self) -> None:
        self._partial = self._tail = b""
        self._line, self._offset = 1, 0

    def _moved(self) -> bool:
        """Whether another file bears the name by now, or this one was emptied."""
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            return True
        try:
            status = os.stat(self.path)
        except OSError:
            return False  # moved away, and nothing new in its place yet
        return (status.st_dev, status.st_ino) != self._identity

    def _take(self, chunk: bytes) -> Iterator[Lines]:
        data = self._partial + chunk
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) > LINE:
            end = len(data)
        self._partial = data[end:]
        if end:
            yield self._lines(data[:end])

    def _rest(self) -> Iterator[Lines]:
        data, self._partial = self._partial, b""
        if data:
            yield self._lines(data)

    def _lines(self, data: bytes) -> Lines:
        seen = len(self._tail)
        whole = self._tail + data
        found = Lines(whole, self._line - self._tail.count(b"\n"), self._offset - seen, seen)
        self._line += data.count(b"\n")
        self._offset += len(data)
        cut = max(0, len(whole) - OVERLAP)
        self._tail = whole[whole.find(b"\n", cut) + 1 :] if cut else whole
        return found


def follow(followers: list[Follower], wait: Callable[[], bool]) -> Iterator[tuple[Follower, Lines | Problem]]:
    """What is new in any of them, until ``wait`` (which pauses) returns false."""
    missing: set[str] = set()
    going = True
    while going:
        going = wait()
        for follower in followers:
            for found in follower.read(final=not going):
                if isinstance(found, Problem):
                    if follower.path in missing:
                        continue
                    missing.add(follower.path)
                yield follower, found
