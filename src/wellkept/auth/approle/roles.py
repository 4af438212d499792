"""A role's record, and its index by role-id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core import cidr
from ...core.form import Field, bad, unforeseen
from ...core.request import new_id
from .. import token_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.form import Data
    from ...core.view import View
    from .digests import Digests

ROLES = "role/"
_BY_ID = "role-id/"

FIELDS: dict[str, Field] = {
    "bind_secret_id": Field("bool", default=True, clear=True),
    "bound_cidr_list": Field("strings", clear=True),
    "local_secret_ids": Field("bool", clear=True),
    "period": Field("seconds", clear=True),
    "policies": Field("strings", clear=True),
    "role_id": Field(clear=True),
    "secret_id_bound_cidrs": Field("strings", clear=True),
    "secret_id_num_uses": Field("int", clear=True),
    "secret_id_ttl": Field("seconds", clear=True),
    **token_parameters.FIELDS,
}
OLD = {"policies": "token_policies", "period": "token_period"}
"""Names of former days, each with today's."""

_SHOWN = (
    "bind_secret_id",
    "local_secret_ids",
    "secret_id_bound_cidrs",
    "secret_id_num_uses",
    "secret_id_ttl",
)


def fresh(name: str) -> dict[str, Any]:
    """A role of which nothing was said yet."""
    return {
        "name": name,
        "role_id": "",
        "bind_secret_id": True,
        "local_secret_ids": False,
        "secret_id_bound_cidrs": None,
        "secret_id_num_uses": 0,
        "secret_id_ttl": 0,
        **token_parameters.DEFAULTS,
    }


def load(view: View, name: str) -> dict[str, Any] | None:
    """The role, or ``None``. ``name`` in lower case."""
    entry = view.get(ROLES + name) if name else None
    return None if entry is None else json.loads(entry.value)


def save(view: View, role: Mapping[str, Any]) -> None:
    view.put(ROLES + role["name"], json.dumps(role, separators=(",", ":")).encode())


def name_of(view: View, digests: Digests, role_id: str) -> str | None:
    """The name of the role with this role-id."""
    entry = view.get(_BY_ID + digests.of("role-id", role_id))
    return None if entry is None else entry.value.decode()


def take_role_id(view: View, digests: Digests, role: dict[str, Any], role_id: str) -> None:
    """Let ``role_id`` be the role's. Raises ``Refusal`` when it is another's."""
    owner = name_of(view, digests, role_id)
    if owner is not None and owner != role["name"]:
        raise unforeseen("role_id already in use")
    drop_role_id(view, digests, role)
    role["role_id"] = role_id
    view.put(_BY_ID + digests.of("role-id", role_id), role["name"].encode())


def drop_role_id(view: View, digests: Digests, role: Mapping[str, Any]) -> None:
    if role["role_id"]:
        view.delete(_BY_ID + digests.of("role-id", role["role_id"]))


def update(view: View, digests: Digests, role: dict[str, Any], data: Data, *, created: bool) -> None:
    """Take over what was given, checked. Raises ``Refusal``."""
    if "local_secret_ids" in data:
        if not created and data["local_secret_ids"] != role["local_secret_ids"]:
            raise bad("local_secret_ids can only be modified during role creation")
        role["local_secret_ids"] = data["local_secret_ids"]
    token_parameters.update(role, data)
    for old, new in OLD.items():
        token_parameters.upgrade(role, data, old, new)
    if "bind_secret_id" in data:
        role["bind_secret_id"] = data["bind_secret_id"]
    for name in ("bound_cidr_list", "secret_id_bound_cidrs"):
        if name in data:
            role["secret_id_bound_cidrs"] = bound(data[name]) or None
    if "secret_id_num_uses" in data:
        if data["secret_id_num_uses"] < 0:
            raise bad("secret_id_num_uses cannot be negative")
        role["secret_id_num_uses"] = data["secret_id_num_uses"]
    if "secret_id_ttl" in data:
        role["secret_id_ttl"] = data["secret_id_ttl"]
    check_constraint(role)
    if data["role_id"]:
        take_role_id(view, digests, role, data["role_id"])
    elif created:
        take_role_id(view, digests, role, new_id())


def bound(
    blocks: list[str], what: str = "CIDR", refuse: Callable[[str], Exception] = unforeseen
) -> list[str]:
    """Blocks of addresses as given, once they are seen to be some. Raises what ``refuse`` makes of the words."""
    for block in blocks:
        if "/" not in block or cidr.network(block) is None:
            raise refuse(f"failed to validate {what} blocks: invalid CIDR address: {block[:64]}")
    return blocks


def check_constraint(role: Mapping[str, Any]) -> None:
    """A role that asks for nothing would let everybody in."""
    if not role["bind_secret_id"] and not role["secret_id_bound_cidrs"] and not role["token_bound_cidrs"]:
        raise unforeseen("at least one constraint should be enabled on the role")


def shown(role: Mapping[str, Any]) -> dict[str, Any]:
    """For a read; the role-id has a path of its own."""
    old = {name: role[name] for name in OLD if role.get(name)}
    return {**old, **{name: role[name] for name in _SHOWN}, **token_parameters.shown(role)}
