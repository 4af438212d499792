"""Making the tokens and leases that engines grant, inside the transaction of the request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .leases.lease import Lease
from .refusal import Refusal, denied, one_error
from .tokens.policies import sanitize
from .tokens.text import new_token, random_text
from .tokens.token import SPENT, Token
from .ttl import Bounds, bounds, calculate

if TYPE_CHECKING:
    from .grant import AuthGrant, LeaseGrant
    from .leases.store import LeaseStore
    from .mount import Mount
    from .request import Request, Response
    from .tokens.store import TokenStore
    from .view import View

SPENT_LEASE = (
    "Secret cannot be returned; token had one use left, so leased credentials were immediately revoked."
)


class Issuer:
    """``system()`` gives the system's own bounds on times to live."""

    def __init__(self, tokens: TokenStore, leases: LeaseStore, system: Bounds) -> None:
        self._tokens = tokens
        self._leases = leases
        self.system = system

    def bounds(self, mount: Mount | None) -> Bounds:
        return bounds(mount, self.system)

    def token(
        self, view: View, request: Request, mount: Mount, grant: AuthGrant, now: float, response: Response
    ) -> Token:
        """Make the token that ``grant`` asks for, and fill in what became of it.

        Raises ``Refusal``: what a login asks for may be more than a login can be given.
        """
        own = mount.kind == "token" and mount.table == "auth"
        policies = sanitize(grant.policies, default=not grant.no_default_policy)
        if "root" in policies and not own:
            raise Refusal(400, "auth methods cannot create root tokens")
        kind = _kind(grant, mount)
        limits = self.bounds(mount)
        forever = own and policies == ("root",) and not (grant.ttl or grant.period or grant.explicit_max_ttl)
        times = None if forever else calculate(
            limits,
            now,
            ttl=grant.ttl,
            max_ttl=grant.max_ttl,
            explicit_max_ttl=grant.explicit_max_ttl,
            period=grant.period,
        )  # fmt: skip
        ttl = 0.0 if times is None else times.ttl
        if times is not None:
            response.warnings = (*times.warnings, *response.warnings)
        token = Token(
            key="",
            accessor="" if kind == "batch" else random_text(),
            policies=policies,
            path=f"{request.path}/{grant.path_suffix}" if grant.path_suffix else request.path,
            type=kind,
            display_name=grant.display_name,
            metadata=dict(grant.metadata),
            num_uses=grant.num_uses,
            created=float(int(now)),
            ttl=ttl,
            explicit_max_ttl=_either(grant.own_explicit_max_ttl, grant.explicit_max_ttl),
            max_ttl=grant.max_ttl,
            period=_either(grant.own_period, grant.period),
            renewable=grant.renewable and kind != "batch" and not forever,
            issued=now,
            expires=now + ttl if ttl else 0,
            parent="" if grant.orphan else grant.parent,
            orphan=grant.orphan,
            role=grant.role,
            bound_cidrs=tuple(grant.bound_cidrs),
            entity_id=grant.entity_id,
            mount=mount.accessor,
            alias=grant.alias,
            internal=dict(grant.internal),
        )
        if kind == "batch":
            grant.client_token = self._batch(token)
        else:
            text = grant.id or new_token()
            token.key = self._tokens.hash(text)
            token.cubbyhole = random_text()
            self._keep(view, token, chosen=bool(grant.id))
            grant.client_token = text
        _tell(grant, token)
        return token

    def _batch(self, token: Token) -> str:
        if token.policies == ("root",) or "root" in token.policies:
            raise Refusal(400, "batch tokens cannot be root tokens")
        return self._tokens.batch.issue(token)

    def _keep(self, view: View, token: Token, *, chosen: bool) -> None:
        if token.parent and self._tokens.get(view, token.parent) is None:
            raise denied()  # the parent was revoked while this was under way
        if chosen and self._tokens.get(view, token.key) is not None:
            raise Refusal(400, "cannot create a token with a duplicate ID")
        self._tokens.add(view, token)
        self._leases.add_login(view, token)

    def lease(
        self, view: View, request: Request, mount: Mount, grant: LeaseGrant, now: float, response: Response
    ) -> None:
        """Make the lease that ``grant`` asks for, and fill in its identifier and duration."""
        if not grant.generate and grant.max_ttl:
            grant.duration = int(grant.ttl)  # no more than a hint, as whoever stored it wrote it
            return
        times = calculate(self.bounds(mount), now, ttl=grant.ttl, max_ttl=grant.max_ttl)
        assert times is not None
        grant.duration = int(times.ttl)
        if not grant.generate:
            return
        response.warnings = (*times.warnings, *response.warnings)
        caller = request.caller
        if caller is None:
            raise Refusal(500, one_error("no token to give a lease to"))
        if caller.num_uses == SPENT:
            raise Refusal(400, SPENT_LEASE)
        expires = now + times.ttl
        owner = caller.key
        if not owner:
            owner = caller.parent
            expires = min(expires, caller.expires) if caller.expires else expires
        if owner and self._tokens.get(view, owner) is None:
            raise denied()
        grant.lease_id = f"{request.path}/{random_text()}"
        self._leases.add(
            view,
            Lease(
                id=grant.lease_id,
                path=request.path,
                mount=mount.accessor,
                owner=owner,
                issued=now,
                expires=expires,
                ttl=times.ttl,
                max_ttl=grant.max_ttl,
                renewable=grant.renewable,
                internal=dict(grant.internal),
            ),
        )


def _either(own: float | None, otherwise: float) -> float:
    return otherwise if own is None else own


def _kind(grant: AuthGrant, mount: Mount) -> str:
    """Service or batch: what the engine grants, unless the mount's tuning is stricter."""
    tuned = mount.config.token_type or "default-service"
    asked = grant.token_type
    if tuned in ("service", "batch"):
        return tuned
    if asked in ("service", "batch"):
        return asked
    return (tuned if asked == "default" else asked).removeprefix("default-")


def _tell(grant: AuthGrant, token: Token) -> None:
    grant.accessor = token.accessor
    grant.token_policies = token.policies
    grant.policies = token.policies
    grant.lease_duration = int(token.ttl)
    grant.renewable = token.renewable
    grant.issued_type = token.type


def shown(grant: AuthGrant) -> AuthGrant:
    """A copy without what only the core is to know."""
    return replace(grant, internal={}, parent="", id="")
