"""A bounded crew of daemon threads, hired when there is work and gone soon after there is none.

A source that hangs in C code holds its thread for good: nothing in Python can end it. So a read runs on a
thread that its callers can walk away from; the thread is a daemon, so that it does not hold up the exit of
the program either; and there are at most ``limit`` of them, so that a source that hangs for ever does not eat
the process. What finds no free thread waits in line, and is dropped from it once nobody wants it any more.

A thread that has nothing to do waits a moment for more: waking it costs a third of what starting one does, and
reads come in bursts. At a read over the network that is the larger part of what the loader adds to it.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from threading import RLock, Thread, get_ident
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable

LINGER = 1.0
"""Seconds that a thread waits for more work before it ends."""


class Job(Protocol):
    """Something to do on a thread. Must not raise."""

    def run(self) -> None: ...

    def wanted(self) -> bool:
        """Whether anybody still waits for it; asked just before it begins."""


class Workers:
    """Runs jobs in the order in which they come, ``limit`` at a time. Restarts empty-handed in a fork's child."""

    def __init__(self, name: str, limit: int, *, start: Callable[[Thread], None] = Thread.start) -> None:
        self._name = name
        self._limit = limit
        self._start = start
        self._waiting: deque[Job] = deque()
        self._lock = RLock()
        self._crew: set[int] = set()
        self._busy = 0
        self._generation = 0
        self._resting: deque[LockType] = deque()

    def submit(self, job: Job) -> bool:
        """Have ``job`` run. False when there is no thread for it, nor one to be had; it is then forgotten."""
        self.enqueue(job)
        if self.hire():
            return True
        with self._lock:
            try:
                self._waiting.remove(job)
            except ValueError:
                return True  # somebody took it in between
        return False

    def enqueue(self, job: Job) -> None:
        """Put ``job`` in line; ``hire`` sees to it. Never blocks."""
        with self._lock:
            while self._waiting and not self._waiting[0].wanted():
                self._waiting.popleft()
            self._waiting.append(job)

    def hire(self) -> bool:
        """See that somebody works on what waits in line. False when nobody does and nobody can be found."""
        with self._lock:
            if not self._waiting or self._busy >= self._limit:
                return True
            self._busy += 1
            generation = self._generation
            bell = self._resting.pop() if self._resting else None
        if bell is not None:
            bell.release()
            return True
        thread = Thread(target=self._work, args=(generation,), name=self._name, daemon=True)
        try:
            self._start(thread)
        except RuntimeError:
            pass  # no more threads to be had, or the interpreter is on its way out
        else:
            return True
        with self._lock:
            self._busy -= 1
            return self._busy > 0

    def has_me(self) -> bool:
        """Whether the calling thread is one of these."""
        return get_ident() in self._crew

    @property
    def busy(self) -> int:
        """How many threads are at work."""
        return self._busy

    def after_fork(self, *, keep: bool) -> None:
        """In the child: the threads stayed behind. ``keep`` what waits in line, for ``hire``; or forget it."""
        self._lock = RLock()
        self._crew = set()
        self._busy = 0
        self._resting = deque()
        self._generation += 1
        if not keep:
            self._waiting = deque()

    def _work(self, generation: int) -> None:
        me = get_ident()
        self._crew.add(me)
        while (job := self._next(generation)) is not None:
            try:
                if job.wanted():
                    job.run()
            except BaseException:  # noqa: S112 - jobs see to their own errors; this keeps the count right
                continue

    def _next(self, generation: int) -> Job | None:
        """The next job; ``None`` when there was none for a while. Whoever rings a thread's bell has counted it
        as busy again, so that a thread is hired or rung for each job that there is room for."""
        while True:
            with self._lock:
                if generation != self._generation:
                    return None
                if self._waiting:
                    return self._waiting.popleft()
                self._busy -= 1
                bell = allocate_lock()
                bell.acquire()
                self._resting.append(bell)
            if bell.acquire(True, LINGER):
                continue
            with self._lock:
                if generation != self._generation:
                    return None
                if bell in self._resting:
                    self._resting.remove(bell)
                    self._crew.discard(get_ident())
                    return None
