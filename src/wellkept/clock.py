"""The one clock. Every TTL, lease and schedule takes it as a parameter, so that no test of time sleeps.

Two readings, two purposes: ``monotonic`` for durations inside one process (never jumps), ``time`` for
moments that are stored or shown (seconds since the epoch, may be set). ``sleep`` belongs to the same
clock, so that a manual clock can make waiting instantaneous.
"""

from __future__ import annotations

import time as _time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """The system's clock.

    ``monotonic`` and ``time`` are attributes holding plain callables, so that a hot path can bind them once.
    """

    monotonic: Callable[[], float]
    time: Callable[[], float]
    sleep: Callable[[float], None]

    def __init__(self) -> None:
        self.monotonic = _time.monotonic
        self.time = _time.time
        self.sleep = _time.sleep


SYSTEM = Clock()


class ManualClock(Clock):
    """A clock that moves only when told to: for tests, ours and users'.

    ``sleep`` advances the clock at once and returns. ``start`` is the wall-clock moment in seconds since
    the epoch; the monotonic reading starts at 1000.0.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = 1000.0
        self._offset = start - self._now
        self.monotonic = self._read_monotonic
        self.time = self._read_time
        self.sleep = self.advance

    def _read_monotonic(self) -> float:
        return self._now

    def _read_time(self) -> float:
        return self._now + self._offset

    def advance(self, seconds: float) -> None:
        """Move both readings forward by ``seconds`` (not negative)."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        self._now += seconds
