"""The thread that reads again before values expire, so that readers seldom wait.

It only decides what is due and starts background flights, so a read that hangs does not stop it. It starts at
the first read, is a daemon, and holds its ``Secrets`` by a weak reference: when nobody holds those any more, or
they are closed, it ends. With a clock that is not the machine's it looks at the clock every few milliseconds,
because it cannot know when that clock will move.

A name that nobody has asked for during ten background reads in a row is left alone, unless somebody watches it;
so a process that once read a thousand secrets does not read them for ever.
"""

from __future__ import annotations

import time
import weakref
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING

from ..errors import DeadlineExceeded
from .cell import NEVER
from .failures import place_of
from .flight import Flight
from .waiting import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from .cache import Cache
    from .cell import Cell
    from .reading import Reader

IDLE_READS = 10
TOGETHER = 0.02
"""Part of the ``ttl``: what falls due within that is read in the same batch."""

LONGEST_SLEEP = 60.0
POLL = 0.01
"""Seconds between looks at a clock that is not the machine's."""


class Tender:
    """One look after the cache at a time: starts what is due, says when to look again."""

    def __init__(self, cache: Cache, reader: Reader, deadline: float) -> None:
        self._cache = cache
        self._reader = reader
        self._deadline = deadline

    def tend(self) -> float | None:
        """Start the background flights that are due. Returns the seconds until the next is; ``None``: end."""
        cache = self._cache
        started: list[Flight] = []
        overdue: list[Flight] = []
        limit = Deadline(cache.clock, self._deadline)
        with cache.lock:
            if cache.closed:
                return None
            now = cache.clock.monotonic()
            pause = NEVER
            for cell in cache.cells.values():
                if cell.flight is not None:
                    left = cell.flight.limit.remaining()
                    if left <= 0:
                        overdue.append(cell.flight)
                    else:
                        pause = min(pause, left)
                elif cell.refresh_at != NEVER:
                    pause = min(pause, cell.refresh_at - now)
            if pause <= 0:
                slack = cache.times.ttl * TOGETHER
                started = [
                    self._start(cell, limit) for cell in cache.cells.values() if self._due(cell, now + slack)
                ]
                pause = self._deadline
        for flight in overdue:
            cache.abandon(flight, DeadlineExceeded("the background read hangs"))
        if started:
            self._reader.launch(started)
        return 0.0 if overdue or started else pause

    def _due(self, cell: Cell, by: float) -> bool:
        if cell.flight is not None or cell.refresh_at > by or len(cell.hung) > 1:
            return False
        cell.idle += 1
        if cell.idle > IDLE_READS and not self._cache.events.watches(cell.name):
            cell.refresh_at = NEVER
            return False
        return True

    @staticmethod
    def _start(cell: Cell, limit: Deadline) -> Flight:
        cell.flight = Flight(cell, limit, background=True)
        return cell.flight


class Refresher:
    """Runs a ``Tender`` on a thread of its own, from ``ensure`` on."""

    def __init__(self, tender: Tender, clock: Clock) -> None:
        self._tender: Callable[[], Tender | None] = weakref.ref(tender)
        self._monotonic = clock.monotonic
        self._longest = LONGEST_SLEEP if clock.monotonic is time.monotonic else POLL
        self._planned = NEVER
        self._lock = RLock()
        self._wake = Event()
        self._thread: Thread | None = None
        weakref.finalize(tender, self.stop).atexit = False

    def ensure(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is not None:
                return
            thread = Thread(target=self.run, args=(self._wake,), name="wellkept-refresher", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return  # no thread to be had now; the next read tries again, and reads work without
            self._thread = thread

    def nudge(self, due: float) -> None:
        """Something falls due at ``due``, which may be earlier than was known."""
        if due < self._planned:
            self._wake.set()

    def stop(self) -> None:
        """Have the thread end soon."""
        self._tender = _nothing
        self._wake.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, unless this is the thread."""
        from threading import current_thread

        thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(seconds)

    def after_fork(self) -> None:
        """In the child: the thread stayed behind."""
        self._lock = RLock()
        self._wake = Event()
        self._thread = None
        self._planned = NEVER

    def run(self, wake: Event) -> None:
        """What the thread does."""
        while True:
            self._planned = NEVER  # until the next look is planned, every nudge counts
            pause = self._tend()
            if pause is None:
                return
            if pause > 0:
                self._planned = self._monotonic() + pause
                wake.wait(min(pause, self._longest))
            wake.clear()

    def _tend(self) -> float | None:
        """One look; the strong reference to what is tended ends with this call."""
        tender = self._tender()
        if tender is None:
            return None
        try:
            return tender.tend()
        except Exception as error:
            failure = place_of(error)
        from logging import getLogger

        getLogger("wellkept").error("the background refresh stumbled and goes on: %s", failure)
        return 1.0


def _nothing() -> None:
    return None
