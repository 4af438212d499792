"""``static-roles/NAME``, ``static-creds/NAME``, ``rotate-role/NAME``: accounts that stay, with passwords that do not.

A rotation in three steps, each stored before the next: the new password is written down as *pending* and the role
claimed; the server is given it; it takes the place of the old one. A crash or a failure in between leaves the pending
one, and the next attempt gives the server the same again: no password is ever in force that is not written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.form import Field, Op, Route, bad
from ...core.form.route import part
from ...core.form.times import moment
from ...core.refusal import Refusal, one_error
from ...core.request import Response
from ...errors import WellkeptError
from .creds import allowed
from .drivers import User
from .intentions import CLAIM, PATIENCE, Intention, forget, state
from .passwords import new
from .records import ROLES, STATIC, StaticRole, connection, due, load, schedule, store
from .roles import COMMON, NOT_UNIQUE, PAGE, credential, listing

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .engine import Host
    from .records import Connection

SHORTEST = 5
"""Seconds between rotations, at least."""
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 3600.0
_FIELDS = {
    **COMMON,
    "username": Field(clear=True),
    "rotation_period": Field("seconds", clear=True),
    "rotation_statements": Field("texts", clear=True),
}
_NAME = {"name": Field(clear=True)}
_CONTINUES = (
    "unable to finish rotating credentials; retries will continue in the background but it is also safe to retry "
    "manually: "
)


class Statics:
    """The handlers, and ``run``, which rotates what is due."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(r"static-roles/?", PAGE, {"list": lambda call: listing(call, STATIC)}),
            Route(
                f"static-roles/{part('name')}",
                _FIELDS,
                {"read": _read, "update": Op(self._write, outside=self._set), "delete": _delete},
                exists=lambda call: call.view.get(STATIC + call.data["name"]) is not None,
            ),
            Route(f"static-creds/{part('name')}", _NAME, {"read": _creds}),
            Route(
                f"rotate-role/{part('name')}",
                _NAME,
                {"update": Op(lambda call: None, outside=self._rotate_now)},
            ),
        )

    def run(self, now: float) -> None:
        for name in self._host.read(lambda view: due(view, now)):
            try:
                self._rotate(name, now, forced=False)
            except WellkeptError:
                continue  # noted with the role, and tried again later

    def _set(self, call: Call) -> StaticRole | None:
        """For a new role: take over the account. ``None`` for one that is only changed."""
        role, created, found = self._host.read(lambda view: _merged(call, view))
        if not created:
            return None
        assert found is not None
        role.password = new(
            self._host.storage, role.credential_config.get("password_policy") or found.password_policy
        )
        self._apply(found, role, role.password)
        role.rotated = self._host.clock.time()
        return role

    def _write(self, call: Call) -> None:
        made: StaticRole | None = call.result
        role, created, _ = _merged(call, call.view)
        name = call.data["name"]
        if created != (made is not None):
            raise Refusal(500, one_error("the role was made or removed meanwhile; try again"))
        if made is not None:
            role.password, role.rotated = made.password, made.rotated
        if not role.claim:
            schedule(call.view, name, role, role.rotated + role.period)
        store(call.view, STATIC, name, role)

    def _rotate_now(self, call: Call) -> None:
        self._rotate(call.data["name"], self._host.clock.time(), forced=True)

    def _rotate(self, name: str, now: float, *, forced: bool) -> None:
        def begin(view: View) -> tuple[StaticRole, Connection, str] | None:
            role = load(view, STATIC, name, StaticRole)
            if role is None:
                if forced:
                    raise bad("no static role found for role name")
                return None
            if role.claim > now or not (forced or role.due <= now):
                if forced:
                    raise Refusal(500, one_error("the role is being rotated by another request"))
                return None
            found = connection(view, role.db_name)
            if not role.pending:
                policy = role.credential_config.get("password_policy") or found.password_policy
                role.pending = new(self._host.storage, policy)
            role.claim = now + CLAIM
            schedule(view, name, role, now + PATIENCE)
            store(view, STATIC, name, role)
            return role, found, state(view, Intention("static", role.db_name, name), now)

        begun = self._host.write(begin)
        if begun is None:
            return
        role, found, identifier = begun
        failure: WellkeptError | None = None
        try:
            self._apply(found, role, role.pending)
        except WellkeptError as error:
            failure = error
        self._host.write(
            lambda view: self._finish(view, name, role.pending, identifier, failed=failure is not None)
        )
        if failure is not None:
            raise Refusal(500, one_error(_CONTINUES + str(failure)))

    def resume(self, name: str) -> None:
        """Finish at once what a process began that is gone: until then the server may know a password that is not
        given out yet."""

        def unclaim(view: View) -> None:
            role = load(view, STATIC, name, StaticRole)
            if role is not None and role.pending:
                role.claim = 0
                schedule(view, name, role, self._host.clock.time())
                store(view, STATIC, name, role)

        self._host.write(unclaim)
        self._rotate(name, self._host.clock.time(), forced=False)

    def _finish(self, view: View, name: str, password: str, identifier: str, *, failed: bool) -> None:
        forget(view, identifier)
        role = load(view, STATIC, name, StaticRole)
        if role is None or role.pending != password:
            return
        now = self._host.clock.time()
        role.claim = 0
        if failed:
            role.failures += 1
            pause = min(FIRST_PAUSE * 2 ** min(role.failures - 1, 20), LONGEST_PAUSE)
            schedule(view, name, role, now + pause)
        else:
            role.password, role.pending, role.failures, role.rotated = password, "", 0, now
            schedule(view, name, role, now + role.period)
        store(view, STATIC, name, role)

    def _apply(self, found: Connection, role: StaticRole, password: str) -> None:
        self._host.on(
            found,
            lambda driver, session: driver.set_password(
                session, User(role.username, password), role.rotation
            ),
            password,
            role.password,
            prefix="error setting credentials: ",
        )


