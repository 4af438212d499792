"""The file device: one file, to which all processes append. A named pipe is served too, as long as somebody reads it.

A line is appended by one ``write``, so lines of several processes never mix. A file that was removed is made
anew; one that was renamed is written on until ``reopen`` (SIGHUP, as log rotation sends it).
"""

from __future__ import annotations

import errno
import os
import stat
import time
from select import POLLOUT, poll
from typing import TYPE_CHECKING

from ..audit_file import sync_directory
from .device import PATIENCE, Device, Incomplete
from .sync import SharedSync

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .chain import End, Keys

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_PIPE_BUF = 4096


class FileDevice(Device):
    """``mode``: of a file that is made, and of one that is there (``None``: left as it is)."""

    kind = "file"

    def __init__(
        self, name: str, options: Mapping[str, str], keys: Keys, path: str, mode: int | None
    ) -> None:
        super().__init__(name, options, keys)
        self.path = path
        self._mode = mode
        self._fd = self._retired = -1
        self._inode = 0
        self._shared = SharedSync()
        self.prompt = True  # until it turns out to be a pipe

    def prepare(self) -> None:
        if self._fd >= 0 and os.fstat(self._fd).st_nlink:
            return
        self._open()

    def _open(self) -> None:
        fd = os.open(self.path, _FLAGS, self._mode or 0o600)
        status = os.fstat(fd)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is neither a file nor a pipe")
        if self._mode is not None and stat.S_IMODE(status.st_mode) != self._mode:
            os.fchmod(fd, self._mode)
        self.prompt = stat.S_ISREG(status.st_mode)
        if self.prompt and status.st_size == 0:
            sync_directory(self.path)
        self._forget()
        self._fd, self._inode = fd, status.st_ino
        self.chain.begin_file()

    def emit(self, lines: Sequence[bytes]) -> None:
        data, count = lines[0] if len(lines) == 1 and not self.prefix else self._prefixed(lines), 0
        try:
            count = os.write(self._fd, data) if self.prompt else _patiently(self._fd, data)
            if count < len(data):  # the disk is full, or the file may not grow: asking again says which
                count += os.write(self._fd, data[count:])
            if count < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except Incomplete as failure:
            self._broke(lines, failure.count)
            raise
        except OSError as failure:
            self._broke(lines, count)
            if failure.errno in (errno.EPIPE, errno.ENXIO):
                self._forget()  # nobody reads the pipe; perhaps somebody will
            raise
        self._shared.written += 1

    def _broke(self, lines: Sequence[bytes], count: int) -> None:
        if self.prefix:
            lines = [self.prefix + line for line in lines]
        self.chain.wrote(lines, count)

    def sync(self) -> None:
        if self.prompt and self._fd >= 0:
            self._shared.sync(self._fd)

    def reopen(self) -> None:
        with self.lock:
            if self.prompt and self._fd >= 0:
                self._shared.sync(self._fd)
            self._open()

    def end(self) -> End:
        with self.lock:
            return self.chain.end(self._inode)

    def close(self) -> None:
        with self.lock:
            self._forget()
            self._forget()

    def _forget(self) -> None:
        if self._retired >= 0:
            os.close(self._retired)
        self._retired, self._fd = self._fd, -1  # another thread may just be syncing it


class StreamDevice(Device):
    """Standard output, for whoever collects what a service prints."""

    kind = "file"

    def emit(self, lines: Sequence[bytes]) -> None:
        try:
            _patiently(1, self._prefixed(lines))
        except Incomplete as failure:
            self.chain.wrote(lines, failure.count)
            raise


class DiscardDevice(Device):
    """Takes everything and keeps nothing; OpenBao has it for tests."""

    kind = "file"
    prompt = True

    def emit(self, lines: Sequence[bytes]) -> None:
        """Nothing."""


def _patiently(fd: int, data: bytes) -> int:
    """Write all of ``data`` to what may not be ready, within ``PATIENCE``. Raises ``Incomplete``."""
    deadline = time.monotonic() + PATIENCE
    waiting = poll()
    waiting.register(fd, POLLOUT)
    sent = 0
    failure: OSError | None = None
    while sent < len(data) and failure is None:
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            failure = TimeoutError(errno.ETIMEDOUT, "nobody takes the record")
            break
        try:
            sent += os.write(fd, data[sent : sent + _PIPE_BUF])
        except BlockingIOError:
            continue
        except OSError as error:
            failure = error
    if failure is None:
        return sent
    if sent:
        raise Incomplete(failure, sent)
    raise failure
