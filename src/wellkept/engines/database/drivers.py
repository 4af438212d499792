"""``Driver``: what the engine wants of a kind of server, and which plug-ins there are."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.form.convert import Unconvertible, to_flag, to_number, to_text
from .failures import DatabaseFailure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from .records import Connection
else:
    Protocol = object

PLUGINS = {
    "postgresql-database-plugin": "postgresql:PostgreSQL",
    "mysql-database-plugin": "mysql:MySQL",
    "mysql-aurora-database-plugin": "mysql:LegacyMySQL",
    "mysql-rds-database-plugin": "mysql:LegacyMySQL",
    "mysql-legacy-database-plugin": "mysql:LegacyMySQL",
    "redis-database-plugin": "redis:Redis",
    "valkey-database-plugin": "redis:Redis",
}
CONNECT_TIMEOUT = 10.0
STATEMENT_TIMEOUT = 30.0
"""Seconds. Together the longest that one call of a driver takes, so that an intention is known to be dead."""


class User(NamedTuple):
    """A user to be made, or changed. ``expires`` in seconds since the epoch, 0 for not at all."""

    name: str
    password: str = ""
    expires: float = 0

    def __repr__(self) -> str:
        return f"<User {self.name!r}>"


class Driver(Protocol):
    """Made of a connection's ``details``; raises ``DatabaseFailure`` from everything.

    ``connect`` gives a session, which the other functions get and ``close`` ends. ``alive`` tells whether an idle
    one is still good. ``username_template`` is the default one.
    """

    username_template: str
    longest_name: int
    """In bytes. A server that cuts names would make another user than the one that is known."""

    verifying: str
    """How a refusal begins where a connection was to be tried."""

    def __init__(self, details: Mapping[str, Any]) -> None: ...

    def connect(self) -> Any: ...

    def close(self, session: Any) -> None: ...

    def alive(self, session: Any) -> bool: ...

    def create(self, session: Any, user: User, statements: list[str]) -> None: ...

    def renew(self, session: Any, user: User, statements: list[str]) -> None: ...

    def drop(self, session: Any, name: str, statements: list[str]) -> None:
        """Whether or not there is such a user."""

    def set_password(
        self, session: Any, user: User, statements: list[str], *, root: bool = False
    ) -> None: ...

    def secrets(self) -> tuple[str, ...]:
        """What must not stand in a text."""


def driver(connection: Connection) -> Driver:
    """For a connection as it stands. Raises ``DatabaseFailure``, ``ConfigError`` where an extra is missing."""
    place = PLUGINS.get(connection.plugin)
    if place is None:
        missing = f"\t* plugin not found in the catalog: {connection.plugin}\n"
        raise DatabaseFailure(f"invalid database version: 2 errors occurred:\n{missing}{missing}\n")
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(f".{module}", __package__), name)
    made: Driver = found(connection.details)
    return made


class Details:
    """A plug-in's settings, converted. All that do not fit are named at once."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        self._details = details
        self._problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return str(self._convert(name, to_text, default))

    def flag(self, name: str) -> bool:
        return bool(self._convert(name, to_flag, False))

    def number(self, name: str, default: int = 0) -> int:
        return int(self._convert(name, to_number, default))

    def check(self) -> None:
        if self._problems:
            listed = "\n".join(self._problems)
            raise DatabaseFailure(f"decoding failed due to the following error(s):\n\n{listed}")

    def _convert(self, name: str, convert: Any, default: Any) -> Any:
        value = self._details.get(name)
        if value is None:
            return default
        try:
            return convert(value, name)
        except Unconvertible as error:
            self._problems.append(str(error))
        return default
