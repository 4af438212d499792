"""Reads content in overlapping windows, so that memory is bounded whatever its size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .engine.literals import OVERLAP
from .engine.matcher import MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .targets import Stream

STEP = 128 << 10
"""Bytes of content that each window is responsible for."""
WHOLE = STEP + OVERLAP
"""Content up to this size is one window."""
_HOLE = 1 << 20


class Window(NamedTuple):
    """``data`` stands at ``base`` of the content; matches that start in ``begin..stop`` of it are the window's."""

    data: bytes
    base: int
    begin: int
    stop: int


class BytesStream:
    """Bytes in memory as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int, /) -> bytes:
        """As a file's."""
        part = self._data[self._at : self._at + size]
        self._at += len(part)
        return part

    def close(self) -> None:
        """Nothing to release."""


class FileStream:
    """A file as a stream; seekable, for the archives that need it."""

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor

    def read(self, size: int = -1, /) -> bytes:
        """As a file's. A negative size, the whole rest, is refused above a mebibyte: the directory of a zip is less."""
        if size < 0:
            rest = os.read(self._fd, (1 << 20) + 1)
            if len(rest) > 1 << 20:
                raise ValueError("a size is needed")
            return rest
        return os.read(self._fd, size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's."""
        return os.lseek(self._fd, offset, whence)

    def tell(self) -> int:
        """As a file's."""
        return os.lseek(self._fd, 0, 1)

    def seekable(self) -> bool:
        """Always: only regular files are opened so."""
        return True

    def skip_hole(self, position: int) -> int:
        """Where the next data stands in a sparse file, ``-1`` where there is none."""
        try:
            return os.lseek(self._fd, position, os.SEEK_DATA)
        except OSError as error:
            return -1 if error.errno == 6 else position  # ENXIO: only a hole is left

    def close(self) -> None:
        """Closes the descriptor."""
        os.close(self._fd)


def windows(
    stream: Stream, head: bytes, *, size: int | None = None, sparse: FileStream | None = None
) -> Iterator[Window]:
    """All windows of a stream of which ``head`` is already read.

    The borders depend on the content's length only, never on how much a read gave. ``sparse`` skips a file's
    holes: they are zeros. ``size`` is the content's, where known: saves asking for more when ``head`` is all.
    """
    if len(head) == size and size <= WHOLE:
        yield Window(head, 0, 0, size + 1)
        return
    data, base, begin, ended = head, 0, 0, False
    while True:
        want = begin + WHOLE + 1
        if len(data) < want:
            parts, have = [data], len(data)
            while have < want and not ended:
                part = stream.read(want - have)
                ended = not part
                parts.append(part)
                have += len(part)
            data = b"".join(parts)
        if len(data) < want:
            yield Window(data, base, begin, len(data) + 1)
            return
        yield Window(data, base, begin, begin + STEP)
        cut = max(0, begin + STEP - MARGIN)
        data, base, begin = data[cut:], base + cut, begin + STEP - cut
        if sparse is not None and not data.strip(b"\0"):
            resume = sparse.skip_hole(base + len(data))
            if resume < 0:
                return
            if resume - (base + len(data)) > _HOLE:
                steps = (resume - base - begin - WHOLE) // STEP  # borders stay multiples of a step
                base += steps * STEP
            sparse.seek(base + len(data))
