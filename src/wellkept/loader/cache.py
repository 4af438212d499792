"""All cells, the one lock around them, and what an outcome changes.

``live`` is what the hot path looks into: full names (``name`` or ``name#field``) with a value and the moment
until which it may be handed out. It is filled by callers on their way through the slow path, under the lock,
and emptied whenever something changes; an entry is never altered, so that a reader without a lock sees a value
and its own expiry, or nothing. After a background read everybody passes the slow path once; so the cache
learns which names are still asked for, at the price of one lock a ``ttl``.
"""

from __future__ import annotations

from itertools import count
from threading import RLock
from typing import TYPE_CHECKING

from ..errors import DeadlineExceeded, InvalidRequest, Transient
from .cell import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from ..errors import WellkeptError
    from ..secret import Secret
    from .cell import Times
    from .events import Events
    from .flight import Flight

MAX_HUNG = 3
"""Abandoned reads of one secret that may hang at the same time; a further read then waits for one of them."""

PREVIOUS = "previous"
"""The version before the current one: the only version besides the current that is cached."""

_MANY = 4096


class Live:
    """A value and the clock's moment until which it may be handed out. Never altered."""

    __slots__ = ("expires", "secret")

    def __init__(self, secret: Secret, expires: float) -> None:
        self.secret = secret
        self.expires = expires


class Cache:
    """The state of one ``Secrets``. Methods take the lock where they need it; callers hold it for reading cells.

    ``due`` is told the moment at which a cell wants to be read again.
    """

    def __init__(self, times: Times, clock: Clock, events: Events) -> None:
        self.times = times
        self.clock = clock
        self.events = events
        self.live: dict[str, Live] = {}
        self.cells: dict[tuple[str, str | None], Cell] = {}
        # A signal handler or a finaliser may come back in while this thread holds the lock: hence re-entrant.
        self.lock = RLock()
        self.closed = False
        self.due: Callable[[float], None] = lambda moment: None
        self._ticks = count(1)

    def tick(self) -> int:
        """The next number in the order of things. Atomic by itself."""
        return next(self._ticks)

    def check_open(self) -> None:
        if self.closed:
            raise InvalidRequest("these Secrets are closed; open new ones")

    def cell(self, name: str, version: str | None) -> Cell:
        """The cell for it, made when there is none. Under the lock."""
        cell = self.cells.get((name, version))
        if cell is None:
            if len(self.cells) >= _MANY:
                self._purge()
            cell = self.cells[name, version] = Cell(name, version, self.times)
        return cell

    def publish(self, full_name: str, cell: Cell, secret: Secret, now: float) -> None:
        """Let the hot path hand out ``secret``, the cell's value or a field of it. Under the lock."""
        expires = cell.good_until(now)
        cell.idle = 0
        if expires > now and not self.closed and cell.version is None:
            self.live[full_name] = Live(secret, expires)

    def land(self, flight: Flight, outcome: Secret | WellkeptError) -> None:
        """The flight is over. Changes the cell when the outcome is news, and wakes whoever waits."""
        cell = flight.cell
        with self.lock:
            if cell.flight is flight:
                cell.flight = None
            if flight in cell.hung:
                cell.hung.remove(flight)
            if flight.latch.opened:
                return  # closed in between
            news = flight.tick > cell.tick and not self.closed
            if isinstance(outcome, Exception):
                cell.errors += 1
                flight.error = outcome
                if news:
                    self._failed(flight, outcome)
            else:
                cell.reads += not flight.adopted
                flight.secret = outcome
                if news:
                    self._read(flight, outcome)
            due = cell.refresh_at
        self.due(due)
        self.events.tell()
        flight.latch.open()

    def abandon(self, flight: Flight, error: DeadlineExceeded) -> None:
        """The flight is past its limit: the next caller may start another. Nothing happens when it has landed."""
        with self.lock:
            cell = flight.cell
            if flight.abandoned or flight.latch.opened or cell.flight is not flight:
                return
            self._detach(flight)
            now = self.clock.monotonic()
            cell.fail(error, now, took=now - flight.began if flight.tick else 0.0)

    def invalidate(self, name: str | None) -> None:
        """Forget the value of ``name``, or all values; what is being read just now will not be kept either."""
        with self.lock:
            tick = self.tick()
            for cell in list(self.cells.values()):
                if name is None or cell.name == name:
                    self._withdraw(cell)
                    cell.clear()
                    cell.tick = tick
                    if cell.flight is not None and cell.flight.tick:  # one that has not begun will bring news
                        self._detach(cell.flight)

    def close(self) -> list[Flight]:
        """Forget everything and hand out nothing any more. Returns the flights that somebody may wait for."""
        with self.lock:
            self.closed = True
            self.live.clear()
            flights = [cell.flight for cell in self.cells.values() if cell.flight is not None]
            flights += [flight for cell in self.cells.values() for flight in cell.hung]
            self.cells.clear()
            return flights

    def after_fork(self) -> None:
        """In the child: nobody holds the lock, nothing is under way; the first caller passes the slow path, which
        starts what a process needs."""
        self.lock = RLock()
        self.live.clear()
        for cell in list(self.cells.values()):
            cell.flight = None
            cell.hung = []

    def _read(self, flight: Flight, secret: Secret) -> None:
        cell = flight.cell
        cell.tick = flight.tick
        self._withdraw(cell)
        changed = cell.store(secret, flight.began)
        if cell.version is None:
            if changed:
                self.cells.pop((cell.name, PREVIOUS), None)
            flight.told = self.events.observe(cell.name, secret)

    def _failed(self, flight: Flight, error: WellkeptError) -> None:
        cell = flight.cell
        if isinstance(error, Transient):
            if not flight.abandoned:
                now = self.clock.monotonic()
                cell.fail(error, now, took=now - flight.began)
            return
        # Denied, not found, unreadable: what we hold is not ours to serve any longer, nor the one before it.
        cell.tick = flight.tick
        self._withdraw(cell)
        cell.clear()
        cell.error = type(error).__name__
        if cell.version is None:
            self.cells.pop((cell.name, PREVIOUS), None)

    def _detach(self, flight: Flight) -> None:
        """Let the next caller start another; whoever waits for this one still gets what it brings."""
        flight.abandoned = True
        flight.cell.flight = None
        if flight.tick:
            flight.cell.hung.append(flight)

    def _withdraw(self, cell: Cell) -> None:
        self.live.pop(cell.name, None)
        for key in cell.fields:
            self.live.pop(f"{cell.name}#{key}", None)

    def _purge(self) -> None:
        """Names that were asked for and never found would pile up otherwise."""
        for key, cell in list(self.cells.items()):
            if cell.secret is None and cell.flight is None and not cell.hung:
                del self.cells[key]
