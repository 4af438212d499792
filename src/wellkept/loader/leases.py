"""All leases of one session with a server: one thread renews them, all are revoked at the end.

Reach it through ``Secrets.lease``. The thread starts with the first lease, keeps the session's token alive (a
lease dies with the token that it was issued under), and moves leases to a new token before the old one ends.
"""

from __future__ import annotations

import atexit
import json
import time
import weakref
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from ..clock import SYSTEM
from ..errors import ConfigError, InvalidRequest, WellkeptError
from .events import call
from .forks import renew_in_children
from .lease import CALL, NEVER, Lease, LeaseChange, LeaseEvent
from .lease_api import Credentials, LeaseApi
from .refresher import Refresher
from .waiting import Deadline
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..clock import Clock
    from ..sources.vault.session import Session
    from .events import Subscriber

__all__ = ["Credentials", "Lease", "LeaseChange", "LeaseEvent", "Leases", "session_of"]

AT_EXIT = 5.0
"""Seconds for revoking everything at the end of the process, at most."""


AGAIN = 1.0
"""Seconds until a token that could not be renewed is tried again."""


class Leases:
    """The leases of ``session``. ``deadline``: seconds that a caller waits for credentials, at most.

    ``clock`` decides when something is due; the waiting for the server itself is real.
    """

    def __init__(self, session: Session, *, clock: Clock = SYSTEM, deadline: float = 10.0) -> None:
        self._session = session
        self._clock = clock
        self._deadline = deadline
        self._lock = Lock()
        self._leases: dict[tuple[str, str | None], Lease] = {}
        self._teller = Workers("wellkept-leases", 1)
        self._closed = False
        self._known_token = 0
        self._refresher = Refresher(cast("Any", self), clock)
        session.on_new_token(_waker(weakref.ref(self)))
        renew_in_children(self)
        _close_at_exit(self)

    def lease(self, path: str, data: Mapping[str, Any] | None = None) -> Lease:
        """The lease of the credentials that ``path`` issues, as ``database/creds/app``; asked for at once.

        The same path gives the same lease. With ``data`` they are asked for by ``POST``, as some engines want.
        Raises what ``Lease.current`` raises.
        """
        name = path.strip("/")
        quoted = _quoted(name)
        key = (name, None if data is None else json.dumps(data, sort_keys=True))
        with self._lock:
            if self._closed:
                raise InvalidRequest("these Secrets are closed")
            lease = self._leases.get(key)
            if lease is None or lease.state == "closed":
                api = LeaseApi(self._session, quoted, data)
                lease = self._leases[key] = Lease(self, api, name, self._clock, self._deadline)
        lease.current()
        return lease

    def tend(self) -> float | None:
        """Do what is due, for the token and for each lease. Returns the seconds until the next is; ``None``: end."""
        if self._closed:
            return None
        number = self.token_number
        pause = self._tend_leases()
        pause = min(pause, self._tend_token(min(CALL, max(pause, 0.5))))
        if number != self.token_number:
            pause = min(pause, self._tend_leases())
        return max(pause, 0.01)

    def close(self, seconds: float = AT_EXIT) -> None:
        """Revoke all leases, within ``seconds``, and stop the thread. Safe to call twice."""
        with self._lock:
            leases, self._leases = list(self._leases.values()), {}
            self._closed = True
        self._refresher.stop()
        limit = Deadline(SYSTEM, seconds)
        for lease in leases:
            if limit.remaining() > 0:
                lease.close(min(limit.remaining(), CALL))
        self._refresher.join(max(min(limit.remaining(), 1.0), 0.0))

    @property
    def token_number(self) -> int:
        """Which of the session's tokens, one after the other, is in use."""
        return self._session.token_number

    @property
    def token_left(self) -> float:
        """Seconds that the present token lives unless it is renewed."""
        return self._session.token_expires - time.monotonic()

    def wake(self) -> None:
        """Have the thread look again, and be there: something may be due earlier than it knows."""
        if not self._closed and any(lease.state != "idle" for lease in list(self._leases.values())):
            self._refresher.ensure()
            self._refresher.nudge(-NEVER)

    def tell(self, entries: tuple[Subscriber, ...], news: LeaseChange | LeaseEvent) -> None:
        """Pass ``news`` on to ``entries``, on another thread, in order."""
        self._teller.submit(_Telling(news, entries))

    def _tend_leases(self) -> float:
        left, number = self.token_left, self.token_number
        pause = NEVER
        for lease in list(self._leases.values()):
            lease.bound(left, number)
            pause = min(pause, lease.step())
        return pause

    def _tend_token(self, seconds: float) -> float:
        """Renew the token or log in again where that is due, within ``seconds``: no longer than the leases can
        wait. Returns the seconds until it is due again. What fails here shows at the leases, soon enough.
        """
        session = self._session
        if self._known_token != self.token_number or time.monotonic() >= session.token_due:
            try:
                session.keep_alive(time.monotonic() + seconds)
            except WellkeptError:
                return AGAIN
            self._known_token = self.token_number
        return max(session.token_due - time.monotonic(), 0.05)

    def _after_fork(self) -> None:
        self._lock = Lock()
        self._teller.after_fork(keep=False)
        self._refresher.after_fork()
        for lease in self._leases.values():
            lease.after_fork()


class _Telling:
    """One piece of news for its subscribers."""

    __slots__ = ("_entries", "_news")

    def __init__(self, news: Any, entries: tuple[Any, ...]) -> None:
        self._news = news
        self._entries = entries

    def wanted(self) -> bool:
        return True

    def run(self) -> None:
        for entry in self._entries:
            call(entry, self._news)


def session_of(source: Any) -> Session:
    """The session of a ``vault:`` source, or of the first one in a chain. Raises ``ConfigError``."""
    for each in (source, *getattr(source, "sources", ())):
        session: Session | None = getattr(each, "session", None)
        if session is not None and hasattr(session, "on_new_token"):
            return session
    raise ConfigError(f"{source.url}: leases come from Vault or OpenBao: the source must be a vault: URL")


def _quoted(path: str) -> str:
    from urllib.parse import quote

    path, _, query = path.partition("?")
    parts = path.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or not (path + query).isprintable():
        raise InvalidRequest(
            f"a lease is named by the path that issues it, as 'database/creds/app'; not {path!r}"
        )
    return quote(path, safe="/") + (f"?{quote(query, safe='=&')}" if query else "")


def _waker(leases: weakref.ref[Leases]) -> Callable[[], None]:
    def wake() -> None:
        found = leases()
        if found is not None:
            found.wake()

    return wake


_alive: weakref.WeakSet[Leases] = weakref.WeakSet()


def _close_at_exit(leases: Leases) -> None:
    if not _alive:
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _alive.add(leases)


def _close_all() -> None:
    for leases in list(_alive):
        leases.close()
