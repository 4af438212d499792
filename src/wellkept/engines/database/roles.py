"""``roles/NAME``: how users are made, renewed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.form import Field, Route, bad
from ...core.form.route import part
from ...core.request import Response
from .records import ROLES, STATIC, Role, load, store

if TYPE_CHECKING:
    from ...core.form import Call

COMMON = {
    "name": Field(clear=True),
    "db_name": Field(clear=True),
    "credential_type": Field(default="password", clear=True),
    "credential_config": Field("pairs", clear=True),
}
PAGE = {"after": Field(clear=True), "limit": Field("int", clear=True)}
NOT_UNIQUE = "Role and Static Role names must be unique"
_STATEMENTS = {
    "creation_statements": "creation",
    "revocation_statements": "revocation",
    "rollback_statements": "rollback",
    "renew_statements": "renewal",
}
_FIELDS = {
    **COMMON,
    **{name: Field("texts", clear=True) for name in _STATEMENTS},
    "default_ttl": Field("seconds", clear=True),
    "max_ttl": Field("seconds", clear=True),
}


def routes() -> tuple[Route, ...]:
    return (
        Route(r"roles/?", PAGE, {"list": lambda call: listing(call, ROLES)}),
        Route(
            f"roles/{part('name')}",
            _FIELDS,
            {"read": _read, "update": _write, "delete": _delete},
            exists=lambda call: call.view.get(ROLES + call.data["name"]) is not None,
        ),
    )


def listing(call: Call, folder: str) -> Response | None:
    limit = call.data["limit"]
    names = call.view.list(folder, after=call.data["after"], limit=limit if limit > 0 else None)
    return Response({"keys": names}) if names else None


def credential(role: Any, call: Call) -> None:
    """Take over ``credential_type`` and ``credential_config``. Raises ``Refusal``."""
    data = call.data
    if "credential_type" in data:
        if data["credential_type"] != "password":
            raise bad(f'invalid credential_type "{data["credential_type"]}"')
        role.credential_type = data["credential_type"]
    policy = data["credential_config"].get("password_policy", "")
    if policy:
        role.credential_config = {"password_policy": policy}


def _write(call: Call) -> None:
    data, name = call.data, call.data["name"]
    if call.view.get(STATIC + name) is not None:
        raise bad(NOT_UNIQUE)
    role = load(call.view, ROLES, name, Role) or Role()
    if "db_name" in data:
        role.db_name = data["db_name"]
    if not role.db_name:
        raise bad("database name is required")
    credential(role, call)
    for field, attribute in _STATEMENTS.items():
        if field in data:
            setattr(role, attribute, data[field])
    role.revocation = [text for text in role.revocation if text]
    for field in ("default_ttl", "max_ttl"):
        if field in data:
            setattr(role, field, data[field])
    store(call.view, ROLES, name, role)


def _read(call: Call) -> Response | None:
    role = load(call.view, ROLES, call.data["name"], Role)
    if role is None:
        return None
    told: dict[str, Any] = {
        "db_name": role.db_name,
        **{field: getattr(role, attribute) for field, attribute in _STATEMENTS.items()},
        "default_ttl": role.default_ttl,
        "max_ttl": role.max_ttl,
        "credential_type": role.credential_type,
    }
    if role.credential_config:
        told["credential_config"] = role.credential_config
    return Response(told)


def _delete(call: Call) -> None:
    call.view.delete(ROLES + call.data["name"])
