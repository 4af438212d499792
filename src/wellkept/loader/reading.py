"""What happens on a flight: attempts, their outcomes sorted, and backoff between them.

The flights that begin together travel together, as one batch read. Those that have an outcome land at once;
the rest try again after a pause: exponential, with full jitter, never shorter than the source asked for, and
slept through the injected clock. A flight whose secret can be bridged by a stale value tries three times; one
that cannot, until its limit; one in the background, once: the refresher comes back by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DeadlineExceeded, Malformed, Throttled, Transient, Unavailable, WellkeptError
from ..redaction.known import remember
from ..secret import Secret
from .cell import NEVER
from .failures import again, sort_failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..clock import Clock
    from ..sources.base import Source
    from .cache import Cache
    from .flight import Flight
    from .sharing import SharedReads
    from .workers import Workers

BRIDGED_ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds: each pause is drawn between zero and a bound that doubles from the first to the longest."""

RECENT = 0.5
"""The part of the ``ttl`` within which another process's read is as good as one of our own."""


class Reader:
    """Reads from ``source`` into ``cache``."""

    def __init__(
        self, source: Source, cache: Cache, clock: Clock, workers: Workers, shared: SharedReads | None = None
    ) -> None:
        self.shared = shared
        self.source = source
        self.cache = cache
        self.clock = clock
        self.workers = workers
        self.blocking = bool(getattr(source, "blocking", True))
        self.bounded = bool(getattr(source, "bounded", False))

    def launch(self, flights: Sequence[Flight], *, here: bool = False) -> None:
        """Start them: on a thread; or ``here`` and now, as always where the source never waits. Not under the
        lock."""
        current = [flight for flight in flights if flight.cell.version is None]
        groups = [current] if current else []
        groups += [[flight] for flight in flights if flight.cell.version is not None]
        for group in groups:
            journey = Journey(self, group)
            if here or not self.blocking:
                journey.attempt_here()
            if journey.pending and not self.workers.submit(journey):
                journey.refuse(Unavailable(f"no thread can be started to read from {self.source.url}"))


class Departure:
    """The beginning of ``flights`` from a source that keeps to its ``timeout``, to be waited for as a latch is.

    A thread that has nothing else to hand out anyway reads itself, which spares it two changes of threads, at
    a network read the larger part of what the loader adds. A task must not wait: for it, a thread reads.
    """

    __slots__ = ("_flights", "_reader")

    def __init__(self, reader: Reader, flights: Sequence[Flight]) -> None:
        self._reader = reader
        self._flights = flights

    def wait(self, seconds: float) -> bool:
        self._reader.launch(self._flights, here=True)
        return True

    async def wait_async(self, seconds: float) -> bool:
        self._reader.launch(self._flights)
        return True


