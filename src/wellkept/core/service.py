"""``Service``: a served store put together. ``open_service`` makes one; a face calls ``service.core.handle``.

Everything that must be the same in every process of a server lies in storage. A process holds only what it
can read there again, so that any number of them may serve one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .authority import OPERATOR_ACL, Authority
from .chores import Chores
from .issue import Issuer
from .leases.expiration import Expiration
from .leases.store import LeaseStore
from .lockout import Lockout
from .quotas import Quotas
from .registry import EngineContext, maker
from .renewal import Renewal
from .retry import transact
from .revocation import Revoker
from .router import Router
from .served import ServedCore
from .tokens.store import TokenStore
from .tokens.text import new_token, random_text
from .tokens.token import Token
from .ttl import Bounds
from .view import WritingView
from .wrapping import Wrapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..barrier import Barrier
    from ..clock import Clock
    from ..storage.protocol import Transaction
    from .audit import Audit
    from .audit_served.record import ServedAudit
    from .command import Engine
    from .form import Route
    from .mount import Mount
    from .policy import ACL


class Service:
    """The parts, and ``core``, the door to them. ``settings`` is what ``sys/config/state/sanitized`` shows."""

    def __init__(
        self,
        storage: Barrier,
        audit: Audit | ServedAudit,
        clock: Clock,
        *,
        bounds: Bounds | None = None,
        settings: Mapping[str, object] | None = None,
        scrub: Callable[[], bool] | None = None,
        authority: Authority | None = None,
    ) -> None:
        self.storage = storage
        self.audit = audit
        self.clock = clock
        self.settings: Mapping[str, object] = settings or {}
        self.authority = authority or Authority(storage)
        self.router = Router(storage, self._engine)
        self.tokens = TokenStore(storage, storage.derive("tokens"), storage.derive("batch tokens"))
        self.leases = LeaseStore(self.tokens)
        self.revoker = Revoker(self.tokens, self.leases, self.router)
        self.wrapping = Wrapping(self.tokens, self.leases, self.revoker)
        self.issuer = Issuer(self.tokens, self.leases, bounds or Bounds())
        self.renewal = Renewal(self.tokens, self.leases, self.issuer, self.router)
        self.lockout = Lockout(storage.derive("lockout"))
        self.quotas = Quotas(storage, clock)
        self.expiration = Expiration(storage, clock, self.tokens, self.leases, self.revoker, self.router)
        self.chores = Chores(self.router, clock)
        self.extra_routes: tuple[Route, ...] = ()
        """Routes that other floors add to ``sys/``; to be set before the first request."""
        self.started = clock.time()
        self.core = ServedCore(self, scrub or (lambda: True))

    def initialise(self, *, secret: bool = False) -> None:
        """Give a store what a served one has: tables of mounts, the default policy. Safe to call again.

        ``secret``: mount the key/value engine at ``secret/``, where the embedded store keeps its secrets; so
        it is mounted too when there are any.
        """
        from .first import initialise

        initialise(self.storage, self.clock.time(), secret=secret)

    def root_token(self, text: str = "") -> str:
        """A new root token; ``text`` where its text was chosen. Only for who holds the store's key."""
        made = text or new_token()

        def make(transaction: Transaction) -> None:
            view = WritingView(transaction, "")
            now = self.clock.time()
            token = Token(
                key=self.tokens.hash(made),
                accessor=random_text(),
                policies=("root",),
                path="auth/token/root",
                display_name="root",
                created=float(int(now)),
                issued=now,
                orphan=True,
                cubbyhole=random_text(),
            )
            self.tokens.add(view, token)

        transact(self.storage, make)
        return made

    def acl(self, caller: Token) -> ACL:
        """What a token may do."""
        if caller.is_root:
            return OPERATOR_ACL
        identity = (("identity.entity.id", caller.entity_id),) if caller.entity_id else ()
        return self.authority.acl(caller.policies, now=self.clock.time(), identity=identity)

    def gauges(self) -> dict[str, float]:
        """What is measured now, under the names that dashboards for Vault know."""
        storage = self.storage
        return {
            "vault.core.active": 1,
            "vault.core.unsealed": 1,
            "vault.core.in_flight_requests": len(self.core.in_flight()),
            "vault.core.mount_table.num_entries": len(self.router.mounts("secret")),
            "vault.core.mount_table.num_entries.auth": len(self.router.mounts("auth")),
            "vault.expire.num_irrevocable_leases": len(self.leases.irrevocable(storage)),
            "wellkept.uptime_seconds": max(0.0, self.clock.time() - self.started),
            "wellkept.storage_revision": storage.revision(),
        }

    def resume(self) -> None:
        """Finish the removal of mounts that a process began and did not live to end."""
        from .sys.mounting import resume

        resume(self)

    def maintain(self) -> bool:
        """What is due now and then (engines' and lockout's left-overs are dropped), unless another process of this
        store did it within the hour; whether it was done."""
        from .maintenance import maintain

        return maintain(self)

    def start(self) -> None:
        """Begin the work in the background: what has expired is ended, what was cut off is finished."""
        self.resume()
        self.expiration.start(self.maintain)
        self.chores.start()

    def close(self) -> None:
        """End the work in the background and give back what the engines hold; the storage is the caller's."""
        self.chores.stop()
        self.expiration.stop()
        self.router.close()

    def _engine(self, mount: Mount) -> Engine:
        if mount.kind == "system" and mount.table == "secret":
            from .sys import System

            return System(self)
        if mount.kind == "token" and mount.table == "auth":
            from .tokens.engine import TokenEngine

            return TokenEngine(self)
        if mount.kind == "identity" and mount.table == "secret":
            from .identity import Identities

            return Identities(self)
        make = maker(mount.table, mount.kind)
        if make is None:
            from .missing import Missing

            return Missing(mount.kind)
        uuid = mount.uuid
        return make(
            EngineContext(
                mount,
                self.clock,
                lambda purpose: self.storage.derive(f"{uuid} {purpose}"),
                self.storage,
                lambda: self.issuer.bounds(self.router.by_accessor(mount.accessor)),
            )
        )


def open_service(
    storage: Barrier,
    audit: Audit | ServedAudit,
    clock: Clock,
    *,
    bounds: Bounds | None = None,
    settings: Mapping[str, object] | None = None,
    secret: bool = False,
) -> Service:
    """A service over an unsealed ``storage`` that records in ``audit``, initialised where it was not.

    ``bounds``: the default and the longest time to live, in seconds. ``secret``: see ``Service.initialise``.
    """
    scrub = getattr(storage.storage, "scrub", None)
    service = Service(storage, audit, clock, bounds=bounds, settings=settings, scrub=scrub)
    service.initialise(secret=secret)
    return service
