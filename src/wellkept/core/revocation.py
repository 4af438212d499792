"""The end of tokens and leases, all in one transaction: nothing that hung on them outlives it.

A token takes with it its children, its leases and its cubbyhole. A lease whose effect is on another system
cannot be undone inside a transaction: it is marked as being revoked and due at once, and the expiration
worker does the rest, for as long as it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tokens.store import children

if TYPE_CHECKING:
    from .leases.lease import Lease
    from .leases.store import LeaseStore
    from .router import Router
    from .tokens.store import TokenStore
    from .tokens.token import Token
    from .view import View

CUBBYHOLES = "mount/cubbyhole/"
WRAPPED = "core/wrapped/"


class Revoker:
    """All functions take the writing view of the whole storage."""

    def __init__(self, tokens: TokenStore, leases: LeaseStore, router: Router) -> None:
        self._tokens = tokens
        self._leases = leases
        self._router = router

    def token(self, view: View, token: Token, now: float) -> None:
        """Revoke ``token``, all that it made, and all that was given to them."""
        waiting = [token]
        while waiting:
            one = waiting.pop()
            for key in self._tokens.children(view, one.key):
                child = self._tokens.get(view, key)
                if child is not None:
                    waiting.append(child)
                else:
                    view.delete(f"core/token/parent/{one.key}/{key}")
            self._one(view, one, now)

    def orphan_children(self, view: View, token: Token, now: float) -> None:
        """Revoke ``token`` alone: its children live on without a parent."""
        for key in self._tokens.children(view, token.key):
            child = self._tokens.get(view, key)
            view.delete(f"core/token/parent/{token.key}/{key}")
            if child is not None:
                child.parent, child.orphan = "", True
                self._tokens.put(view, child)
        self._one(view, token, now)

    def _one(self, view: View, token: Token, now: float) -> None:
        for lease_id in self._leases.owned(view, token.key):
            lease = self._leases.get(view, lease_id)
            if lease is not None:
                self.lease(view, lease, now)
        self._leases.remove_login(view, token)
        self._tokens.remove(view, token)
        if token.wrapped:
            view.delete(WRAPPED + token.key)
        if token.cubbyhole:
            remove_below(view, f"{CUBBYHOLES}{token.cubbyhole}/")

    def lease(self, view: View, lease: Lease, now: float, *, force: bool = False) -> bool:
        """Revoke ``lease``; whether that is all, or the worker must still undo it on another system.

        ``force``: it is forgotten whatever the engine says of it.
        """
        if lease.token is not None:
            self.token(view, lease.token, now)
            return True
        mount = self._router.by_accessor(lease.mount)
        engine = None if mount is None else self._router.engine(mount)
        if engine is None or mount is None or force:
            self._leases.remove(view, lease)
            return True
        if not lease.revoking:
            revoke = getattr(engine, "revoke", None)
            if revoke is not None:
                revoke(view.below(mount.prefix), lease, now)
        if not getattr(engine, "outside_effects", False):
            self._leases.remove(view, lease)
            return True
        self._leases.disown(view, lease)
        lease.revoking = True
        lease.renewable = False
        lease.expires = min(lease.expires or now, now)
        self._leases.change(view, lease, now)
        return False


def remove_below(view: View, prefix: str) -> None:
    """Delete everything under a folder."""
    for name in list(children(view, prefix)):
        if name.endswith("/"):
            remove_below(view, prefix + name)
        else:
            view.delete(prefix + name)


__all__ = ["CUBBYHOLES", "WRAPPED", "Revoker", "remove_below"]
