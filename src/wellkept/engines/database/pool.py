"""Sessions that are kept: a few for each connection, given out one caller at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.form.convert import to_signed_seconds
from .drivers import CONNECT_TIMEOUT, Details, driver
from .failures import DatabaseFailure, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from .drivers import Driver
    from .records import Connection

T = TypeVar("T")

MOST = 4
"""Sessions at a time, where ``max_open_connections`` does not say."""
TRUSTED = 2.0
"""Seconds for which an idle session is taken to be alive without asking."""


class Pool:
    """For one connection as it was at one revision."""

    def __init__(self, connection: Connection) -> None:
        self.revision = connection.revision
        self.driver: Driver = driver(connection)
        details = Details(connection.details)
        most = details.number("max_open_connections") or MOST
        idle = details.number("max_idle_connections") or most
        details.check()
        self._idle_most = min(idle, most)
        self._lifetime = to_signed_seconds(connection.details.get("max_connection_lifetime")) or 0
        self._free = threading.BoundedSemaphore(max(1, min(most, 1000)))
        self._lock = threading.Lock()
        self._idle: list[tuple[Any, float, float]] = []
        self._closed = False

    def use(self, action: Callable[[Driver, Any], T], *secrets: str) -> T:
        """Run ``action`` with a session of its own. One that turns out to be dead is replaced once.

        Raises ``DatabaseFailure`` with none of ``secrets`` in its text.
        """
        failure: DatabaseFailure | None = None
        if not self._free.acquire(timeout=CONNECT_TIMEOUT):
            raise DatabaseFailure("all connections to the database are in use")
        try:
            return self._use(action)
        except DatabaseFailure as error:
            text = without(str(error), (*secrets, *self.driver.secrets()))
            failure = DatabaseFailure(text, lost=error.lost, refused=error.refused)
        finally:
            self._free.release()
        raise failure

    def _use(self, action: Callable[[Driver, Any], T]) -> T:
        for _ in range(2):
            session, made, fresh = self._take()
            lost = True
            try:
                result = action(self.driver, session)
                lost = False
                return result
            except DatabaseFailure as error:
                lost = error.lost
                if fresh or not lost:
                    raise
            finally:
                if lost:
                    self.driver.close(session)
                else:
                    self._give_back(session, made)
        raise DatabaseFailure("the connection to the database was lost twice", lost=True)

    def _take(self) -> tuple[Any, float, bool]:
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            now = time.monotonic()
            if found is None:
                return self.driver.connect(), now, True
            session, made, used = found
            worn = self._lifetime and now - made > self._lifetime
            if not worn and (now - used < TRUSTED or self.driver.alive(session)):
                return session, made, False
            self.driver.close(session)

    def _give_back(self, session: Any, made: float) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < self._idle_most:
                self._idle.append((session, made, time.monotonic()))
                return
        self.driver.close(session)

    def close(self) -> None:
        """End the idle sessions; those in use end when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session, _, _ in idle:
            self.driver.close(session)


class Pools:
    """By connection's name; one of an older revision gives way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}

    def get(self, connection: Connection) -> Pool:
        with self._lock:
            found = self._pools.get(connection.name)
            if found is not None and found.revision == connection.revision:
                return found
            made = self._pools[connection.name] = Pool(connection)
        if found is not None:
            found.close()
        return made

    def close(self) -> None:
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()
