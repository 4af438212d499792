"""``Device``: where lines go, whatever it is. One for a process; its lines are a chain (see ``chain``)."""

from __future__ import annotations

import errno
import time
from threading import Lock
from typing import TYPE_CHECKING

from .chain import Chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .chain import End, Keys

PATIENCE = 2.0
"""Seconds that a device which is not ready may take for a record; OpenBao's ``write_timeout`` for sockets."""

PAUSE = 1.0
"""Seconds for which a device that failed so slowly is not asked again, lest every request wait for it."""


class Incomplete(OSError):
    """Only the first ``count`` bytes were taken."""

    def __init__(self, failure: OSError, count: int) -> None:
        super().__init__(failure.errno or errno.EIO, failure.strerror or type(failure).__name__)
        self.count = count


class Device:
    """``name`` is its path under ``sys/audit``, ``options`` as they were given.

    ``prompt``: writing never waits for anybody, so it may be done on an event loop.
    """

    kind = ""
    prompt = False

    def __init__(self, name: str, options: Mapping[str, str], keys: Keys) -> None:
        self.name = name
        self.options = options
        self.prefix = options.get("prefix", "").encode()
        self.chain = Chain(keys)
        self.uuid = ""
        self.lock = Lock()
        self._down_until = 0.0

    def write(self, records: Sequence[str]) -> None:
        """Append a line for each of ``records``. Raises ``OSError`` when not all of them were taken."""
        with self.lock:
            if self._down_until and time.monotonic() < self._down_until:
                raise OSError(errno.EAGAIN, "it failed a moment ago")
            self.prepare()
            chain = self.chain
            lines = chain.lines(records)
            try:
                self.emit(lines)
            except OSError as error:
                if error.errno == errno.ETIMEDOUT:
                    self._down_until = time.monotonic() + PAUSE
                raise
            chain.wrote_all(lines)

    def prepare(self) -> None:
        """Open what is not open. Raises ``OSError``."""

    def try_to_open(self) -> None:
        """Open what can be opened; what cannot will say so when it is written to."""
        with self.lock:
            try:
                self.prepare()
            except OSError:
                pass

    def emit(self, lines: Sequence[bytes]) -> None:
        """Write ``lines``. Raises ``OSError`` and then sees itself to what became of the chain."""
        raise NotImplementedError

    def sync(self) -> None:
        """See to it that what was written is on disk, where there is one. Raises ``OSError``."""

    def reopen(self) -> None:
        """Open anew what stands at the same place now: the file was rotated."""

    def end(self) -> End:
        """Where the chain ends."""
        return self.chain.end(0)

    def close(self) -> None:
        """Give back what is open."""

    def _prefixed(self, lines: Sequence[bytes]) -> bytes:
        if not self.prefix:
            return lines[0] if len(lines) == 1 else b"".join(lines)
        return b"".join(self.prefix + line for line in lines)
