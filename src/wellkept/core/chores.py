"""What engines have to do by themselves: finishing what a crash cut off, rotating what is due.

A thread of its own, beside the one that ends leases: another system that hangs holds up neither.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..errors import WellkeptError
from .registry import WORKING

if TYPE_CHECKING:
    from ..clock import Clock
    from .router import Router

PAUSE = 1.0
"""Seconds between one round and the next."""


class Chores:
    """``run_once`` lets every engine do what is due; ``start`` calls it from a thread until ``stop``."""

    def __init__(self, router: Router, clock: Clock) -> None:
        self._router = router
        self._clock = clock
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="wellkept-chores", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, after what is being done."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_once(self) -> None:
        """One round. An engine that fails does not keep the others from theirs."""
        for mount in self._router.mounts("secret"):
            if mount.engine is None and mount.kind not in WORKING:
                continue
            try:
                work = getattr(self._router.engine(mount), "work", None)
                if work is not None:
                    work(self._clock.time())
            except WellkeptError:
                pass  # the next round tries again; what was to be done is written down

    def _work(self) -> None:
        while not self._end.wait(PAUSE):
            try:
                self.run_once()
            except WellkeptError:
                pass  # the storage is away for a while
