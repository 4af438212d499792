"""``Database``: the engine, its routes, and what it does by itself.

Everything that touches a server happens outside of storage's transactions: in a command's ``outside``, in
``revoke_outside``, and in ``work``, which finishes what a crash cut off and rotates what is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ...core.form import Routed, unforeseen
from ...core.grant import LeaseGrant
from ...core.refusal import Refusal, one_error
from ...core.retry import transact
from ...core.ttl import calculate
from ...core.view import View, WritingView
from ...errors import ConfigError
from .connections import Connections
from .creds import Creds
from .drivers import User
from .failures import DatabaseFailure
from .pool import Pools
from .records import ROLES, Role, connection, load
from .recovery import Recovery
from .roles import routes as role_routes
from .statics import Statics

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.leases.lease import Lease
    from ...core.registry import EngineContext
    from .drivers import Driver
    from .records import Connection

T = TypeVar("T")

GRACE = 5.0
"""Seconds for which a user outlives its lease on a server that knows of an end: the lease must not outlive it."""


class Host:
    """What the engine's parts share: the mount's storage, the clock, the sessions."""

    def __init__(self, context: EngineContext) -> None:
        if context.storage is None:
            raise ConfigError("the database engine is only served: it needs the store's storage")
        self.storage = context.storage
        self.clock = context.clock
        self.bounds = context.bounds
        self.pools = Pools()
        self._prefix = context.mount.prefix

    def read(self, action: Callable[[View], T]) -> T:
        """Run ``action`` on one moment of the mount's storage."""
        return self.storage.snapshot(lambda moment: action(View(moment, self._prefix)))

    def write(self, action: Callable[[WritingView], T]) -> T:
        """Run ``action`` in a transaction of its own."""
        return transact(self.storage, lambda transaction: action(WritingView(transaction, self._prefix)))

    def on(
        self, connection: Connection, action: Callable[[Driver, Any], T], *secrets: str, prefix: str = ""
    ) -> T:
        """Run ``action`` on the server. Raises ``Refusal`` with the server's words and none of ``secrets``."""
        failure = ""
        try:
            return self.pools.get(connection).use(action, *secrets)
        except DatabaseFailure as error:
            failure = str(error)
        raise Refusal(500, one_error(prefix + failure))


class Database(Routed):
    """See the module's docstring."""

    kind = "database"
    outside_effects = True

    def __init__(self, context: EngineContext) -> None:
        self._host = Host(context)
        self._statics = Statics(self._host)
        self._recovery = Recovery(self._host, self._statics.resume)
        self.routes = (
            *Connections(self._host).routes(),
            *role_routes(),
            *self._statics.routes(),
            *Creds(self._host).routes(),
        )

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> LeaseGrant:
        name = str(lease.internal["role"])
        role = load(view, ROLES, name, Role)
        if role is None:
            raise unforeseen(f'error during renew: could not find role with name "{name}"')
        found = connection(view, role.db_name)
        times = calculate(
            self._host.bounds(),
            now,
            increment=increment,
            ttl=role.default_ttl,
            max_ttl=role.max_ttl,
            started=lease.issued,
        )
        if times is not None and times.ttl > 0:
            user = User(str(lease.internal["username"]), expires=now + times.ttl + GRACE)
            self._host.on(found, lambda driver, session: driver.renew(session, user, role.renewal))
        return LeaseGrant(ttl=role.default_ttl, max_ttl=role.max_ttl)

    def revoke_outside(self, lease: Lease) -> None:
        internal = lease.internal

        def look(view: View) -> tuple[Connection, list[str]]:
            role = load(view, ROLES, str(internal["role"]), Role)
            if role is None:  # what the lease remembers of it
                return connection(view, internal["db_name"]), list(internal["revocation_statements"])
            return connection(view, role.db_name), role.revocation

        found, statements = self._host.read(look)
        name = str(internal["username"])
        self._host.on(found, lambda driver, session: driver.drop(session, name, statements))

    def work(self, now: float) -> None:
        self._recovery.run(now)
        self._statics.run(now)

    def close(self) -> None:
        self._host.pools.close()
