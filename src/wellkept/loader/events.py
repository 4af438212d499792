"""Who wants to hear of changes, and the telling: each change once, in order, on a thread of its own.

A callback runs on a worker thread that exists only while there is something to tell; or, with an event loop
(given, or running when a coroutine function subscribes), on that loop. A callback that fails is reported
through ``logging`` by the kind and place of its error only, because the error's text may hold a value; it
disturbs neither the others nor the refresher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, WellkeptError
from .failures import place_of
from .waiting import Latch
from .workers import Workers

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from ..secret import Secret


class Change(NamedTuple):
    """The secret ``name`` was ``old`` and is ``new``. Prints without values, as secrets do."""

    name: str
    old: Secret
    new: Secret


class Subscriber(NamedTuple):
    """One callback, and the event loop to call it on, if any."""

    callback: Callable[[Change], object]
    loop: AbstractEventLoop | None


class Watch:
    """The subscribers to one name (``name#field`` counts as one), and the value they have last been told of."""

    __slots__ = ("field", "last", "subscribers")

    def __init__(self, field: str | None, last: Secret | None) -> None:
        self.field = field
        self.last = last
        self.subscribers: list[Subscriber] = []


class Events:
    """All watches. ``observe`` is called under the cache's lock; the rest may be called from anywhere."""

    def __init__(self) -> None:
        self._watches: dict[str, dict[str, Watch]] = {}
        self._teller = Workers("wellkept-events", 1)
        self._closed = False

    def subscribe(self, name: str, subscriber: Subscriber, last: Secret | None) -> Callable[[], None]:
        """Tell ``subscriber`` of changes of ``name`` from ``last`` on (``None``: from the first value seen).
        Called under the cache's lock. Returns what ends it, which may be called twice."""
        base, is_field, field = name.partition("#")
        watches = self._watches.setdefault(base, {})
        watch = watches.get(name)
        if watch is None:
            watch = watches[name] = Watch(field if is_field else None, last)
        subscribers = watch.subscribers
        subscribers.append(subscriber)

        def unsubscribe() -> None:
            for index, each in enumerate(subscribers):
                if each is subscriber:
                    del subscribers[index]
                    return

        return unsubscribe

    def watches(self, cell_name: str) -> bool:
        """Whether anybody wants to hear of that secret or a field of it."""
        watches = self._watches.get(cell_name.partition("#")[0], {})
        return any(watch.subscribers for watch in watches.values())

    def observe(self, cell_name: str, secret: Secret) -> Latch | None:
        """``secret`` was read; under ``name#field`` where a field stands as a variable of its own. Lines up what
        there is to tell; the latch opens when that has been told. Called under the cache's lock."""
        told = None
        base, is_field, _ = cell_name.partition("#")
        for name, watch in self._watches.get(base, {}).items():
            if is_field and name != cell_name:
                continue
            new = secret if is_field else part_of(secret, watch.field)
            if new is None:
                continue
            old, watch.last = watch.last, new
            if old is not None and old != new and watch.subscribers and not self._closed:
                told = Latch()
                self._teller.enqueue(_Telling(Change(name, old, new), tuple(watch.subscribers), told))
        return told

    def tell(self) -> None:
        """See that what is lined up gets told. Not under a lock: starting a thread takes a moment."""
        self._teller.hire()

    def telling(self) -> bool:
        """Whether the calling thread is in a callback of ours."""
        return self._teller.has_me()

    def close(self) -> None:
        self._closed = True
        self._watches.clear()

    def after_fork(self) -> None:
        """In the child: what was lined up in the parent is this process's news, too."""
        self._teller.after_fork(keep=True)


class _Telling:
    """One change, to be told to its subscribers."""

    __slots__ = ("_change", "_subscribers", "_told")

    def __init__(self, change: Change, subscribers: tuple[Subscriber, ...], told: Latch) -> None:
        self._change = change
        self._subscribers = subscribers
        self._told = told

    def wanted(self) -> bool:
        return True

    def run(self) -> None:
        for subscriber in self._subscribers:
            call(subscriber, self._change)
        self._told.open()


def call(subscriber: Subscriber, change: Change) -> None:
    """Call it, on its loop if it has one; report what goes wrong, raise nothing."""
    callback, loop = subscriber
    if loop is None:
        _guarded(callback, change)
        return
    try:
        loop.call_soon_threadsafe(_on_loop, callback, change, loop)
    except RuntimeError:
        _report(callback, change, "its event loop is closed")


def subscriber(callback: Callable[[Change], object], loop: AbstractEventLoop | None) -> Subscriber:
    """``callback`` with its loop: the one given; for a coroutine function, else, the one running now."""
    from inspect import iscoroutinefunction

    if not callable(callback):
        raise ConfigError(f"on_change needs a function to call, not {type(callback).__name__}")
    if loop is None and (iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)):
        from asyncio import get_running_loop

        try:
            loop = get_running_loop()
        except RuntimeError:
            pass
        if loop is None:
            raise ConfigError("on_change with a coroutine function needs loop=, or a running event loop")
    return Subscriber(callback, loop)


def _on_loop(callback: Callable[[Change], object], change: Change, loop: AbstractEventLoop) -> None:
    result = _guarded(callback, change)
    if hasattr(result, "__await__"):
        task = loop.create_task(_awaited(result, callback, change))
        _running.add(task)  # an event loop holds its tasks by weak references only
        task.add_done_callback(_running.discard)


_running: set[Any] = set()


async def _awaited(result: Any, callback: Callable[[Change], object], change: Change) -> None:
    try:
        await result
    except Exception as error:
        failure = place_of(error)
    else:
        return
    _report(callback, change, failure)


def _guarded(callback: Callable[[Change], object], change: Change) -> object:
    try:
        return callback(change)
    except (Exception, SystemExit) as error:
        failure = place_of(error)
    _report(callback, change, failure)
    return None


def _report(callback: object, change: Change, failure: str) -> None:
    from logging import getLogger

    name = getattr(callback, "__qualname__", type(callback).__name__)
    getLogger("wellkept").error("on_change(%r): the callback %s failed: %s", change.name, name, failure)


def part_of(secret: Secret, field: str | None) -> Secret | None:
    """The secret itself or a field of it; ``None`` where it has no such field."""
    if field is None:
        return secret
    try:
        return secret.field(field)
    except WellkeptError:
        return None
