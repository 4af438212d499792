"""Token roles: what tokens may be made under a name, for those who may make them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .. import cidr
from ..form import Field, bad
from ..form.route import LABEL
from ..request import Response
from .policies import normalised, sanitize

if TYPE_CHECKING:
    from ..form import Call
    from ..view import View
    from .token import Token

ROLES = "core/token/role/"
_SUFFIX = re.compile(LABEL, re.ASCII)
_TYPES = {
    "": "default-service",
    "default": "default-service",
    "default-service": "default-service",
    "default-batch": "default-batch",
    "service": "service",
    "batch": "batch",
}
_OLD = {
    "period": "token_period",
    "explicit_max_ttl": "token_explicit_max_ttl",
    "bound_cidrs": "token_bound_cidrs",
}
"""Names of former days: what is set by one shows in both."""

FIELDS: dict[str, Field] = {
    "role_name": Field(clear=True),
    "allowed_policies": Field("strings", clear=True),
    "disallowed_policies": Field("strings", clear=True),
    "allowed_policies_glob": Field("strings", clear=True),
    "disallowed_policies_glob": Field("strings", clear=True),
    "allowed_entity_aliases": Field("strings", clear=True),
    "orphan": Field("bool", clear=True),
    "period": Field("seconds", clear=True),
    "path_suffix": Field(clear=True),
    "explicit_max_ttl": Field("seconds", clear=True),
    "renewable": Field("bool", clear=True),
    "bound_cidrs": Field("strings", clear=True),
    "token_bound_cidrs": Field("strings", clear=True),
    "token_explicit_max_ttl": Field("seconds", clear=True),
    "token_no_default_policy": Field("bool", clear=True),
    "token_num_uses": Field("int", clear=True),
    "token_period": Field("seconds", clear=True),
    "token_strictly_bind_ip": Field("bool", clear=True),
    "token_type": Field(clear=True),
}
DEFAULTS: dict[str, Any] = {
    "allowed_entity_aliases": None,
    "allowed_policies": [],
    "allowed_policies_glob": [],
    "disallowed_policies": [],
    "disallowed_policies_glob": [],
    "explicit_max_ttl": 0,
    "orphan": False,
    "path_suffix": "",
    "period": 0,
    "renewable": True,
    "token_bound_cidrs": [],
    "token_explicit_max_ttl": 0,
    "token_no_default_policy": False,
    "token_num_uses": 0,
    "token_period": 0,
    "token_type": "default-service",
}


def load(view: View, name: str) -> dict[str, Any] | None:
    """The role's fields."""
    entry = view.get(ROLES + name)
    return None if entry is None else {**DEFAULTS, **json.loads(entry.value)}


def exists(call: Call) -> bool:
    return call.view.get(ROLES + call.data["role_name"]) is not None


def read(call: Call) -> Response | None:
    name: str = call.data["role_name"]
    role = load(call.view, name)
    if role is None:
        return None
    for field in ("bound_cidrs", "token_bound_cidrs", "token_num_uses", "token_strictly_bind_ip"):
        if not role.get(field):
            role.pop(field, None)
    return Response({"name": name, **role})


def listing(call: Call) -> Response | None:
    names = call.view.list(ROLES)
    return Response({"keys": names}) if names else None


def delete(call: Call) -> None:
    call.view.delete(ROLES + call.data["role_name"])


def write(call: Call) -> None:
    """Take over the fields that were given, checked."""
    name: str = call.data["role_name"]
    role = load(call.view, name) or dict(DEFAULTS)
    data = call.data
    for field in FIELDS:
        if field in data and field != "role_name":
            role[field] = data[field]
    for old, new in _OLD.items():
        if new in data:
            role[old] = 0 if old != "bound_cidrs" else role.get(old)
            if old in data:
                role[old] = data[new]
        elif old in data:
            role[new] = data[old]
    if role["token_explicit_max_ttl"]:
        role["explicit_max_ttl"] = role["token_explicit_max_ttl"]
    for field in ("allowed_policies", "disallowed_policies"):
        role[field] = list(normalised(role[field]))
    former = "bound_cidrs" in data and "token_bound_cidrs" not in data
    role["token_bound_cidrs"] = cidr.check(
        role["token_bound_cidrs"], f"error parsing {'bound_cidrs' if former else 'role fields'}: "
    )
    if role.get("bound_cidrs"):
        role["bound_cidrs"] = role["token_bound_cidrs"]
    _check(role)
    call.view.put(ROLES + name, json.dumps(role, separators=(",", ":")).encode())


def _check(role: dict[str, Any]) -> None:
    suffix = role["path_suffix"]
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise bad("given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w")
    kind = _TYPES.get(role["token_type"])
    if kind is None:
        raise bad(f"invalid 'token_type' value \"{role['token_type'][:64]}\"")
    role["token_type"] = kind
    if role["token_num_uses"] < 0:
        raise bad("error parsing role fields: 'token_num_uses' cannot be negative")
    if kind == "batch":
        said = "'token_type' cannot be 'batch' when role is set to generate "
        if not role["orphan"]:
            raise bad(said + "non-orphan tokens")
        if role["token_period"]:
            raise bad(said + "periodic tokens")
        if role["renewable"]:
            raise bad(said + "renewable tokens")
        if role["token_explicit_max_ttl"]:
            raise bad(said + "tokens with an explicit max TTL")


def policies(
    role: dict[str, Any], asked: tuple[str, ...], parent: Token, *, default: bool
) -> tuple[str, ...]:
    """What a token made under ``role`` gets; raises ``Refusal`` when it may not have what was ``asked``."""
    default = default and not role["token_no_default_policy"]
    allowed, globs = role["allowed_policies"], role["allowed_policies_glob"]
    final = sanitize(asked, default=default) if asked else ()
    if allowed or globs:
        may = sanitize(allowed, default=default)
        if not asked:
            final = may
        elif not all(name in may or _fits(name, globs) for name in final):
            raise bad(
                f"token policies ({_quoted(final)}) must be subset of the role's allowed policies "
                f"({_quoted(may)}) or glob policies ({_quoted(globs)})"
            )
    elif not asked:
        final = sanitize(parent.policies, default=default)
    for name in final:
        if name in role["disallowed_policies"] or _fits(name, role["disallowed_policies_glob"]):
            raise bad(f'token policy "{name}" is disallowed by this role')
    return final


def lesser(one: float, other: float) -> float:
    """The shorter of two times; 0 is none."""
    return min(one, other) if one and other else one or other


def _fits(name: str, globs: list[str]) -> bool:
    return any(_glob(name, pattern) for pattern in globs)


def _glob(name: str, pattern: str) -> bool:
    """``*`` anywhere stands for any text."""
    parts = pattern.split("*")
    if len(parts) == 1:
        return name == pattern
    if not name.startswith(parts[0]) or len(name) < len(parts[0]) + len(parts[-1]):
        return False
    if not name.endswith(parts[-1]):
        return False
    place, end = len(parts[0]), len(name) - len(parts[-1])
    for part in parts[1:-1]:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _quoted(names: tuple[str, ...] | list[str]) -> str:
    return "[" + " ".join(f'"{name}"' for name in names) + "]"
