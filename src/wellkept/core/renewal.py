"""Renewing tokens and leases. Nothing is renewed on its record's word alone: the role, the auth method or the
engine that it came from is asked again whether it would still give it (CVE-2026-39388)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .grant import AuthGrant, LeaseGrant
from .leases.store import of_login
from .refusal import Refusal
from .request import Response
from .tokens.lookup import ROOT_PATH
from .ttl import calculate, until

if TYPE_CHECKING:
    from .issue import Issuer
    from .leases.lease import Lease
    from .leases.store import LeaseStore
    from .router import Router
    from .tokens.store import TokenStore
    from .tokens.token import Token
    from .view import View

NOT_RENEWABLE = "lease is not renewable"


class Renewal:
    """All functions take the writing view of the whole storage."""

    def __init__(self, tokens: TokenStore, leases: LeaseStore, issuer: Issuer, router: Router) -> None:
        self._tokens = tokens
        self._leases = leases
        self._issuer = issuer
        self._router = router

    def token(self, view: View, token: Token, increment: float, now: float, text: str) -> Response:
        """Renew ``token`` for ``increment`` seconds, or for what it is given by default. Raises ``Refusal``."""
        if token.type == "batch":
            raise Refusal(400, "batch tokens cannot be renewed")
        if token.path == ROOT_PATH:
            raise Refusal(400, "invalid lease ID")
        if not token.renewable or not token.expires:
            raise Refusal(400, NOT_RENEWABLE)
        granted = self._ask_method(view, token, increment, now)
        mount = self._router.by_accessor(token.mount)
        times = calculate(
            self._issuer.bounds(mount),
            now,
            increment=increment,
            ttl=granted.ttl,
            max_ttl=granted.max_ttl,
            explicit_max_ttl=granted.explicit_max_ttl,
            period=granted.period,
            started=token.issued,
        )
        if times is None or times.ttl <= 0:
            raise Refusal(400, "past the max TTL, cannot renew")
        before = token.expires
        token.renewed = now
        token.expires = until(times, now)
        if not token.role:
            token.period = granted.period
        self._tokens.put(view, token)
        self._leases.move_login(view, token, before)
        answer = AuthGrant(
            policies=token.policies,
            token_policies=token.policies,
            metadata=token.metadata,
            renewable=token.renewable,
            display_name=token.display_name,
            orphan=token.orphan,
            num_uses=token.num_uses,
            entity_id=token.entity_id,
            client_token=text,
            accessor=token.accessor,
            lease_duration=int(times.ttl),
            issued_type=token.type,
        )
        return Response(auth=answer, warnings=times.warnings)

    def _ask_method(self, view: View, token: Token, increment: float, now: float) -> AuthGrant:
        """What the method that the token came from grants now."""
        mount = self._router.by_accessor(token.mount)
        if mount is None or mount.tainted:
            raise Refusal(400, "the auth method that this token came from is gone; log in again")
        engine = self._router.engine(mount)
        renew = getattr(engine, "renew", None)
        if renew is None:
            raise Refusal(400, NOT_RENEWABLE)
        granted = renew(view.below(mount.prefix), of_login(token), increment, now)
        if not isinstance(granted, AuthGrant):
            raise Refusal(400, NOT_RENEWABLE)
        return granted

    def lease(self, view: View, lease: Lease, increment: float, now: float) -> Response:
        """Renew ``lease``; a login's is renewed as its token. Raises ``Refusal``."""
        if lease.token is not None:
            return self.token(view, lease.token, increment, now, "")
        if lease.revoking or lease.expires <= now:
            raise Refusal(400, "lease expired")
        if not lease.renewable:
            raise Refusal(400, NOT_RENEWABLE)
        mount = self._router.by_accessor(lease.mount)
        if mount is None or mount.tainted:
            raise Refusal(400, "the engine that this lease came from is gone")
        renew = getattr(self._router.engine(mount), "renew", None)
        granted = None if renew is None else renew(view.below(mount.prefix), lease, increment, now)
        if not isinstance(granted, LeaseGrant):
            raise Refusal(400, NOT_RENEWABLE)
        times = calculate(
            self._issuer.bounds(mount),
            now,
            increment=increment,
            ttl=granted.ttl,
            max_ttl=granted.max_ttl,
            started=lease.issued,
        )
        if times is None or times.ttl <= 0:
            raise Refusal(400, "past the max TTL, cannot renew")
        lease.renewed = now
        lease.expires = until(times, now)
        lease.ttl = times.ttl
        if granted.internal:
            lease.internal = dict(granted.internal)
        self._leases.change(view, lease, lease.expires)
        answer = LeaseGrant(renewable=lease.renewable, lease_id=lease.id, duration=int(times.ttl))
        return Response(lease=answer, warnings=times.warnings)