def _merged(call: Call, view: View) -> tuple[StaticRole, bool, Connection | None]:
    """The role as it is to be, whether it is new, and then its connection. Raises ``Refusal``."""
    data, name = call.data, call.data["name"]
    if view.get(ROLES + name) is not None:
        raise bad(NOT_UNIQUE)
    role = load(view, STATIC, name, StaticRole)
    created = role is None
    role = role or StaticRole()
    if "db_name" in data:
        role.db_name = data["db_name"]
    if not role.db_name:
        raise bad("database name is a required field")
    username: str = data["username"]
    if not username and created:
        raise bad("username is a required field to create a static account")
    if role.username and role.username != username:
        raise bad("cannot update static account username")
    role.username = username
    if "rotation_period" not in data and created:
        raise bad("rotation_period is required to create static accounts")
    if "rotation_period" in data:
        if data["rotation_period"] < SHORTEST:
            raise bad(f"rotation_period must be {SHORTEST} seconds or more")
        role.period = data["rotation_period"]
    if "rotation_statements" in data:
        role.rotation = data["rotation_statements"]
    credential(role, call)
    return role, created, connection(view, role.db_name) if created else None


def _read(call: Call) -> Response | None:
    role = load(call.view, STATIC, call.data["name"], StaticRole)
    if role is None:
        return None
    told: dict[str, Any] = {
        "db_name": role.db_name,
        "username": role.username,
        "rotation_statements": role.rotation,
        "rotation_period": role.period,
        "credential_type": role.credential_type,
    }
    if role.rotated:
        told["last_vault_rotation"] = moment(role.rotated)
    if role.credential_config:
        told["credential_config"] = role.credential_config
    return Response(told)


def _delete(call: Call) -> None:
    name = call.data["name"]
    role = load(call.view, STATIC, name, StaticRole)
    if role is not None:
        schedule(call.view, name, role, 0)
        call.view.delete(STATIC + name)


def _creds(call: Call) -> Response:
    name = call.data["name"]
    role = load(call.view, STATIC, name, StaticRole)
    if role is None:
        raise bad(f"unknown role: {name}")
    allowed(connection(call.view, role.db_name), name)
    return Response(
        {
            "username": role.username,
            "password": role.password,
            "ttl": max(0, round(role.rotated + role.period - call.now)),
            "rotation_period": role.period,
            "last_vault_rotation": moment(role.rotated),
        },
        digests={"password": role.password.encode()},
    )
