"""Threads for what may wait: writes, cold reads, slow arithmetic. Results come back to the event loop in batches.

``concurrent.futures`` makes a future, two locks and a wake-up of the loop for each call; here many results
that are ready together cost one wake-up. Many threads are meant to wait at the same time: their commits share
one ``fsync``.
"""

from __future__ import annotations

import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Work = tuple["Callable[[], Any]", "Callable[[Any], None]"]


class Pool:
    """At most ``size`` threads, started as they are needed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int = 64) -> None:
        self._loop = loop
        self._size = size
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._done: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._threads: list[threading.Thread] = []
        self._waiting = 0  # submitted and not answered; touched on the loop only
        self._waking = False

    @property
    def busy(self) -> int:
        """How many are being worked on, or wait for a thread."""
        return self._waiting

    def submit(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Run ``work`` in a thread, then ``done`` with its result on the loop. ``work`` must not raise."""
        self._waiting += 1
        self._work.put((work, done))
        if self._waiting > len(self._threads) and len(self._threads) < self._size:
            thread = threading.Thread(target=self._serve, name=f"wellkept-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (item := self._work.get()) is not None:
            work, done = item
            result = work()
            self._done.append((done, result))
            if not self._waking:
                # Two threads may both see False: one wake-up too many does no harm, one too few would.
                self._waking = True
                try:
                    self._loop.call_soon_threadsafe(self._deliver)
                except RuntimeError:
                    return  # the loop was closed meanwhile; nobody is waiting any more
            del item, work, done, result

    def _deliver(self) -> None:
        self._waking = False
        while self._done:
            done, result = self._done.popleft()
            self._waiting -= 1
            done(result)

    def close(self) -> None:
        """Let the threads end once the work is done."""
        for _ in self._threads:
            self._work.put(None)
