"""The child's output on its way through the redactor.

Where ours is a terminal the child gets a pseudo-terminal, so that it still prints line by line and in
colour; else a pipe. When our stdout and stderr are one and the same file, so are the child's, and the order
of its lines is kept.
"""

from __future__ import annotations

import fcntl
import os
import termios
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 64 * 1024


class Redacting(Protocol):
    """What turns bytes into bytes without secrets; holds back what might be the beginning of one."""

    def feed(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


class Stream(NamedTuple):
    """One way out: read from ``source``, through ``redactor``, to ``target``."""

    source: int
    target: int
    redactor: Redacting


class Streams:
    """The output of one child. ``stdout`` and ``stderr`` are what it is started with."""

    def __init__(self, redactor: Callable[[], Redacting]) -> None:
        self._open: dict[int, Stream] = {}
        self.stdout = self._add(1, redactor)
        self.stderr = self.stdout if _same_file(1, 2) else self._add(2, redactor)

    def _add(self, target: int, redactor: Callable[[], Redacting]) -> int:
        source, sink = _terminal_pair(target) if os.isatty(target) else os.pipe()
        self._open[source] = Stream(source, target, redactor())
        return sink

    def started(self) -> None:
        """The child has its ends: close ours, so that the end of its output is seen."""
        for sink in {self.stdout, self.stderr}:
            os.close(sink)

    def waiting(self) -> list[int]:
        """Descriptors to ``select`` on."""
        return list(self._open)

    def pump(self, source: int) -> None:
        """Carry over what ``source`` has; forget it at its end."""
        stream = self._open[source]
        try:
            data = os.read(source, CHUNK)
        except OSError:  # EIO: the last holder of a pseudo-terminal has closed it
            data = b""
        try:
            _write(stream.target, stream.redactor.feed(data) if data else stream.redactor.flush())
        except BrokenPipeError:
            data = b""  # nobody reads us: the child shall notice, too
        if not data:
            del self._open[source]
            os.close(source)

    def resize(self) -> bool:
        """Give the child's terminal the size of ours; whether that was news."""
        sizes = [
            _copy_size(stream.target, stream.source)
            for stream in self._open.values()
            if os.isatty(stream.target)
        ]
        return any(sizes)

    def close(self) -> None:
        """Print what was held back, and forget descendants that still hold the other end."""
        for stream in self._open.values():
            try:
                _write(stream.target, stream.redactor.flush())
            except BrokenPipeError:
                pass  # nobody reads us
            os.close(stream.source)
        self._open.clear()


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _same_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


def _terminal_pair(target: int) -> tuple[int, int]:
    master, slave = os.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST  # the real terminal does this; twice would double every carriage return
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    _copy_size(target, master)
    return master, slave


def _copy_size(source: int, target: int) -> bool:
    """Make ``target`` as large as ``source``; whether it was not."""
    try:
        size, was = (fcntl.ioctl(end, termios.TIOCGWINSZ, b"\0" * 8) for end in (source, target))
        if size != was:
            fcntl.ioctl(target, termios.TIOCSWINSZ, size)
    except OSError:
        return False  # a terminal without a size is still a terminal
    return size != was
