"""``Lease``: credentials that the server makes for this process, for a while, and their going on.

Whoever needs them asks ``current`` each time, which costs a look at the clock while they are good. Renewal and
replacement are the background's work (``Leases`` calls ``step``); a caller does it only where nothing good is
held. One thread at a time speaks with the server for a lease.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from ..errors import DeadlineExceeded, InvalidRequest, SecretError, Transient, WellkeptError
from .events import subscriber
from .failures import again
from .lease_api import Credentials
from .lease_states import Happening, State, following
from .waiting import Deadline

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from ..clock import Clock
    from .events import Subscriber
    from .lease_api import Grant, Issued, LeaseApi
    from .leases import Leases

RENEW_AT = 2 / 3
"""The part of a lease's time after which it is renewed; by chance up to ``JITTER`` of its time earlier."""

JITTER = 0.1
CALL = 5.0
"""Seconds for one background call, at most."""

RECENT = 2.0
"""Seconds during which new credentials are not replaced for the sake of somebody who used older ones."""

LONGEST_PAUSE = 15.0
"""Seconds between tries, at most."""

NEVER = float("inf")
Kind = Literal["issued", "renewed", "replaced", "failed", "expired", "gone", "revoked"]


class LeaseChange(NamedTuple):
    """The credentials of the lease ``name`` were ``old`` and are ``new``: another user, another password."""

    name: str
    old: Credentials
    new: Credentials


class LeaseEvent(NamedTuple):
    """Something happened to the lease ``name``.

    ``issued`` (the first time), ``renewed``, ``replaced``, ``failed`` (``error`` says how; it will be tried
    again), ``expired`` and ``gone`` (nothing good is held now), ``revoked``. ``credentials`` are those concerned.
    """

    name: str
    kind: Kind
    credentials: Credentials | None = None
    error: WellkeptError | None = None


