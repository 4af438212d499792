"""The engine: users, their fields, and the login."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core import cidr
from ...core.form import Field, Op, Route, Routed, bad, unforeseen
from ...core.form.route import LABEL
from ...core.grant import AuthGrant
from ...core.lockout import InvalidCredentials
from ...core.refusal import Refusal, denied
from ...core.request import Response
from .. import paging, token_parameters
from . import passwords

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.leases.lease import Lease
    from ...core.request import Request
    from ...core.view import View

_USERS = "user/"
_BCRYPT_COST = "bcrypt-cost"
_NAME = rf"(?P<username>{LABEL})"
_PASSWORD = {"password": Field(), "password_hash": Field()}
_OLD = {
    "policies": (Field("strings", clear=True), "token_policies"),
    "ttl": (Field("seconds", clear=True), "token_ttl"),
    "max_ttl": (Field("seconds", clear=True), "token_max_ttl"),
    "bound_cidrs": (Field("strings", clear=True), "token_bound_cidrs"),
}
"""Names of former days, each with today's."""

_USERNAME = {"username": Field(clear=True)}


class UserPass(Routed):
    """See the package's docstring."""

    kind = "userpass"
    unauthenticated = frozenset({"login/*"})

    def login_alias(self, request: Request, path: str) -> str | None:
        """Who tries to log in, canonically; ``None`` when ``path`` is no login."""
        name = path.removeprefix("login/")
        return name.lower() if path != name and name else None

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> AuthGrant:
        """The token lives on while its user is there and has the policies it had."""
        assert lease.token is not None
        user = _load(view, str(lease.token.internal.get("username", "")))
        if user is None:
            raise Refusal(400, "user no longer exists, not renewing")
        if sorted(user["token_policies"]) != sorted(lease.token.internal.get("policies", [])):
            raise Refusal(400, "policies have changed, not renewing")
        return token_parameters.fill(AuthGrant(), user)

    routes = (
        Route("users/?", paging.FIELDS, {"list": lambda call: paging.page(call, _USERS)}),
        Route(
            f"users/{_NAME}",
            {
                **_USERNAME,
                **_PASSWORD,
                **token_parameters.FIELDS,
                **{name: field for name, (field, _) in _OLD.items()},
            },
            {
                "read": lambda call: _read(call),
                "update": Op(lambda call: _write(call), slow=True),
                "delete": lambda call: call.view.delete(_USERS + _name(call)),
            },
            exists=lambda call: call.view.get(_USERS + _name(call)) is not None,
        ),
        Route(
            f"users/{_NAME}/password",
            {**_USERNAME, **_PASSWORD},
            {"update": Op(lambda call: _set_password(call), slow=True)},
        ),
        Route(
            f"users/{_NAME}/policies",
            {**_USERNAME, "policies": _OLD["policies"][0], "token_policies": token_parameters.FIELDS["token_policies"]},
            {"update": lambda call: _set_policies(call)},
        ),
        Route(
            rf"login/{_NAME}",
            {**_USERNAME, "password": Field()},
            {"update": Op(lambda call: _login(call), slow=True)},
        ),
    )  # fmt: skip


def _name(call: Call) -> str:
    name: str = call.data["username"]
    return name.lower()


def _load(view: View, name: str) -> dict[str, Any] | None:
    entry = view.get(_USERS + name) if name else None
    return None if entry is None else json.loads(entry.value)


def _save(view: View, name: str, user: dict[str, Any]) -> None:
    view.put(_USERS + name, json.dumps(user, separators=(",", ":")).encode())


def _read(call: Call) -> Response | None:
    user = _load(call.view, _name(call))
    if user is None:
        return None
    old = {name: user[name] for name in _OLD if user.get(name)}
    return Response({**old, **token_parameters.shown(user)})


def _write(call: Call) -> None:
    name, data = _name(call), call.data
    user = _load(call.view, name)
    if user is None:
        user = dict(token_parameters.DEFAULTS)
        if not data["password"] and not data["password_hash"]:
            raise bad("must provide either password or password_hash")
    if data["password"] or data["password_hash"]:
        _take_password(call, user)
    token_parameters.update(user, data)
    for old, (_, new) in _OLD.items():
        token_parameters.upgrade(user, data, old, new)
    _save(call.view, name, user)


def _take_password(call: Call, user: dict[str, Any]) -> None:
    password, brought = call.data["password"], call.data["password_hash"]
    if password and brought:
        raise bad("only one of password or password_hash may be provided")
    if not password and not brought:
        raise bad("must provide either password or password_hash")
    user["password"] = passwords.brought(brought) if brought else passwords.hashed(password)
    cost = passwords.cost_of(user["password"])
    if cost > _bcrypt_cost(call.view):
        call.view.put(_BCRYPT_COST, str(cost).encode())


def _bcrypt_cost(view: View) -> int:
    entry = view.get(_BCRYPT_COST)
    return 0 if entry is None else int(entry.value)


def _existing(call: Call) -> dict[str, Any]:
    user = _load(call.view, _name(call))
    if user is None:
        raise unforeseen("username does not exist")
    return user


def _set_password(call: Call) -> None:
    user = _existing(call)
    _take_password(call, user)
    _save(call.view, _name(call), user)


def _set_policies(call: Call) -> None:
    user, data = _existing(call), call.data
    if "token_policies" in data:
        user["token_policies"] = token_parameters.clean_policies(data["token_policies"])
        user.pop("policies", None)
    elif "policies" in data:
        user["policies"] = user["token_policies"] = token_parameters.clean_policies(data["policies"])
    _save(call.view, _name(call), user)


def _login(call: Call) -> Response:
    password = call.data["password"]
    if not password:
        raise Refusal(400, "missing password")
    name = _name(call)
    user = _load(call.view, name)
    stored = None if user is None else user["password"]
    if not passwords.matches(password, stored, _bcrypt_cost(call.view)) or user is None:
        raise InvalidCredentials(400, "invalid username or password")
    blocks = user["token_bound_cidrs"]
    if blocks and not cidr.contains(blocks, call.request.client.address):
        raise denied()
    grant = AuthGrant(
        display_name=name,
        metadata={"username": name},
        alias=name,
        internal={"username": name, "policies": list(user["token_policies"])},
    )
    return Response(auth=token_parameters.fill(grant, user))
