"""``Secrets``: how an application holds its secrets. The front of the loader; the parts stand beside it."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, overload

from ..clock import SYSTEM
from ..errors import ConfigError, InvalidRequest, NotFound, SecretError, Transient, WellkeptError
from ..secret import Secret
from ..sources.registry import open_source
from .cache import PREVIOUS, Cache
from .cell import Times
from .events import Events, part_of, subscriber
from .failures import again
from .forks import renew_in_children
from .health import Health, health_of
from .lookup import Lookup, run, run_async, split
from .reading import Reader
from .refresher import Refresher, Tender
from .workers import Workers

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from ..clock import Clock
    from ..sources.base import Source
    from .credential import StaticCredential
    from .events import Change
    from .leases import Lease, Leases
    from .lookup import Outcome
    from .waiting import Latch

READERS = 32
"""Threads at most that read, or hang while reading, for one ``Secrets``."""


class Secrets:
    """The secrets of ``source`` (a URL, several in order of precedence, or a ``Source``), cached and kept fresh.

    A read hands out a value for ``ttl`` seconds after it was read. Past that it asks the source, and so does a
    background thread (``refresh``) shortly before. A *transient* failure is retried within ``deadline``, the
    total seconds that any call here may take, and then bridged with the value last read, until its age reaches
    ``max_stale`` seconds (zero: never). A secret that is denied or gone is dropped at once and raises. There
    are no defaults. With ``share``, the processes that are forked from this one refresh together: one asks.

    Safe to share between threads, tasks, event loops and both sides of a fork. Methods whose name begins with
    ``a`` are their namesakes for ``await``. Raises ``ConfigError`` for options that make no sense.
    """

    def __init__(
        self,
        source: str | Source | Sequence[str | Source],
        *,
        ttl: float = 300.0,
        max_stale: float = 3600.0,
        deadline: float = 10.0,
        refresh: bool = True,
        share: bool = False,
        clock: Clock = SYSTEM,
    ) -> None:
        times = _times(ttl, max_stale, deadline)
        self._shared = None
        if share:
            from .sharing import SharedReads

            self._shared = SharedReads()
        self.source: Source = open_source(source)
        self._clock = clock
        self._deadline = deadline
        self._leases: Leases | None = None
        self._monotonic = clock.monotonic
        self._events = Events()
        self._cache = Cache(times, clock, self._events)
        self._live = self._cache.live
        self._workers = Workers("wellkept-reader", READERS)
        reader = Reader(self.source, self._cache, clock, self._workers, self._shared)
        self._lookup = Lookup(self._cache, reader, deadline)
        self._tender = Tender(self._cache, reader, deadline)
        self._refresher = Refresher(self._tender, clock) if refresh and times.ttl > 0 else None
        if self._refresher is not None:
            self._cache.due = self._refresher.nudge
        renew_in_children(self)

    def get(self, name: str) -> Secret:
        """The secret ``name``, or one field of a JSON secret as ``name#field``.

        Raises ``NotFound``, ``Denied``, ``Malformed``; ``Unavailable``, ``Throttled`` or ``DeadlineExceeded``
        when the source cannot say and no value younger than ``max_stale`` is held; ``InvalidRequest`` for what
        is no name, and once closed.
        """
        # The hot path: no lock, one look into a dictionary, one at the clock.
        try:
            live = self._live[name]
            if self._monotonic() < live.expires:
                return live.secret
        except KeyError:
            pass
        return run(self._one(name))

    __getitem__ = get

    async def aget(self, name: str) -> Secret:
        """``get`` for tasks."""
        try:
            live = self._live[name]
            if self._monotonic() < live.expires:
                return live.secret
        except KeyError:
            pass
        return await run_async(self._one(name))

    def get_optional(self, name: str) -> Secret | None:
        """``get``, but ``None`` when the source says that there is no such secret; everything else raises."""
        try:
            return self.get(name)
        except NotFound:
            return None

    async def aget_optional(self, name: str) -> Secret | None:
        """``get_optional`` for tasks."""
        try:
            return await self.aget(name)
        except NotFound:
            return None

    def get_many(self, names: Iterable[str]) -> dict[str, Secret]:
        """All of ``names``, what is not cached in one batch read. Raises the first error among them, transient
        ones last; ``get_each`` tells all."""
        return _all(run(self._each(names)))

    async def aget_many(self, names: Iterable[str]) -> dict[str, Secret]:
        """``get_many`` for tasks."""
        return _all(await run_async(self._each(names)))

    def get_each(self, names: Iterable[str]) -> dict[str, Secret | SecretError]:
        """Each of ``names`` with its secret, or with the error that ``get`` would raise; raises only what is no
        single secret's fault (``Sealed``, ``ConfigError``)."""
        return _apart(run(self._each(names)))

    async def aget_each(self, names: Iterable[str]) -> dict[str, Secret | SecretError]:
        """``get_each`` for tasks."""
        return _apart(await run_async(self._each(names)))

    def previous(self, name: str) -> Secret:
        """The version before the current one: the source's, else the one before the last rotation seen here.

        Raises ``NotFound`` when there is neither.
        """
        return run(self._previous(name))

    async def aprevious(self, name: str) -> Secret:
        """``previous`` for tasks."""
        return await run_async(self._previous(name))

    @overload
    def refresh(self, name: str) -> Secret: ...
    @overload
    def refresh(self, name: None = None) -> dict[str, Secret]: ...
    def refresh(self, name: str | None = None) -> Secret | dict[str, Secret]:
        """Read ``name`` again now, or everything that is held; never from a read that began before this call.

        Raises as ``get`` does, but for transient failures always; what is cached stays cached then. Callbacks
        for a change have run on return, or the deadline has passed.
        """
        found: Secret | dict[str, Secret] = run(self._refresh(name))
        return found

    @overload
    async def arefresh(self, name: str) -> Secret: ...
    @overload
    async def arefresh(self, name: None = None) -> dict[str, Secret]: ...
    async def arefresh(self, name: str | None = None) -> Secret | dict[str, Secret]:
        """``refresh`` for tasks."""
        found: Secret | dict[str, Secret] = await run_async(self._refresh(name))
        return found

    def invalidate(self, name: str | None = None) -> None:
        """Forget the value of ``name``, or all: the next ``get`` reads. A read under way will not be kept."""
        self._cache.check_open()
        self._cache.invalidate(None if name is None else split(name)[0])

    def age(self, name: str) -> float:
        """Seconds since ``name`` was last read successfully; infinite when no value is held."""
        base, _ = split(name)
        with self._cache.lock:
            for each in (name, base):
                cell = self._cache.cells.get((each, None))
                if cell is not None and cell.secret is not None:
                    return self._monotonic() - cell.read_at
        return float("inf")

    def health(self) -> Health:
        """Age, staleness, last error and version of every secret that was asked for."""
        return health_of(self._cache)

    def on_change(
        self, name: str, callback: Callable[[Change], object], *, loop: AbstractEventLoop | None = None
    ) -> Callable[[], None]:
        """Call ``callback(Change(name, old, new))`` once for each change of the value; returns what ends that.

        Changes are noticed by whatever reads the secret, so it has to be read once first. The callback runs on
        a thread of its own; with ``loop``, on that event loop, where it may be a coroutine function (whose loop
        is the running one unless given). Its errors are logged and disturb nothing.
        """
        base, field = split(name)
        call = subscriber(callback, loop)
        with self._cache.lock:
            self._cache.check_open()
            return self._events.subscribe(name, call, self._held(base, field))

    def credential(self, name: str, *, username: str | None = None) -> StaticCredential:
        """The user name and password in the secret ``name``, for ``integrations.pools.bind``: a JSON object with
        ``username`` and ``password``, a URL with both, or a password that goes with ``username``."""
        from .credential import StaticCredential

        return StaticCredential(self, name, username=username)

    def lease(self, path: str, data: Mapping[str, Any] | None = None) -> Lease:
        """Credentials made for this process for a while, as at ``database/creds/app``; needs a ``vault:`` source.

        They are asked for at once, kept alive in the background, replaced before their time is over and revoked
        at ``close`` or at the end of the process. The same path gives the same ``Lease``. ``data`` is sent along
        where an engine wants that. Raises as ``get``, and ``ConfigError`` for a source without leases.
        """
        with self._cache.lock:
            self._cache.check_open()
            if self._leases is None:
                from .leases import Leases, session_of

                self._leases = Leases(session_of(self.source), clock=self._clock, deadline=self._deadline)
            leases = self._leases
        return leases.lease(path, data)

    async def alease(self, path: str, data: Mapping[str, Any] | None = None) -> Lease:
        """``lease`` for tasks."""
        from asyncio import to_thread

        return await to_thread(self.lease, path, data)

    def close(self) -> None:
        """Stop refreshing, forget all values, revoke all leases, close the source.

        Safe to call twice; reads raise from now on.
        """
        if self._leases is not None:
            self._leases.close()
        flights = self._cache.close()
        self._events.close()
        if self._refresher is not None:
            self._refresher.stop()
        for flight in flights:
            self._cache.land(flight, InvalidRequest("these Secrets were closed during the read"))
        if self._refresher is not None:
            self._refresher.join(1.0)
        self.source.close()

    async def aclose(self) -> None:
        """``close`` for tasks; the source is closed on a thread."""
        from asyncio import to_thread

        await to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<Secrets {self.source.url}{' (closed)' if self._cache.closed else ''}>"

    def _held(self, base: str, field: str | None) -> Secret | None:
        """What the cache holds for ``base#field``, fresh or not. Under the lock."""
        own = self._cache.cells.get((f"{base}#{field}", None))
        if own is not None and own.secret is not None:
            return own.secret
        cell = self._cache.cells.get((base, None))
        return None if cell is None or cell.secret is None else part_of(cell.secret, field)

    def _each(
        self, names: Iterable[str], *, version: str | None = None, force: bool = False
    ) -> Generator[tuple[Latch, float], None, dict[str, Outcome]]:
        self._cache.check_open()
        if self._refresher is not None:
            self._refresher.ensure()
        self._events.tell()  # for what a fork's child inherited untold
        return (yield from self._lookup.each(names, version=version, force=force))

    def _one(self, name: str, *, force: bool = False) -> Generator[tuple[Latch, float], None, Secret]:
        found = yield from self._each((name,), force=force)
        return _all(found)[name]

    def _previous(self, name: str) -> Generator[tuple[Latch, float], None, Secret]:
        found = yield from self._each((name,), version=PREVIOUS)
        outcome = found[name]
        if isinstance(outcome, NotFound):
            remembered = self._remembered(name)
            if remembered is not None:
                return remembered
        return _all(found)[name]

    def _remembered(self, name: str) -> Secret | None:
        """The value before the last rotation that was seen here."""
        base, field = split(name)
        with self._cache.lock:
            own, whole = (self._cache.cells.get((each, None)) for each in (name, base))
            if own is not None and own.previous is not None:
                return own.previous
            return None if whole is None or whole.previous is None else part_of(whole.previous, field)

    def _refresh(self, name: str | None) -> Generator[tuple[Latch, float], None, Any]:
        if name is not None:
            return (yield from self._one(name, force=True))
        with self._cache.lock:
            names = [cell.name for cell in self._cache.cells.values() if cell.secret and cell.version is None]
        return _all((yield from self._each(names, force=True)))

    def _after_fork(self) -> None:
        self._cache.after_fork()
        if self._shared is not None:
            self._shared.after_fork()
        self._workers.after_fork(keep=False)
        self._events.after_fork()
        if self._refresher is not None:
            self._refresher.after_fork()
        self.source.after_fork()


def _times(ttl: float, max_stale: float, deadline: float) -> Times:
    for option, value in (("ttl", ttl), ("max_stale", max_stale), ("deadline", deadline)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not isfinite(value) or value < 0 or (option == "deadline" and value == 0):
            least = "more than zero" if option == "deadline" else "zero or more"
            raise ConfigError(f"{option} is a number of seconds, {least}; not {value!r}")
    return Times(min(ttl, max_stale) if max_stale else ttl, max_stale)


def _all(found: dict[str, Outcome]) -> dict[str, Secret]:
    """The secrets, if that is what all are; else raises the first error, transient ones last."""
    errors = [outcome for outcome in found.values() if isinstance(outcome, WellkeptError)]
    if not errors:
        return {name: outcome for name, outcome in found.items() if isinstance(outcome, Secret)}
    errors.sort(key=lambda error: isinstance(error, Transient))
    raise again(errors[0])


def _apart(found: dict[str, Outcome]) -> dict[str, Secret | SecretError]:
    sorted_out: dict[str, Secret | SecretError] = {}
    for name, outcome in found.items():
        if not isinstance(outcome, (Secret, SecretError)):
            raise again(outcome)
        sorted_out[name] = outcome
    return sorted_out
