"""``config/NAME``, ``reset/NAME``, ``rotate-root/NAME``: the servers, and the accounts by which they are managed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.form import Field, Op, Route, bad, unforeseen
from ...core.form.route import part
from ...core.refusal import Refusal, one_error
from ...core.request import Response
from .drivers import User, driver
from .failures import DatabaseFailure, without
from .intentions import Intention, abandon, acknowledge, state
from .passwords import new
from .pool import Pool
from .records import CONFIG, Connection, connection, load, store
from .urls import holds_password, shown_details
from .usernames import Template

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .engine import Host

FIELDS = {
    "name": Field(clear=True),
    "plugin_name": Field(clear=True),
    "plugin_version": Field(clear=True),
    "verify_connection": Field("bool", default=True, clear=True),
    "allowed_roles": Field("strings", clear=True),
    "root_rotation_statements": Field("texts"),
    "password_policy": Field(clear=True),
}
_NAME = {"name": Field(clear=True)}
_IN_URL = (
    "Password found in connection_url, use a templated url to enable root rotation and prevent read access to "
    "password information."
)


class Connections:
    """The handlers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(r"config/?", {}, {"list": _list}),
            Route(
                f"config/{part('name')}",
                FIELDS,
                {"read": _read, "update": Op(_write, outside=self._try), "delete": _delete},
                exists=lambda call: call.view.get(CONFIG + call.data["name"]) is not None,
            ),
            Route(f"reset/{part('name')}", _NAME, {"update": Op(_reset)}),
            Route(
                f"rotate-root/{part('name')}",
                _NAME,
                {"update": Op(self._rotated, outside=self._rotate)},
            ),
        )

    def _try(self, call: Call) -> None:
        """Whether the settings are any good: before they are stored, and by connecting where that is wanted."""
        merged = self._host.read(lambda view: _merged(call, view))
        failure = ""
        try:
            _check(merged)
            if call.data["verify_connection"]:
                pool = Pool(merged)
                try:
                    pool.use(lambda driver, session: None)
                except DatabaseFailure as error:
                    failure = f"{pool.driver.verifying}: {error}"
                finally:
                    pool.close()
        except DatabaseFailure as error:
            failure = without(str(error), _secrets(merged))
        if failure:
            raise bad(f"error creating database object: {failure}")

    def _rotate(self, call: Call) -> tuple[str, str]:
        """Give the connection's account a new password; the intention's identifier, and the password."""
        name: str = call.data["name"]
        found = self._host.read(lambda view: connection(view, name))
        account = _account(found)
        password = new(self._host.storage, found.password_policy)
        intention = Intention("root", name, account, password=password)
        now = self._host.clock.time()
        identifier = self._host.write(lambda view: state(view, intention, now))
        done = False
        try:
            self._host.on(
                found,
                lambda driver, session: driver.set_password(
                    session, User(account, password), found.root_statements, root=True
                ),
                password,
                prefix="failed to update user: ",
            )
            self._verify(found, password)
            done = True
        finally:
            if not done:
                self._host.write(lambda view: abandon(view, identifier, self._host.clock.time()))
        return identifier, password

    def _verify(self, found: Connection, password: str) -> None:
        """That the new one is in force: a server that says so and lies is caught before the old one is forgotten."""
        changed = with_password(found, password)
        pool = Pool(changed)
        failure = ""
        try:
            pool.use(lambda driver, session: None, password)
        except DatabaseFailure as error:
            failure = str(error)
        finally:
            pool.close()
        if failure:
            raise Refusal(500, one_error(f"the server took a new password and does not accept it: {failure}"))

    def _rotated(self, call: Call) -> None:
        identifier, password = call.result
        acknowledge(call.view, identifier)
        found = connection(call.view, call.data["name"])
        store(call.view, CONFIG, found.name, with_password(found, password))


def with_password(found: Connection, password: str) -> Connection:
    """The same connection, by another password."""
    return Connection(
        found.plugin,
        {**found.details, "password": password},
        found.allowed_roles,
        found.root_statements,
        found.password_policy,
        found.plugin_version,
        found.name,
    )


def _account(found: Connection) -> str:
    for name in ("username", "password"):
        if not isinstance(found.details.get(name), str) or not found.details[name]:
            raise unforeseen(f"unable to rotate root credentials: no {name} in configuration")
    return str(found.details["username"])


def _check(merged: Connection) -> None:
    """Raises ``DatabaseFailure``."""
    made = driver(merged)
    template = merged.details.get("username_template") or made.username_template
    if not isinstance(template, str):
        raise DatabaseFailure("failed to retrieve username_template: it is no text")
    Template(template).make({"DisplayName": "", "RoleName": ""})


def _secrets(found: Connection) -> list[str]:
    return [value for name, value in found.details.items() if "password" in name and isinstance(value, str)]


def _merged(call: Call, view: View) -> Connection:
    """What is stored, with what is given over it. Raises ``Refusal``."""
    data = call.data
    found = load(view, CONFIG, data["name"], Connection) or Connection("", name=data["name"])
    if "plugin_name" in data:
        found.plugin = data["plugin_name"]
    if not found.plugin:
        raise bad("empty plugin name")
    for name, attribute in (
        ("plugin_version", "plugin_version"),
        ("allowed_roles", "allowed_roles"),
        ("root_rotation_statements", "root_statements"),
        ("password_policy", "password_policy"),
    ):
        if name in data:
            setattr(found, attribute, data[name])
    given = {name: value for name, value in data.raw.items() if name not in FIELDS}
    found.details = {**found.details, **given}
    return found


def _write(call: Call) -> Response | None:
    merged = _merged(call, call.view)
    store(call.view, CONFIG, merged.name, merged)
    url = merged.details.get("connection_url")
    if isinstance(url, str) and holds_password(url):
        return Response(warnings=(_IN_URL,))
    return None


def _read(call: Call) -> Response | None:
    found = load(call.view, CONFIG, call.data["name"], Connection)
    if found is None:
        return None
    return Response(
        {
            "plugin_name": found.plugin,
            "plugin_version": found.plugin_version,
            "connection_details": shown_details(found.details),
            "allowed_roles": found.allowed_roles,
            "root_credentials_rotate_statements": found.root_statements,
            "password_policy": found.password_policy,
        }
    )


def _delete(call: Call) -> None:
    call.view.delete(CONFIG + call.data["name"])


def _list(call: Call) -> Response | None:
    names = call.view.list(CONFIG)
    return Response({"keys": names}) if names else None


def _reset(call: Call) -> None:
    """Written again it has another revision, and every process makes its sessions anew."""
    found = connection(call.view, call.data["name"])
    store(call.view, CONFIG, found.name, found)
