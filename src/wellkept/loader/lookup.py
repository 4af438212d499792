"""The decisions of a read: hand out what is fresh, join a flight, start one, wait, bridge, refuse.

Written once, as generators that yield ``(latch, seconds)`` where they want to wait; ``run`` waits as a thread
does, ``run_async`` as a task does. Each caller has its own deadline, however many share a flight.

A caller accepts whatever a flight that it joined has read. A transient failure it accepts only from an attempt
that began after it came; so a caller who joins a background read, or the last moments of somebody else's, still
gets attempts of its own. ``force`` (a refresh) and a flight from before the call do not go together at all:
``refresh`` after a rotation never returns what was read before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import DeadlineExceeded, InvalidRequest, NotFound, Transient, WellkeptError
from ..secret import Secret
from .cache import MAX_HUNG
from .failures import again
from .flight import Flight
from .reading import Departure
from .waiting import Deadline

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from .cache import Cache
    from .cell import Cell
    from .reading import Reader
    from .waiting import Latch

    Outcome = Secret | WellkeptError
    Key = tuple[str, str | None]

T = TypeVar("T")

MARGIN = 0.05
"""Seconds before the end of ``max_stale`` at which a caller stops waiting for a hanging source and takes the
stale value, while that is still allowed."""

COURTESY = 0.05
"""Seconds that a read which noticed a change waits for the callbacks, so that they usually run before it returns."""


def split(name: str) -> tuple[str, str | None]:
    """``name#field`` as name and field. Raises ``InvalidRequest`` when a part is empty or it is no text."""
    if not isinstance(name, str):
        raise InvalidRequest(f"a secret's name is text, not {type(name).__name__}")
    base, mark, field = name.partition("#")
    if not base or (mark and not field):
        raise InvalidRequest(f"{name!r} is no name of a secret: expected NAME or NAME#FIELD")
    return base, field if mark else None


