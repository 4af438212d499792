"""``SharedSync``: those who want what they wrote to be on disk share one ``fdatasync``."""

from __future__ import annotations

import os
from threading import Condition


class SharedSync:
    """Counts what was written to a descriptor, and syncs it once for all who wait."""

    __slots__ = ("_condition", "_running", "_synced", "written")

    def __init__(self) -> None:
        self._condition = Condition()
        self._running = False
        self._synced = 0
        self.written = 0

    def sync(self, fd: int) -> None:
        """Return when all that was written before the call is on disk. Raises ``OSError``."""
        wanted = self.written
        with self._condition:
            while self._running and self._synced < wanted:
                self._condition.wait()
            if self._synced >= wanted:
                return
            self._running = True
        reached, done = self.written, 0
        try:
            os.fdatasync(fd) if hasattr(os, "fdatasync") else os.fsync(fd)
            done = reached
        finally:
            with self._condition:
                self._running = False
                self._synced = max(self._synced, done)
                self._condition.notify_all()