class Lease:
    """Leased credentials; made by ``Secrets.lease``. Safe between threads, and in both sides of a fork, where the
    child has credentials of its own from the first time it asks."""

    def __init__(self, owner: Leases, api: LeaseApi, name: str, clock: Clock, deadline: float) -> None:
        self.name = name
        self.state: State = "idle"
        self._owner = owner
        self._api = api
        self._clock = clock
        self._monotonic = clock.monotonic
        self._deadline = deadline
        self._lock = threading.Lock()
        self._held: Credentials | None = None
        self._before: Credentials | None = None  # the last that subscribers know of
        self._good_until = self._leased_until = -NEVER
        self._ttl = 0.0
        self._renewable = False
        self._issued_at = -NEVER
        self._due = NEVER
        self._failures = 0
        self._token = 0
        self._suspect = 0
        self._retired: list[tuple[Credentials, float]] = []  # replaced, and perhaps in use by old connections
        self._subscribers: list[tuple[type, Subscriber]] = []

    def current(self) -> Credentials:
        """The credentials to use now, from memory while they are good.

        Otherwise they are asked for, within the deadline. Raises ``Denied``, ``NotFound``, ``Unavailable``,
        ``Throttled``, ``Malformed``, ``DeadlineExceeded``; ``InvalidRequest`` once closed.
        """
        held = self._held
        if held is not None and self._monotonic() < self._good_until:
            return held
        return self._obtain(lambda: self._held is not None and self._monotonic() < self._good_until)

    async def acurrent(self) -> Credentials:
        """``current`` for tasks."""
        held = self._held
        if held is not None and self._monotonic() < self._good_until:
            return held
        from asyncio import to_thread

        return await to_thread(self.current)

    def refresh(self, refused: Credentials | None = None) -> Credentials:
        """New credentials now, because a service refused what ``current`` gave (``refused``, where it is known).

        However many threads ask at once, one asks the server; and credentials that are newer than those refused,
        or two seconds young, are good enough. Raises as ``current``.
        """
        seen = self._held if refused is None else refused

        def is_newer() -> bool:
            held = self._held
            if held is None or self._monotonic() >= self._good_until:
                return False
            young = refused is None and self._monotonic() - self._issued_at < RECENT
            return young or seen is None or held.lease_id != seen.lease_id or held.fields != seen.fields

        return self._obtain(is_newer)

    async def arefresh(self, refused: Credentials | None = None) -> Credentials:
        """``refresh`` for tasks."""
        from asyncio import to_thread

        return await to_thread(self.refresh, refused)

    def on_change(
        self, callback: Callable[[LeaseChange], object], *, loop: AbstractEventLoop | None = None
    ) -> Callable[[], None]:
        """Call ``callback(LeaseChange(name, old, new))`` after each replacement; returns what ends that.

        On a thread of its own or, with ``loop``, on that event loop; its errors are logged and disturb nothing.
        """
        return self._subscribe(LeaseChange, subscriber(cast("Any", callback), loop))

    def on_event(
        self, callback: Callable[[LeaseEvent], object], *, loop: AbstractEventLoop | None = None
    ) -> Callable[[], None]:
        """As ``on_change``, for each ``LeaseEvent``: renewals and failures as well."""
        return self._subscribe(LeaseEvent, subscriber(cast("Any", callback), loop))

    @property
    def seconds_left(self) -> float:
        """For how long the present credentials are good; zero when there are none."""
        return max(self._good_until - self._monotonic(), 0.0) if self._held is not None else 0.0

    def step(self) -> float:
        """Do what is due. Returns the seconds until there is something to do again (infinity: nothing)."""
        if not self._lock.acquire(blocking=False):
            return 0.1  # a caller is at it
        try:
            return self._step()
        finally:
            self._lock.release()

    def bound(self, token_left: float, number: int) -> None:
        """The token ``number`` lives ``token_left`` seconds more: its leases die with it."""
        if self._token == number:
            self._good_until = min(self._leased_until, self._monotonic() + token_left)
        elif self.state in ("held", "fading") and self._suspect != number:
            self._suspect = number
            self._due = -NEVER  # issued under an earlier token: replaced while they are good

    def close(self, seconds: float = CALL) -> None:
        """Revoke what is held, within ``seconds``. What cannot be revoked runs out by itself."""
        limit = Deadline(self._clock, seconds)
        locked = self._lock.acquire(timeout=max(seconds / 2, 0.0))
        try:
            if self.state == "closed":
                return
            held = self._held
            self._enter("closed")
            ours = [(held, self._good_until), *self._retired] if held is not None else self._retired
            self._held, self._retired = None, []
            for credentials, until in ours:
                if self._monotonic() < until and limit.remaining() > 0:
                    self._revoke(credentials, limit.remaining())
        finally:
            if locked:
                self._lock.release()

    def after_fork(self) -> None:
        """In the child: what is held is the parent's."""
        self._lock = threading.Lock()
        self._enter("forked")
        self._held = None
        self._retired = []
        self._good_until, self._due, self._failures = -NEVER, NEVER, 0

    def __repr__(self) -> str:
        return f"<Lease {self.name!r} {self.state}>"

    def _obtain(self, good: Callable[[], bool]) -> Credentials:
        """What is held once ``good`` is true of it, having asked for new credentials if need be."""
        limit = Deadline(self._clock, self._deadline)
        if not self._lock.acquire(timeout=max(limit.remaining(), 0.0)):
            raise DeadlineExceeded(
                f"{self.name!r}: waited for credentials until the time was up", name=self.name
            )
        try:
            while not good():
                failure = self._issue(max(limit.remaining(), 0.0))
                if failure is None:
                    break
                pause = self._due - self._monotonic()
                if not isinstance(failure, Transient) or pause >= limit.remaining():
                    raise again(failure)
                self._clock.sleep(max(pause, 0.0))
            held = self._held
        finally:
            self._lock.release()
            self._owner.wake()
        if held is None:
            raise InvalidRequest(f"the lease {self.name!r} is closed")
        return held

    def _step(self) -> float:
        now = self._monotonic()
        if self.state in ("idle", "closed"):
            return NEVER
        if self.state != "lost" and now >= self._good_until:
            self._lose("expired")
        if now >= self._due:
            left = self._good_until - now if self._held is not None else CALL
            seconds = min(CALL, max(left / 3, 0.5))
            mine = self._token == self._owner.token_number
            if not (self.state == "held" and self._renewable and mine) or not self._renew(seconds):
                self._issue(seconds)
        end = self._good_until if self._held is not None else NEVER
        return max(min(self._due, end) - self._monotonic(), 0.0)

    def _renew(self, seconds: float) -> bool:
        """Whether that is all for now: renewed, or to be tried again. Otherwise new credentials are wanted."""
        held = self._held
        assert held is not None
        asked = self._monotonic()
        try:
            grant = self._api.renew(held.lease_id, self._ttl, seconds)
        except SecretError as error:
            self._failed(again(error))
            return True
        if grant is None:
            self._lose("gone")
            return False
        until = asked + grant.seconds
        self._leased_until = max(self._leased_until, until) if grant.capped else until
        self._hold(held)
        self._failures = 0
        if grant.capped:
            self._enter("capped")
            return False
        self._enter("renewed")
        self._plan(asked, grant)
        self._tell(LeaseEvent(self.name, "renewed", held))
        return True

    def _issue(self, seconds: float) -> WellkeptError | None:
        """Ask for new credentials and hold them; returns what went wrong."""
        if self.state == "closed":
            return InvalidRequest(f"the lease {self.name!r} is closed")
        asked = self._monotonic()
        try:
            issued = self._api.issue(seconds)
        except WellkeptError as error:
            failure = again(error, self.name)
        else:
            return self._take(issued, asked)
        self._failed(failure)
        return failure

    def _take(self, issued: Issued, asked: float) -> WellkeptError | None:
        new = Credentials(self.name, issued.fields, issued.lease_id, 0.0)
        if self.state == "closed":  # while the server was making them
            self._revoke(new, CALL)
            return InvalidRequest(f"the lease {self.name!r} is closed")
        old, before = self._held, self._before
        self._retired = [(each, until) for each, until in self._retired if asked < until]
        if old is not None:
            self._retired.append((old, self._good_until))
        self._token = self._owner.token_number
        self._ttl, self._issued_at = issued.grant.seconds, self._monotonic()
        self._leased_until = asked + issued.grant.seconds
        self._hold(new)
        self._before = new
        self._failures = 0
        self._enter("issued")
        self._plan(asked, issued.grant, static=not issued.lease_id)
        changed = before is not None and (before.lease_id != new.lease_id or before.fields != new.fields)
        kind: Kind = "issued" if before is None else "replaced" if changed else "renewed"
        self._tell(LeaseEvent(self.name, kind, new))
        if before is not None and changed:
            self._tell(LeaseChange(self.name, before, new))
        return None

    def _hold(self, credentials: Credentials) -> None:
        """Hand ``credentials`` out from now on, until ``_leased_until`` or the end of the token."""
        left = self._owner.token_left if self._token == self._owner.token_number else NEVER
        now = self._monotonic()
        self._good_until = min(self._leased_until, now + left)
        credentials.expires = self._clock.time() + self._good_until - now
        self._held = credentials

    def _plan(self, asked: float, grant: Grant, *, static: bool = False) -> None:
        self._renewable = grant.renewable
        part = 1.0 if static else RENEW_AT - JITTER * _chance()
        self._due = asked + max(grant.seconds * part, 0.5)

    def _lose(self, how: Literal["expired", "gone"]) -> None:
        lost, self._held = self._held, None
        self._enter(how)
        self._due = min(self._due, self._monotonic())
        self._tell(LeaseEvent(self.name, how, lost))

    def _failed(self, error: WellkeptError) -> None:
        """Try again after a pause that doubles; while something good is held, several times in what is left."""
        self._failures += 1
        pause = min(0.25 * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        retry_after = getattr(error, "retry_after", None)
        if retry_after:
            pause = max(pause, min(retry_after, LONGEST_PAUSE))
        if self._held is not None:
            pause = min(pause, max((self._good_until - self._monotonic()) / 5, 0.1))
        self._due = self._monotonic() + pause * (0.5 + 0.5 * _chance())
        self._tell(LeaseEvent(self.name, "failed", self._held, error))

    def _revoke(self, credentials: Credentials, seconds: float) -> None:
        if not credentials.lease_id:
            return  # a static role's: nothing to give back
        try:
            self._api.revoke(credentials.lease_id, seconds)
        except WellkeptError as error:
            event = LeaseEvent(self.name, "failed", credentials, again(error))
        else:
            event = LeaseEvent(self.name, "revoked", credentials)
        self._tell(event)

    def _subscribe(self, kind: type, entry: Subscriber) -> Callable[[], None]:
        subscription = (kind, entry)
        self._subscribers.append(subscription)

        def unsubscribe() -> None:
            for position, each in enumerate(self._subscribers):
                if each is subscription:
                    del self._subscribers[position]
                    return

        return unsubscribe

    def _tell(self, news: LeaseChange | LeaseEvent) -> None:
        entries = tuple(entry for kind, entry in self._subscribers if isinstance(news, kind))
        if entries:
            self._owner.tell(entries, news)

    def _enter(self, happening: Happening) -> None:
        self.state = following(self.state, happening)


def _chance() -> float:
    """A number from 0 to 1 that differs between processes, also after a fork."""
    return os.urandom(1)[0] / 255
