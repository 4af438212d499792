"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from ...errors import ConfigError
from .drivers import CONNECT_TIMEOUT, STATEMENT_TIMEOUT, Details
from .failures import DatabaseFailure
from .statements import Dialect, expand, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .drivers import User

_TOKEN = re.compile(
    r"""
    (?P<comment>--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?!!|M!)(?:(?!\*/).)*\*/)
  | (?P<other>[bBxXnN]'(?:[^'\\]|\\.|'')*')
  | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
  | (?P<quoted>`(?:[^`]|``)*`)
  | (?P<bare>\{\{\w+\}\})
  | (?P<end>;)
  | (?P<odd>/\*(?!!|M!)|['"`])
  | (?P<rest>[\w\x80-\U0010ffff$]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DSN = re.compile(
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?(?P<net>[a-z0-9]+)?(?:\((?P<address>[^)]*)\))?"
    r"/(?P<database>[^?/]*)(?:\?(?P<options>.*))?",
    re.DOTALL,
)
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_MODE = "SET SESSION sql_mode = REPLACE(REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', ''), 'ANSI_QUOTES', '')"
"""Under other modes quotes mean something else than the tokens above take them to mean."""
_REVOKE = ["REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{{name}}'@'%'", "DROP USER IF EXISTS '{{name}}'@'%'"]
_CHANGE = ["ALTER USER '{{username}}'@'%' IDENTIFIED BY '{{password}}';"]
_LOST = frozenset({0, 2006, 2013, 2014, 2055, 4031, 1053, 1927})
_REFUSED = frozenset({1045, 1698})
_STATES = {1045: "28000", 1698: "28000"} | dict.fromkeys(
    (1044, 1049, 1064, 1133, 1141, 1142, 1147, 1227, 1410), "42000"
)
"""SQL's states, which the driver does not tell; for all others it is the general one."""
_NO_GRANT = frozenset({1141, 1147, 1269, 1396})
"""There is no such user, or nothing to take from it."""


class MySQL:
    """See ``drivers.Driver``. Statements that manage users commit by themselves, one by one: what fails halfway is
    undone by the intention."""

    username_template = (
        '{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 10) (.RoleName | truncate 10) (random 20) (unix_time) '
        "| truncate 32 }}"
    )
    longest_name = 320
    verifying = "error verifying - ping"

    def __init__(self, details: Mapping[str, Any]) -> None:
        given = Details(details)
        self._url = given.text("connection_url")
        self._user, self._password = given.text("username"), given.text("password")
        self._ca, self._pair = given.text("tls_ca"), given.text("tls_certificate_key")
        self._server_name, self._unverified = given.text("tls_server_name"), given.flag("tls_skip_verify")
        given.check()
        if not self._url:
            raise DatabaseFailure("connection_url cannot be empty")
        match = _DSN.fullmatch(self._url.removeprefix("mysql://"))
        if match is None:
            raise DatabaseFailure(
                "error verifying - connection: unable to parse connectionURL: it is not of the form "
                "user:password@tcp(host:port)/database"
            )
        self._dsn = match

    def secrets(self) -> tuple[str, ...]:
        return (self._password, self._filled("password"))

    def _filled(self, name: str) -> str:
        values = {"{{username}}": self._user, "{{password}}": self._password}
        return re.sub(
            r"\{\{(?:username|password)\}\}", lambda match: values[match.group()], self._dsn.group(name) or ""
        )

    def connect(self) -> Any:
        pymysql = _pymysql()
        parameters: dict[str, Any] = {
            "user": self._filled("user"),
            "password": self._filled("password"),
            "database": unquote(self._dsn.group("database")) or None,
            "charset": "utf8mb4",
            "autocommit": True,
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": STATEMENT_TIMEOUT,
            "write_timeout": STATEMENT_TIMEOUT,
            "init_command": _MODE,
            "local_infile": False,
        }
        address = self._dsn.group("address") or "127.0.0.1"
        if self._dsn.group("net") == "unix":
            parameters["unix_socket"] = address
        else:
            host, colon, port = address.rpartition(":")
            parameters["host"] = (host if colon and not address.endswith("]") else address).strip("[]")
            parameters["port"] = int(port) if colon and port.isdigit() else 3306
        parameters["ssl"] = self._tls()
        failure: DatabaseFailure | None = None
        try:
            return pymysql.connect(**parameters)
        except Exception as error:
            failure = _told(error)
        raise failure

    def _tls(self) -> Any:
        wanted = (parse_qs(self._dsn.group("options") or "").get("tls") or [""])[0]
        if not (self._ca or self._pair or wanted not in ("", "false")):
            return None
        import ssl

        context = ssl.create_default_context(cadata=self._ca or None)
        if self._unverified or wanted in ("skip-verify", "preferred"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self._pair:
            raise DatabaseFailure("certificates of a client are not supported for MySQL yet")
        return context

    def close(self, session: Any) -> None:
        try:
            session.close()
        except Exception:
            pass

    def alive(self, session: Any) -> bool:
        try:
            session.ping(reconnect=False)
        except Exception:
            return False
        return True

    def create(self, session: Any, user: User, statements: list[str]) -> None:
        self._perform(session, statements, user)

    def renew(self, session: Any, user: User, statements: list[str]) -> None:
        if statements:  # its users do not end by themselves
            self._perform(session, statements, user)

    def set_password(self, session: Any, user: User, statements: list[str], *, root: bool = False) -> None:
        failure: DatabaseFailure | None = None
        try:
            self._perform(session, statements or _CHANGE, user)
            return
        except DatabaseFailure as error:
            failure = DatabaseFailure(f"failed to change password: {error}", lost=error.lost)
        raise failure

    def drop(self, session: Any, name: str, statements: list[str]) -> None:
        from .drivers import User

        if statements:
            self._perform(session, statements, User(name))
            return
        for statement in _REVOKE:
            self._perform(session, [statement], User(name), passing=_NO_GRANT)

    def _perform(
        self, session: Any, statements: list[str], user: User, passing: frozenset[int] = frozenset()
    ) -> None:
        values = {"name": user.name, "username": user.name}
        if user.password:
            values["password"] = user.password
        if user.expires:
            values["expiration"] = time.strftime("%Y-%m-%d %H:%M:%S+0000", time.gmtime(user.expires))
        dialect = _dialect(session)
        texts = [text for each in expand(statements) for text in render(each, values, dialect)]
        failure: DatabaseFailure | None = None
        try:
            with session.cursor() as cursor:
                for text in texts:
                    cursor.execute(text)  # without arguments it goes out as it stands
            return
        except _pymysql().Error as error:
            if _number(error) in passing:
                return
            failure = _told(error)
        raise failure


class LegacyMySQL(MySQL):
    """Where names of users have 16 characters at most."""

    username_template = (
        '{{ printf "v-%s-%s-%s" (.RoleName | truncate 4) (random 20) (unix_time) | truncate 16 }}'
    )


def _pymysql() -> Any:
    try:
        import pymysql
    except ImportError:
        pymysql = None
    if pymysql is None:
        raise ConfigError("MySQL's driver is missing: pip install 'wellkept[mysql]'")
    return pymysql


def _dialect(session: Any) -> Dialect:
    return Dialect(
        token=_TOKEN,
        literal=session.escape,
        identifier=_identifier,
        text=_decoded,
        quoted=lambda token: token[1:-1].replace("``", "`"),
        separate=True,
    )


_identifier: Callable[[str], str] = lambda text: "`" + text.replace("`", "``") + "`"  # noqa: E731
"""The driver has no quoting for identifiers; the server's rule is this one."""


def _decoded(token: str) -> str:
    mark, inner = token[0], token[1:-1]
    return re.sub(
        r"\\(.)|" + mark * 2,
        lambda match: _ESCAPES.get(match.group(1), match.group(1)) if match.group(1) else mark,
        inner,
        flags=re.DOTALL,
    )


def _number(error: Any) -> int:
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def _told(error: Exception) -> DatabaseFailure:
    number = _number(error)
    text = str(error.args[1]) if len(error.args) > 1 else type(error).__name__
    lost = number in _LOST or 2000 <= number < 2100 or type(error).__name__ == "InterfaceError"
    if lost:
        text = f"the connection to the database failed ({type(error).__name__})"
    return DatabaseFailure(
        f"Error {number} ({_STATES.get(number, 'HY000')}): {text}", lost=lost, refused=number in _REFUSED
    )
