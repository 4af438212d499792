"""``auth/token/create``: who may have a token made, and what it may be.

A token is at most what its maker is: its policies are a subset, unless the maker has ``sudo`` on the path or
a role says otherwise; ``root`` comes from ``root`` alone, however it is spelt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..form import Field, bad
from ..form.duration import parse_seconds
from ..grant import AuthGrant
from ..policy import SUDO
from ..request import Response
from . import roles
from .policies import DEFAULT, ROOT, UNASSIGNABLE, normalised, sanitize

if TYPE_CHECKING:
    from ..form import Call
    from ..grant import TokenType
    from ..service import Service
    from .token import Token

FIELDS: dict[str, Field] = {
    "role_name": Field(clear=True),
    "id": Field(),
    "display_name": Field(clear=True),
    "entity_alias": Field(clear=True),
    "explicit_max_ttl": Field(clear=True),
    "lease": Field(clear=True),
    "meta": Field("pairs"),
    "no_default_policy": Field("bool", clear=True),
    "no_parent": Field("bool", clear=True),
    "num_uses": Field("int", clear=True),
    "period": Field(clear=True),
    "policies": Field("strings", clear=True),
    "renewable": Field("bool", default=True, clear=True),
    "ttl": Field(clear=True),
    "type": Field(clear=True),
}
_UNPRINTED = re.compile(r"[^a-zA-Z0-9-]")
_CUSTOM = (
    "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC "
    "for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups."
)


class Creation:
    """The handler; ``orphan`` for ``create-orphan``."""

    def __init__(self, service: Service, *, orphan: bool = False) -> None:
        self._service = service
        self._orphan = orphan

    def __call__(self, call: Call) -> Response:
        parent = self._parent(call)
        sudo = self._sudo(parent, call.request.path)
        role = self._role(call)
        data = call.data
        if data["entity_alias"] and role is None:
            raise bad("'entity_alias' is only allowed in combination with token role")
        kind = self._kind(call, role)
        grant = AuthGrant(token_type=kind, orphan=self._orphan, renewable=data["renewable"])
        grant.display_name = _display_name(data["display_name"])
        grant.metadata = data["meta"]
        if data["num_uses"] < 0:
            raise bad("number of uses cannot be negative")
        grant.num_uses = data["num_uses"]
        self._identifier(grant, data["id"], sudo=sudo)
        grant.policies, grant.no_default_policy = self._policies(call, parent, role, sudo=sudo)
        if ROOT in grant.policies and ROOT not in parent.policies:
            raise bad("root tokens may not be created without parent token being root")
        self._parentage(grant, call, parent, role, sudo=sudo)
        self._times(grant, call, role, sudo=sudo)
        if role is not None:
            self._apply(grant, role, call)
        elif parent.bound_cidrs:
            grant.bound_cidrs = parent.bound_cidrs
        if kind == "batch":
            _check_batch(grant)
        self._check_root(grant, parent)
        warnings = [_CUSTOM] if grant.id and kind != "batch" else []
        if role is not None:
            warnings += _both(grant, role)
        return Response(auth=grant, warnings=(*warnings, *self._absent(call, grant)))

    def _parent(self, call: Call) -> Token:
        caller = call.request.caller
        if caller is None:
            raise bad("parent token lookup failed: no parent found")
        if caller.type == "batch":
            raise bad("batch tokens cannot create more tokens")
        parent = self._service.tokens.get(call.view, caller.key)
        if parent is None:
            raise bad("parent token lookup failed: no parent found")
        if parent.num_uses:
            raise bad("restricted use token cannot generate child tokens")
        return parent

    def _sudo(self, parent: Token, path: str) -> bool:
        return bool(self._service.acl(parent).capabilities(path) & SUDO)

    def _role(self, call: Call) -> dict[str, Any] | None:
        name: str = call.data["role_name"]
        if not name:
            return None
        role = roles.load(call.view, name)
        if role is None:
            raise bad(f"unknown role {name}")
        return role

    @staticmethod
    def _kind(call: Call, role: dict[str, Any] | None) -> TokenType:
        asked: str = call.data["type"]
        if asked not in ("", "service", "batch"):
            raise bad("invalid 'token_type' value")
        if role is None:
            return "batch" if asked == "batch" else "service"
        ruled: str = role["token_type"]
        settled = ruled in ("service", "batch")
        kind = ruled if settled else asked or ruled.removeprefix("default-")
        return "batch" if kind == "batch" else "service"

    @staticmethod
    def _identifier(grant: AuthGrant, chosen: str, *, sudo: bool) -> None:
        if not chosen:
            return
        if not sudo:
            raise bad("root or sudo privileges required to specify token id")
        if chosen.startswith("s."):
            raise bad("custom token ID cannot have the 's.' prefix")
        if "." in chosen:
            raise bad("custom token ID cannot have a '.' in the value")
        grant.id = chosen

    @staticmethod
    def _policies(
        call: Call, parent: Token, role: dict[str, Any] | None, *, sudo: bool
    ) -> tuple[tuple[str, ...], bool]:
        """The policies, and whether ``default`` is to be left out."""
        data = call.data
        none: bool = data["no_default_policy"]
        asked = normalised(data["policies"])
        for name in asked:
            if name in UNASSIGNABLE:
                raise bad(f'cannot assign policy "{name}"')
        if role is not None:
            return roles.policies(role, asked, parent, default=not none), True
        if not asked:
            final = tuple(name for name in parent.policies if not (none and name == DEFAULT))
            return final, True
        if sudo:
            return sanitize(asked, default=not none), True
        if not set(asked) <= set(parent.policies):
            raise bad("child policies must be subset of parent")
        return sanitize(asked, default=not none and DEFAULT in parent.policies), True

    def _parentage(
        self, grant: AuthGrant, call: Call, parent: Token, role: dict[str, Any] | None, *, sudo: bool
    ) -> None:
        if call.data["no_parent"]:
            if not sudo:
                raise bad("root or sudo privileges required to create orphan token")
            grant.orphan = True
        if role is not None and role["orphan"]:
            grant.orphan = True
        if not grant.orphan:
            grant.parent = parent.key

    @staticmethod
    def _times(grant: AuthGrant, call: Call, role: dict[str, Any] | None, *, sudo: bool) -> None:
        data = call.data
        grant.explicit_max_ttl = _seconds(data["explicit_max_ttl"], "explicit_max_ttl")
        grant.period = _seconds(data["period"], "period")
        if grant.period and not sudo:
            raise bad("root or sudo privileges required to create periodic token")
        grant.ttl = _seconds(data["ttl"] or data["lease"], "ttl" if data["ttl"] else "lease")

    @staticmethod
    def _apply(grant: AuthGrant, role: dict[str, Any], call: Call) -> None:
        grant.role = call.data["role_name"]
        grant.path_suffix = role["path_suffix"]
        grant.renewable = grant.renewable and role["renewable"]
        grant.own_period, grant.own_explicit_max_ttl = grant.period, grant.explicit_max_ttl
        grant.period = roles.lesser(grant.period, role["token_period"])
        grant.explicit_max_ttl = roles.lesser(grant.explicit_max_ttl, role["token_explicit_max_ttl"])
        uses = role["token_num_uses"]
        if uses and (not grant.num_uses or uses < grant.num_uses):
            grant.num_uses = uses
        grant.bound_cidrs = tuple(role["token_bound_cidrs"])

    @staticmethod
    def _check_root(grant: AuthGrant, parent: Token) -> None:
        forever = not (grant.ttl or grant.period or grant.explicit_max_ttl)
        if grant.policies == (ROOT,) and forever and parent.expires:
            raise bad("expiring root tokens cannot create non-expiring root tokens")

    def _absent(self, call: Call, grant: AuthGrant) -> list[str]:
        """A warning for each policy that does not exist."""
        from ..authority import POLICY_PREFIX
        from ..policy import is_name

        return [
            f'Policy "{name}" does not exist'
            for name in grant.policies
            if name != ROOT and not (is_name(name) and call.view.get(POLICY_PREFIX + name) is not None)
        ]


def _both(grant: AuthGrant, role: dict[str, Any]) -> list[str]:
    """A warning for what is said twice."""
    found = []
    for name, own, ruled in (
        ("Explicit max TTL", grant.own_explicit_max_ttl, role["token_explicit_max_ttl"]),
        ("Period", grant.own_period, role["token_period"]),
    ):
        if own and ruled:
            found.append(
                f"{name} specified both during creation call and in role; using the lesser value of "
                f"{int(min(own, ruled))} seconds"
            )
    return found


def _check_batch(grant: AuthGrant) -> None:
    for name in ("explicit_max_ttl", "num_uses", "period"):
        if getattr(grant, name):
            raise bad(f'batch tokens cannot have "{name}" set')
    if ROOT in grant.policies:
        raise bad("batch tokens cannot be root tokens")
    grant.id = ""


def _display_name(asked: str) -> str:
    if not asked:
        return "token"
    return "token-" + _UNPRINTED.sub("-", asked).rstrip("-")


def _seconds(given: str, name: str) -> float:
    if not given:
        return 0
    failure = ""
    try:
        seconds = parse_seconds(given)
    except ValueError as error:
        failure = str(error)
    if failure:
        raise bad(failure)
    if seconds < 0:
        raise bad(f"{name} must be positive")
    return float(int(seconds))