class Journey:
    """Flights that travel together: ``pending`` are those without an outcome, with their last failure."""

    __slots__ = ("_reader", "pending")

    def __init__(self, reader: Reader, flights: Sequence[Flight]) -> None:
        self._reader = reader
        self.pending: dict[Flight, Transient | None] = dict.fromkeys(flights)

    def wanted(self) -> bool:
        return any(not _overdue(flight) for flight in self.pending)

    def attempt_here(self) -> None:
        """The first attempt, on the calling thread."""
        try:
            self._attempt()
        except BaseException as error:
            # An interrupt is for this thread; whoever waits on another gets an error and may try again.
            self.land_all(Unavailable(f"the read was interrupted by {type(error).__name__}"))
            raise

    def run(self) -> None:
        """Attempts, until every flight has landed. On a worker thread."""
        try:
            if not any(self.pending.values()):
                self._attempt()
            if self.pending:
                self._retry()
        finally:
            self.land_all(Unavailable("the read broke off"))  # nobody is left behind, whatever happened

    def refuse(self, error: Unavailable) -> None:
        """Land all without an attempt; it counts as one, so that callers do not try again at once."""
        for flight in self.pending:
            flight.tick, flight.began = self._reader.cache.tick(), self._reader.clock.monotonic()
        self.land_all(error)

    def land_all(self, error: WellkeptError) -> None:
        """Land what has not landed yet."""
        for flight in list(self.pending):
            self._land(flight, again(error, flight.cell.name))

    def _land(self, flight: Flight, outcome: Secret | WellkeptError) -> None:
        del self.pending[flight]
        self._reader.cache.land(flight, outcome)

    def _attempt(self) -> None:
        """One attempt for all that are pending."""
        reader = self._reader
        for flight in [flight for flight in self.pending if _overdue(flight)]:
            self._land(flight, DeadlineExceeded("nobody waits for this read any more"))
        flights = list(self.pending)
        if not flights:
            return
        with reader.cache.lock:
            tick, began = reader.cache.tick(), reader.clock.monotonic()
            for flight in flights:
                flight.tick, flight.began = tick, began
                flight.failure = None
                flight.attempts += 1
        timeout = max(0.001, max(flight.limit.remaining() for flight in flights))
        names = [flight.cell.name for flight in flights]
        if reader.shared is not None and all(flight.background for flight in flights):
            outcomes = self._shared(reader.shared, flights, timeout)
        else:
            outcomes = read(reader.source, names, flights[0].cell.version, timeout)
        for flight in flights:
            outcome = outcomes[flight.cell.name]
            if isinstance(outcome, Transient) and self._worth_repeating(flight):
                self.pending[flight] = flight.failure = outcome
            else:
                self._land(flight, outcome)

    def _shared(
        self, shared: SharedReads, flights: Sequence[Flight], timeout: float
    ) -> Mapping[str, Secret | WellkeptError]:
        """One background attempt, by this process or by another of its family that had the same wish just before."""
        reader = self._reader
        with reader.cache.lock:
            recent = reader.clock.monotonic() - reader.cache.times.ttl * RECENT
            wanted = {
                flight.cell.name: NEVER if flight.cell.secret is None else max(flight.cell.read_at, recent)
                for flight in flights
            }
        outcomes, read_at = shared.read(
            wanted, timeout, lambda names: read(reader.source, names, None, timeout)
        )
        for flight in flights:
            moment = read_at.get(flight.cell.name)
            if moment is not None:
                flight.adopted, flight.began = True, moment
                outcome = outcomes[flight.cell.name]
                if isinstance(outcome, Secret):
                    remember(outcome)
        return outcomes

    def _worth_repeating(self, flight: Flight) -> bool:
        if flight.background or _overdue(flight) or self._reader.cache.closed:
            return False
        bridged = flight.cell.servable(self._reader.clock.monotonic())
        return not bridged or flight.attempts < BRIDGED_ATTEMPTS

    def _retry(self) -> None:
        # Imported at the first failure only: it costs more than the rest of the loader.
        import tenacity

        first = True
        jitter = tenacity.wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)

        def pause(state: tenacity.RetryCallState) -> float:
            asked = [
                error.retry_after or 0.0 for error in self.pending.values() if isinstance(error, Throttled)
            ]
            return jitter(state) + max(asked, default=0.0)

        def enough(state: tenacity.RetryCallState) -> bool:
            self._land_before(state.upcoming_sleep)
            return not self.pending

        def attempt() -> bool:
            """Whether to go on. The first attempt was made before tenacity was imported."""
            nonlocal first
            if not first:
                self._attempt()
            first = False
            return bool(self.pending)

        tenacity.Retrying(
            sleep=self._reader.clock.sleep,
            wait=pause,
            stop=enough,
            retry=tenacity.retry_if_result(bool),
            retry_error_callback=lambda state: None,
        )(attempt)

    def _land_before(self, pause: float) -> None:
        """Land those whose time, or whose stale value's, would be over by the end of the pause."""
        now = self._reader.clock.monotonic()
        for flight, error in list(self.pending.items()):
            out_of_time = flight.limit.remaining() <= pause
            if out_of_time or (flight.cell.servable(now) and now + pause >= flight.cell.stale_until):
                self._land(flight, error or Unavailable("the read failed", name=flight.cell.name))


def _overdue(flight: Flight) -> bool:
    """Whether it was given up for its lateness; what was only invalidated still has its callers."""
    return flight.abandoned and flight.limit.remaining() <= 0


def read(
    source: Source, names: Sequence[str], version: str | None, timeout: float
) -> Mapping[str, Secret | WellkeptError]:
    """Each of ``names`` with its secret or error; never raises an ``Exception``. What was read is made known to
    the redactors before anybody can print it."""
    outcomes: dict[str, Any] = {}
    failure: WellkeptError | None = None
    try:
        if len(names) == 1:
            outcomes[names[0]] = source.read(names[0], version=version, timeout=timeout)
        else:
            outcomes.update(source.read_many(names, timeout=timeout))
    except Exception as error:
        failure = sort_failure(error, names[0] if len(names) == 1 else "a batch", source.url)
    return {name: _checked(failure or outcomes.get(name), name, source.url) for name in names}


def _checked(outcome: object, name: str, url: str) -> Secret | WellkeptError:
    if isinstance(outcome, Secret):
        if outcome.name != name:
            value = outcome.reveal_bytes() if outcome.is_binary else outcome.reveal()
            outcome = Secret(
                value, name=name, version=outcome.version, source=outcome.source, created=outcome.created
            )
        remember(outcome)
        return outcome
    if isinstance(outcome, WellkeptError):
        return again(outcome, name)
    if isinstance(outcome, Exception):
        return sort_failure(outcome, name, url)
    kind = "nothing" if outcome is None else type(outcome).__name__
    return Malformed(f"{name!r}: {url} answered with {kind} instead of a secret", name=name, source=url)
