"""``creds/ROLE``: a user of one's own, for the time of a lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...core.form import Field, Op, Route, bad, unforeseen
from ...core.form.route import part
from ...core.grant import LeaseGrant
from ...core.refusal import Refusal, one_error
from ...core.request import Response
from ...core.ttl import calculate
from .drivers import User
from .failures import DatabaseFailure
from .intentions import Intention, abandon, acknowledge, state
from .passwords import new
from .records import ROLES, Role, connection, load
from .usernames import Template

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .engine import Host
    from .records import Connection

_GRACE = 5.0


class Made(NamedTuple):
    """A user that is there, and not anybody's yet."""

    intention: str
    user: User
    role: Role


class Creds:
    """The handlers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> tuple[Route, ...]:
        fields = {"name": Field(clear=True)}
        return (Route(f"creds/{part('name')}", fields, {"read": Op(_give, outside=self._make, writes=True)}),)

    def _make(self, call: Call) -> Made:
        """State it, then make it. A request that fails from here on leaves the intention to be undone."""
        name: str = call.data["name"]
        role, found = self._host.read(lambda view: _look(view, name))
        now = self._host.clock.time()
        times = calculate(self._host.bounds(), now, ttl=role.default_ttl, max_ttl=role.max_ttl)
        expires = now + (times.ttl if times is not None else 0) + _GRACE
        if not role.creation and not found.plugin.startswith(("redis", "valkey")):
            raise unforeseen("empty creation statements")
        policy = role.credential_config.get("password_policy") or found.password_policy
        user = User(self._name(call, found), new(self._host.storage, policy), expires)
        undo = role.rollback or role.revocation
        intention = Intention("user", role.db_name, user.name, undo)
        identifier = self._host.write(lambda view: state(view, intention, now))
        done = False
        try:
            self._host.on(
                found, lambda driver, session: driver.create(session, user, role.creation), user.password
            )
            done = True
        finally:
            if not done:
                self._host.write(lambda view: abandon(view, identifier, self._host.clock.time()))
        return Made(identifier, user, role)

    def _name(self, call: Call, found: Connection) -> str:
        caller = call.request.caller
        values = {"DisplayName": "" if caller is None else caller.display_name, "RoleName": call.data["name"]}
        failure = ""
        try:
            driver = self._host.pools.get(found).driver
            made = Template(str(found.details.get("username_template") or driver.username_template)).make(
                values
            )
            if not made or "\0" in made:
                failure = "the username template makes no name, or one with NUL"
            elif len(made.encode("utf-8", "surrogatepass")) > driver.longest_name:
                failure = f"the username template makes a name of more than {driver.longest_name} bytes"
            else:
                return made
        except DatabaseFailure as error:
            failure = str(error)
        raise Refusal(500, one_error(failure))


def _look(view: View, name: str) -> tuple[Role, Connection]:
    role = load(view, ROLES, name, Role)
    if role is None:
        raise bad(f"unknown role: {name}")
    found = connection(view, role.db_name)
    allowed(found, name)
    return role, found


def allowed(found: Connection, role: str) -> None:
    """Raises ``Refusal`` unless the connection allows it."""
    if not found.allows(role):
        raise unforeseen(f'"{role}" is not an allowed role')


def _give(call: Call) -> Response:
    made: Made = call.result
    acknowledge(call.view, made.intention)
    user, role = made.user, made.role
    lease = LeaseGrant(
        ttl=role.default_ttl,
        max_ttl=role.max_ttl,
        internal={
            "username": user.name,
            "role": call.data["name"],
            "db_name": role.db_name,
            "revocation_statements": role.revocation,
        },
    )
    return Response(
        {"username": user.name, "password": user.password},
        digests={"username": user.name.encode(), "password": user.password.encode()},
        lease=lease,
    )
