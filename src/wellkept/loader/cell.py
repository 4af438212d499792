"""What is known about one secret, and until when it may be served: the rules of time, without any waiting.

All moments are the injected clock's monotonic seconds. A value is *fresh* for ``ttl`` after the attempt that
read it began (not ended: what a slow answer says was true when it was asked for). Past that it is *stale*, and
served only because of a transient failure, until its age reaches ``max_stale``.
"""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Throttled

if TYPE_CHECKING:
    from ..errors import WellkeptError
    from ..secret import Secret
    from .flight import Flight

NEVER = float("inf")

REFRESH_FROM, REFRESH_SPREAD = 0.8, 0.1
"""A background read happens at 80 to 90 percent of the ``ttl``, so that many processes do not ask at once."""

SHORTEST = 0.02
"""Seconds between background reads, at the least."""

QUICK = 0.1
"""Seconds: the first failure that came back within that is not held against the source."""


class Times(NamedTuple):
    """The limits, in seconds: ``ttl`` is how long a value is fresh, ``max_stale`` the age at which it is not served
    any more (zero: never once it is stale). ``ttl`` is not above ``max_stale`` unless that is zero."""

    ttl: float
    max_stale: float


class Cell:
    """One secret's state. ``version`` is ``None`` for the current one.

    ``tick`` is that of the newest outcome or invalidation: older news are not let in. ``previous`` is the value
    before the last rotation seen here. ``fields`` holds fields taken out of the value. ``hung`` are abandoned
    flights that have not come home. ``idle`` counts background reads since somebody asked; ``reads`` and ``errors``
    count the outcomes of the source for as long as the process lives, for metrics.
    """

    __slots__ = (
        "error",
        "errors",
        "failures",
        "fields",
        "flight",
        "fresh_until",
        "hung",
        "idle",
        "name",
        "previous",
        "read_at",
        "reads",
        "refresh_at",
        "retry_at",
        "secret",
        "stale_until",
        "tick",
        "times",
        "version",
    )

    def __init__(self, name: str, version: str | None, times: Times) -> None:
        self.name = name
        self.version = version
        self.times = times
        self.tick = 0
        self.flight: Flight | None = None
        self.hung: list[Flight] = []
        self.idle = 0
        self.reads = 0
        self.errors = 0
        self.previous: Secret | None = None
        self.clear()

    def clear(self) -> None:
        """Hold no value, and know of no failure."""
        self.secret: Secret | None = None
        self.previous = None
        self.fields: dict[str, Secret] = {}
        self.read_at = -NEVER
        self.fresh_until = self.stale_until = -NEVER
        self.refresh_at = NEVER
        self.error: str | None = None
        self.failures = 0
        self.retry_at = -NEVER

    def store(self, secret: Secret, read_at: float) -> bool:
        """Take in what an attempt begun at ``read_at`` has read. Returns whether the value is another one."""
        old = self.secret
        changed = old is not None and old != secret
        if changed:
            self.previous = old
        if changed or old is None:
            self.fields = {}
        self.secret = secret
        self.read_at = read_at
        self.fresh_until = read_at + self.times.ttl
        self.stale_until = read_at + self.times.max_stale
        self.refresh_at = NEVER
        if self.version is None and self.times.ttl > 0:
            part = REFRESH_FROM + REFRESH_SPREAD * random()  # noqa: S311 - spreads load, keeps no secret
            self.refresh_at = read_at + max(self.times.ttl * part, SHORTEST)
        self.error = None
        self.failures = 0
        self.retry_at = -NEVER
        return changed

    def fail(self, error: WellkeptError, now: float, took: float) -> None:
        """Note a transient failure that took ``took`` seconds to show.

        Until ``retry_at``, a stale value is served without asking again: not after a first, quick failure; as
        long as the source asked for; as long as the failure took (so a source that hangs costs callers at most
        half their time); and longer with each failure in a row, up to five seconds.
        """
        self.failures += 1
        self.error = type(error).__name__
        pause = 0.0
        if self.failures > 1 or took >= QUICK:
            pause = max(_spread(0.1 * 2 ** min(self.failures, 6), 5.0), min(took, 30.0))
        if isinstance(error, Throttled) and error.retry_after:
            pause = max(pause, error.retry_after)
        self.retry_at = now + pause
        if self.refresh_at != NEVER:
            slow = min(30.0, max(0.5, self.times.ttl / 2))
            self.refresh_at = now + max(pause, _spread(2.0 ** min(self.failures - 1, 5), slow))

    def good_until(self, now: float) -> float:
        """Until when the value may be handed out without asking the source; not after ``now`` when it may not."""
        if now < self.fresh_until:
            return self.fresh_until
        return min(self.retry_at, self.stale_until)

    def servable(self, now: float) -> bool:
        """Whether a transient failure may be bridged with the value."""
        return self.secret is not None and now < self.stale_until


def _spread(seconds: float, at_most: float) -> float:
    """``seconds``, bounded, and spread over its upper half."""
    return min(seconds, at_most) * (0.5 + random() / 2)  # noqa: S311 - spreads load, keeps no secret
