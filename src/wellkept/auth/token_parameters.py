"""The ``token_*`` fields that users and roles of most methods share: what a login's token will be like.

Source: Vault's documentation of each method ("Parameters"), and OpenBao 2.7's answers to wrong ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core import cidr
from ..core.form import Field, bad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.form import Data
    from ..core.grant import AuthGrant, TokenType

FIELDS: dict[str, Field] = {
    "token_bound_cidrs": Field("strings", clear=True),
    "token_explicit_max_ttl": Field("seconds", clear=True),
    "token_max_ttl": Field("seconds", clear=True),
    "token_no_default_policy": Field("bool", clear=True),
    "token_num_uses": Field("int", clear=True),
    "token_period": Field("seconds", clear=True),
    "token_policies": Field("strings", clear=True),
    "token_strictly_bind_ip": Field("bool", clear=True),
    "token_ttl": Field("seconds", clear=True),
    "token_type": Field("string", clear=True),
}

DEFAULTS: dict[str, Any] = {
    "token_bound_cidrs": [],
    "token_explicit_max_ttl": 0,
    "token_max_ttl": 0,
    "token_no_default_policy": False,
    "token_num_uses": 0,
    "token_period": 0,
    "token_policies": [],
    "token_strictly_bind_ip": False,
    "token_ttl": 0,
    "token_type": "default",
}
"""A user's or role's fields when nothing was said."""

_TYPES = {
    "": "default",
    "default": "default",
    "service": "service",
    "batch": "batch",
}


def update(record: dict[str, Any], data: Data) -> None:
    """Take over the fields that were given, checked. Raises ``Refusal``."""
    for name in FIELDS:
        if name in data:
            record[name] = data[name]
    record["token_bound_cidrs"] = list(cidr.check(record["token_bound_cidrs"]))
    kind = _TYPES.get(record["token_type"])
    if kind is None:
        raise bad(f"invalid 'token_type' value \"{record['token_type'][:64]}\"")
    record["token_type"] = kind
    if record["token_num_uses"] < 0:
        raise bad("'token_num_uses' cannot be negative")
    if kind == "batch":
        forbidden = "'token_type' cannot be 'batch' or 'default_batch' when set to generate "
        if record["token_period"]:
            raise bad(forbidden + "periodic tokens")
        if record["token_num_uses"]:
            raise bad(forbidden + "tokens with limited use count")
    if record["token_max_ttl"] and record["token_ttl"] > record["token_max_ttl"]:
        raise bad("'token_ttl' cannot be greater than 'token_max_ttl'")


def upgrade(record: dict[str, Any], data: Data, old: str, new: str) -> None:
    """``old``, a field's name of former days, beside ``new``: what is set by one shows in both (Vault's rule, and its order:
    after ``update``, whose comparisons therefore do not see what comes by an old name)."""
    if new in data:
        if old in data:
            record[old] = record[new]
        else:
            record.pop(old, None)
    elif old in data:
        value = data[old]
        record[old] = record[new] = list(cidr.check(value)) if new == "token_bound_cidrs" else value


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields for a read."""
    return {name: record.get(name, default) for name, default in DEFAULTS.items()}


def fill(grant: AuthGrant, record: Mapping[str, Any]) -> AuthGrant:
    """Let ``grant`` be as ``record`` says."""
    grant.policies = tuple(record["token_policies"])
    grant.ttl = record["token_ttl"]
    grant.max_ttl = record["token_max_ttl"]
    grant.explicit_max_ttl = record["token_explicit_max_ttl"]
    grant.period = record["token_period"]
    grant.num_uses = record["token_num_uses"]
    grant.bound_cidrs = tuple(record["token_bound_cidrs"])
    kind: TokenType = record["token_type"]
    grant.token_type = kind
    grant.no_default_policy = record["token_no_default_policy"]
    return grant


def clean_policies(names: list[str]) -> list[str]:
    """Policies as a role's own field for them keeps them: lower case, each once, in order."""
    return sorted({name.strip().lower() for name in names if name.strip()})