class Lookup:
    """Reads through ``cache``; every call may take ``deadline`` seconds."""

    def __init__(self, cache: Cache, reader: Reader, deadline: float) -> None:
        self._cache = cache
        self._reader = reader
        self._deadline = deadline
        self._flat = bool(getattr(reader.source, "flat", False))

    def each(
        self, names: Iterable[str], *, version: str | None = None, force: bool = False
    ) -> Generator[tuple[Latch, float], None, dict[str, Outcome]]:
        """Each of ``names`` with its secret or error. Raises ``InvalidRequest`` for what is no name."""
        parts = {name: split(name) for name in names}
        limit = Deadline(self._cache.clock, self._deadline)
        bases = list(dict.fromkeys(base for base, _ in parts.values()))
        found = yield from self._cells(bases, version, force, limit)
        if self._flat:
            # env: and dotenv: may hold a field as a variable of its own, DATABASE_PASSWORD for database#password.
            flat = [
                name for name, (base, field) in parts.items() if field and isinstance(found[base], NotFound)
            ]
            if flat:
                found |= yield from self._cells(flat, version, force, limit)
        return {
            name: self._published(name, base, field, version, found) for name, (base, field) in parts.items()
        }

    def _cells(
        self, names: Sequence[str], version: str | None, force: bool, limit: Deadline
    ) -> Generator[tuple[Latch, float], None, dict[str, Outcome]]:
        """Whole secrets, without fields."""
        arrived = self._cache.tick()
        found: dict[str, Outcome] = {}
        while len(found) < len(names):
            joined: dict[str, tuple[Flight, bool]] = {}
            started: list[Flight] = []
            with self._cache.lock:
                self._cache.check_open()
                for name in [name for name in names if name not in found]:
                    cell = self._cache.cell(name, version)
                    outcome = self._at_once(cell, force, limit, arrived)
                    if outcome is not None:
                        found[name] = outcome
                        continue
                    if cell.flight is None and len(cell.hung) < MAX_HUNG:
                        cell.flight = Flight(cell, limit)
                        started.append(cell.flight)
                    joined[name] = (cell.hung[-1], True) if cell.flight is None else (cell.flight, False)
            if (
                started
                and self._reader.bounded
                and (force or not any(self._bridge(each.cell) for each in started))
            ):
                yield cast("Latch", Departure(self._reader, started)), limit.remaining()
            elif started:
                self._reader.launch(started)
            for name, (flight, stuck) in joined.items():
                outcome = yield from self._await(flight, stuck, force, limit, arrived)
                if outcome is not None:
                    found[name] = outcome
        return found

    def _at_once(self, cell: Cell, force: bool, limit: Deadline, arrived: int) -> Outcome | None:
        """The outcome that needs no waiting, if there is one. Under the lock."""
        now = self._cache.clock.monotonic()
        if cell.secret is not None and (cell.tick > arrived if force else now < cell.good_until(now)):
            return cell.secret
        return self._late(cell, force) if limit.remaining() <= 0 else None

    def _await(
        self, flight: Flight, stuck: bool, force: bool, limit: Deadline, arrived: int
    ) -> Generator[tuple[Latch, float], None, Outcome | None]:
        """The outcome of ``flight`` for this caller; ``None`` when it should look again. ``stuck``: it hangs, and
        is waited for only because a further one is not allowed."""
        cell = flight.cell
        bridge = None if force else self._bridge(cell)
        patience = limit.remaining() if bridge is None else min(limit.remaining(), bridge)
        if not flight.latch.opened:
            yield flight.latch, patience if stuck else min(patience, flight.limit.remaining())
        if flight.latch.opened:
            if stuck:
                return None  # an old read that came home after all: worth a look at the cache, no more
            yield from self._courtesy(flight, force, limit)
            return self._accepted(flight, force, limit, arrived)
        if not flight.abandoned and flight.limit.remaining() <= 0:
            self._cache.abandon(flight, self._timed_out(cell))
        if limit.remaining() <= 0 or (bridge is not None and patience >= bridge):
            # Time that ran out during a pause between attempts ran out because of what they said.
            why = flight.failure
            return self._late(cell, force) if why is None else self._bridged(cell, force) or again(why)
        return None

    def _accepted(self, flight: Flight, force: bool, limit: Deadline, arrived: int) -> Outcome | None:
        own = flight.tick > arrived and not flight.adopted
        if force and not own:
            return None
        error = flight.error
        if error is None:
            return flight.secret
        if not isinstance(error, Transient):
            return again(error)
        if not own and limit.remaining() > 0:
            return None
        return self._bridged(flight.cell, force) or again(error)

    def _late(self, cell: Cell, force: bool) -> Outcome:
        return self._bridged(cell, force) or self._timed_out(cell)

    def _bridged(self, cell: Cell, force: bool) -> Secret | None:
        """The stale value, where it may stand in."""
        with self._cache.lock:
            usable = not force and not self._cache.closed and cell.servable(self._cache.clock.monotonic())
            return cell.secret if usable else None

    def _bridge(self, cell: Cell) -> float | None:
        """How long a caller may wait before the stale value ceases to be one; ``None`` where there is none, or
        where it has so little left that the source deserves its chance."""
        with self._cache.lock:
            now = self._cache.clock.monotonic()
            left = cell.stale_until - now
            return left - MARGIN if cell.servable(now) and left > 2 * MARGIN else None

    def _courtesy(
        self, flight: Flight, force: bool, limit: Deadline
    ) -> Generator[tuple[Latch, float], None, None]:
        told = flight.told
        if told is not None and not told.opened and not self._cache.events.telling():
            yield told, max(0.0, limit.remaining() if force else min(COURTESY, limit.remaining()))

    def _timed_out(self, cell: Cell) -> DeadlineExceeded:
        url = self._reader.source.url
        hung = f"; {len(cell.hung)} earlier reads of it still hang" if cell.hung else ""
        failed = (
            f"; the last attempt: {cell.error}" if cell.error and cell.error != "DeadlineExceeded" else ""
        )
        return DeadlineExceeded(
            f"{cell.name!r}: {url} gave no answer within {self._deadline:g} s{failed}{hung}",
            name=cell.name,
            source=url,
        )

    def _published(
        self, name: str, base: str, field: str | None, version: str | None, found: dict[str, Outcome]
    ) -> Outcome:
        """The outcome for ``name``, made known to the hot path."""
        if name in found and name != base:
            base, field = name, None  # a variable of its own
        whole = found[base]
        if not isinstance(whole, Secret):
            return again(whole)
        with self._cache.lock:
            cell = self._cache.cells.get((base, version))
            known = cell.fields.get(field) if cell is not None and field and cell.secret is whole else None
        secret: Any = whole if field is None else known or _field(whole, field)
        if isinstance(secret, Secret):
            with self._cache.lock:
                if cell is not None and cell.secret is whole:
                    if field is not None:
                        cell.fields[field] = secret
                    self._cache.publish(name, cell, secret, self._cache.clock.monotonic())
        result: Outcome = secret
        return result


def _field(whole: Secret, field: str) -> Outcome:
    try:
        return whole.field(field)
    except WellkeptError as error:
        return again(error)


def run(steps: Generator[tuple[Latch, float], None, T]) -> T:
    """Go through ``steps``, waiting as a thread."""
    try:
        while True:
            latch, seconds = next(steps)
            latch.wait(seconds)
    except StopIteration as stop:
        result: T = stop.value
    return result


async def run_async(steps: Generator[tuple[Latch, float], None, T]) -> T:
    """Go through ``steps``, waiting as a task. Cancelling it leaves the flights to the others."""
    try:
        while True:
            latch, seconds = next(steps)
            await latch.wait_async(seconds)
    except StopIteration as stop:
        result: T = stop.value
    return result
