"""``FakeSecrets``: real ``Secrets`` over a source that a test holds in its hand.

The loader is the real one, with its cache, its bounded stale values and its errors; only what stands behind it
is made up, and time is a ``ManualClock``. So a test can rotate a secret, take the store away, deny or throttle it,
and see what the application would do in that hour, without waiting for it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..clock import ManualClock
from ..errors import Denied, InvalidRequest, NotFound, Throttled, Unavailable
from ..loader.secrets import Secrets
from ..secret import Secret
from ..sources.base import BaseSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ..errors import SecretError

EVERYTHING = "*"


class FakeSource(BaseSource):
    """Secrets in memory, with every version, and failures on order. ``reads`` counts what was asked, by name."""

    url = "fake:"
    blocking = False

    def __init__(self, values: Mapping[str, str | bytes] | None = None) -> None:
        self._lock = threading.Lock()
        self._versions: dict[str, list[str | bytes]] = {}
        self._failures: list[Failure] = []
        self.reads: dict[str, int] = {}
        for name, value in (values or {}).items():
            self.put(name, value)

    def put(self, name: str, value: str | bytes) -> None:
        """A new current version of ``name``."""
        with self._lock:
            self._versions.setdefault(name, []).append(value)

    def remove(self, name: str) -> None:
        """There is no such secret any more."""
        with self._lock:
            self._versions.pop(name, None)

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        with self._lock:
            self.reads[name] = self.reads.get(name, 0) + 1
            for failure in self._failures:
                if failure.name in (EVERYTHING, name):
                    raise failure.make(name)
            versions = self._versions.get(name, [])
            number = _number(version, len(versions))
        if not 1 <= number <= len(versions):
            what = f"{name!r}" if version is None else f"version {version} of {name!r}"
            raise NotFound(f"{what} is not among the fake secrets", name=name, source=self.url)
        return Secret(versions[number - 1], name=name, version=str(number), source=self.url)

    def list(self, *, timeout: float | None = None) -> list[str]:
        with self._lock:
            return sorted(self._versions)

    def fail(self, failure: Failure) -> Failure:
        """Let reads fail until ``failure`` is ended."""
        with self._lock:
            self._failures.insert(0, failure)
        failure.source = self
        return failure

    def recover(self, failure: Failure | None = None) -> None:
        """End one failure, or all."""
        with self._lock:
            self._failures = [each for each in self._failures if failure is not None and each is not failure]


class Failure:
    """Something wrong with the source, for one name or everything: until ``end``, or the end of its ``with`` block."""

    def __init__(self, name: str | None, make: Callable[[str], SecretError]) -> None:
        self.name = EVERYTHING if name is None else name
        self.make = make
        self.source: FakeSource | None = None

    def end(self) -> None:
        if self.source is not None:
            self.source.recover(self)

    def __enter__(self) -> Failure:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class FakeSecrets(Secrets):
    """``Secrets`` under a test's control. ``clock`` is its ``ManualClock``, ``fake`` its ``FakeSource``.

    Time stands still until ``clock.advance(seconds)``; the pauses between retries move it as they would pass.
    Nothing refreshes in the background: what is due is read at the next ``get``.
    """

    def __init__(
        self,
        values: Mapping[str, str | bytes] | None = None,
        *,
        ttl: float = 300.0,
        max_stale: float = 3600.0,
        deadline: float = 10.0,
    ) -> None:
        self.fake = FakeSource(values)
        self.clock = ManualClock()
        super().__init__(
            self.fake, ttl=ttl, max_stale=max_stale, deadline=deadline, refresh=False, clock=self.clock
        )

    def set(self, name: str, value: str | bytes) -> None:
        """Put a secret there, before the application reads it."""
        self.fake.put(name, value)

    def rotate(self, name: str, value: str | bytes, *, noticed: bool = True) -> None:
        """The secret gets a new value in its store.

        ``noticed``: the application's loader sees it at once, and callbacks have run on return. Otherwise it goes
        on with the old value until its ``ttl`` is over, as it would in reality.
        """
        if name not in self.fake.list():
            raise InvalidRequest(f"there is no fake secret {name!r} to rotate; set() it first")
        self.fake.put(name, value)
        if noticed:
            self.refresh(name)

    def outage(self, name: str | None = None) -> Failure:
        """The store is down, for one secret or for all: a transient failure, bridged while values are young enough.

        Lasts until ``.end()`` of what is returned, the end of its ``with`` block, or ``recover()``.
        """
        return self.fake.fail(
            Failure(name, lambda n: Unavailable(f"{n!r}: an outage, on order", name=n, source="fake:"))
        )

    def throttle(self, name: str | None = None, *, retry_after: float | None = None) -> Failure:
        """The store asks to come back later (after ``retry_after`` seconds); lasts as ``outage`` does."""
        return self.fake.fail(
            Failure(
                name,
                lambda n: Throttled(
                    f"{n!r}: throttled, on order", name=n, source="fake:", retry_after=retry_after
                ),
            )
        )

    def deny(self, name: str | None = None) -> Failure:
        """The store refuses this identity: never bridged. What is cached is served until its ``ttl`` is over, as it
        would be in reality; lasts as ``outage`` does."""
        return self.fake.fail(
            Failure(name, lambda n: Denied(f"{n!r}: denied, on order", name=n, source="fake:"))
        )

    def recover(self) -> None:
        """End every failure."""
        self.fake.recover()


def _number(version: str | None, newest: int) -> int:
    if version is None:
        return newest
    if version == "previous":
        return newest - 1
    return int(version) if version.isdecimal() else 0
