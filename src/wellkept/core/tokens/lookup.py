"""What is told of a token, to those who may look it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form.times import moment

if TYPE_CHECKING:
    from .token import Token


ROOT_PATH = "auth/token/root"
"""Where a root token comes from that no other token made."""


def describe(token: Token, text: str, now: float) -> dict[str, Any]:
    """Everything but its leases and children; ``text`` is the token's own, where the caller showed it."""
    batch = token.type == "batch"
    expires = token.created + token.ttl if batch else token.expires
    told: dict[str, Any] = {
        "accessor": token.accessor,
        "creation_time": int(token.created),
        "creation_ttl": int(token.ttl),
        "display_name": token.display_name,
        "entity_id": token.entity_id,
        "expire_time": moment(expires) if expires else None,
        "explicit_max_ttl": int(token.explicit_max_ttl),
        "id": text,
        "issue_time": moment(token.created if batch else token.issued),
        "meta": dict(token.metadata) or None,
        "num_uses": token.num_uses,
        "orphan": token.orphan,
        "path": token.path,
        "policies": list(token.policies),
        "renewable": token.renewable,
        "ttl": max(0, int(expires - int(now))) if expires else 0,
        "type": token.type,
    }
    if token.path == ROOT_PATH:  # it never had a lease, so there is nothing to tell of one
        del told["issue_time"], told["renewable"]
    if token.period:
        told["period"] = int(token.period)
    if token.role:
        told["role"] = token.role
    if token.bound_cidrs:
        told["bound_cidrs"] = list(token.bound_cidrs)
    if token.renewed:
        told["last_renewal"] = moment(token.renewed)
        told["last_renewal_time"] = int(token.renewed)
    return told
