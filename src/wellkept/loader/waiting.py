"""Waiting, with a time limit, for something that another thread does: from threads and from tasks alike."""

from __future__ import annotations

import time
from _thread import allocate_lock
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from ..clock import Clock


class Deadline:
    """The moment ``seconds`` from now, on the given clock and on the machine's: whichever comes first.

    Waiting for a thread passes on the machine's clock only; so a manual clock cannot make a wait endless.
    """

    __slots__ = ("_clock_end", "_end", "_monotonic")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._monotonic = clock.monotonic
        self._clock_end = clock.monotonic() + seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return min(self._clock_end - self._monotonic(), self._end - time.monotonic())


class Latch:
    """Opens once; whoever waits is woken, whoever comes later does not wait.

    Without a lock: ``append`` and ``popleft`` of a deque are atomic, and each waiter is popped exactly once,
    by whoever sees the open latch. So opening it is safe from any thread, signal handlers included.
    """

    __slots__ = ("_waiters", "opened")

    def __init__(self) -> None:
        self.opened = False
        self._waiters: deque[Callable[[], object]] = deque()

    def open(self) -> None:
        self.opened = True
        self._wake()

    def wait(self, seconds: float) -> bool:
        """Block this thread until open, at most ``seconds``. Returns whether it is open."""
        if self.opened or seconds <= 0:
            return self.opened
        lock = allocate_lock()
        lock.acquire()
        self._add(lock.release)
        try:
            lock.acquire(True, min(seconds, _LONGEST))
        finally:
            self._discard(lock.release)
        return self.opened

    async def wait_async(self, seconds: float) -> bool:
        """Suspend this task until open, at most ``seconds``. Cancelling it disturbs nobody else."""
        if self.opened or seconds <= 0:
            return self.opened
        from asyncio import get_running_loop

        loop = get_running_loop()
        future: Future[None] = loop.create_future()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(_finish, future)
            except RuntimeError:
                pass  # the loop was closed with the task in it: nobody waits any more

        self._add(wake)
        timer = loop.call_later(min(seconds, _LONGEST), _finish, future)
        try:
            await future
        finally:
            timer.cancel()
            self._discard(wake)
        return self.opened

    def _add(self, waiter: Callable[[], object]) -> None:
        self._waiters.append(waiter)
        if self.opened:
            self._wake()

    def _discard(self, waiter: Callable[[], object]) -> None:
        try:
            self._waiters.remove(waiter)
        except ValueError:
            pass  # woken already

    def _wake(self) -> None:
        while True:
            try:
                waiter = self._waiters.popleft()
            except IndexError:
                return
            waiter()


_LONGEST = 86_400.0
"""Seconds; locks and event loops refuse very large numbers."""


def _finish(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
