"""PostgreSQL, by psycopg."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .drivers import CONNECT_TIMEOUT, STATEMENT_TIMEOUT, Details
from .failures import DatabaseFailure
from .statements import Dialect, expand, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg

    from .drivers import User

_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*(?:(?!/\*|\*/).)*\*/)
  | (?P<other>[eE]'(?:[^'\\]|\\.|'')*'|[uU]&'(?:[^']|'')*'|[uU]&"(?:[^"]|"")*"|[bBxX]'[^']*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<body>\$(?P<tag>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$.*?\$(?(tag)(?P=tag))\$)
  | (?P<bare>\{\{\w+\}\})
  | (?P<end>;)
  | (?P<odd>/\*|['"])
  | (?P<rest>[\w\x80-\U0010ffff$]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CHANGE = "ALTER ROLE \"{{username}}\" WITH PASSWORD '{{password}}';"
_EXPIRATION = "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}';"
_GRANTED = """
SELECT current_database(), d.refobjid, n.nspname
FROM pg_roles r
LEFT JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'a'
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
LEFT JOIN pg_namespace n ON n.oid = CASE WHEN d.classid = 'pg_namespace'::regclass THEN d.objid ELSE c.relnamespace END
WHERE r.rolname = %s
GROUP BY 2, 3
"""
"""One row at least when there is such a role; one for each schema in which it was granted anything. The catalogue that
PostgreSQL itself asks before it drops a role, by its index; the views of information_schema look at every column."""
_KINDS = ("password", "scram-sha-256")
_NOT_THE_PASSWORD = frozenset({"28P01", "28000"})


class PostgreSQL:
    """See ``drivers.Driver``. A user is made in one transaction: it is there as a whole, or not at all."""

    username_template = (
        '{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) '
        "| truncate 63 }}"
    )
    longest_name = 63
    verifying = "error verifying connection"

    def __init__(self, details: Mapping[str, Any]) -> None:
        given = Details(details)
        self._url = given.text("connection_url")
        self._user, self._password = given.text("username"), given.text("password")
        self._kind = given.text("password_authentication", "password") or "password"
        self._certificates = {
            "sslrootcert": given.text("tls_ca"),
            "sslcert": given.text("tls_certificate"),
            "sslkey": given.text("private_key"),
        }
        given.check()
        if not self._url:
            raise DatabaseFailure("connection_url cannot be empty")
        if re.search(r"\{\{(username|password)\}\}", self._user + self._password):
            raise DatabaseFailure("username and/or password cannot contain the template variables")
        if self._kind not in _KINDS:
            raise DatabaseFailure(f"'{self._kind}' is not a valid password authentication type")
        if any(self._certificates.values()):
            raise DatabaseFailure(
                "certificates are given as files, in connection_url: sslrootcert, sslcert, sslkey"
            )

    def secrets(self) -> tuple[str, ...]:
        return (self._password, str(self._parameters().get("password") or ""))

    def _parameters(self) -> dict[str, Any]:
        """What to connect with: the URL is read before the values are put in, so none can change its meaning."""
        from psycopg.conninfo import conninfo_to_dict

        try:
            found: dict[str, Any] = dict(conninfo_to_dict(self._url))
        except _psycopg().Error:
            found = {}
        if not found:
            raise DatabaseFailure("connection_url cannot be parsed")
        values = {"{{username}}": self._user, "{{password}}": self._password}
        for name, value in found.items():
            if isinstance(value, str) and "{{" in value:
                found[name] = re.sub(
                    r"\{\{(?:username|password)\}\}", lambda match: values[match.group()], value
                )
        return found

    def connect(self) -> psycopg.Connection[Any]:
        parameters = self._parameters()
        parameters.setdefault("application_name", "wellkept")
        parameters["client_encoding"] = "utf8"
        parameters.setdefault("connect_timeout", int(CONNECT_TIMEOUT))
        failure: DatabaseFailure | None = None
        try:
            session: psycopg.Connection[Any] = _psycopg().connect(
                **parameters, autocommit=True, prepare_threshold=None
            )
            session.execute(
                f"SET statement_timeout = {int(STATEMENT_TIMEOUT * 1000)}; SET standard_conforming_strings = on"
            )
            return session
        except Exception as error:
            failure = _not_connected(error, parameters)
        raise failure

    def close(self, session: psycopg.Connection[Any]) -> None:
        try:
            session.close()
        except Exception:
            pass

    def alive(self, session: psycopg.Connection[Any]) -> bool:
        try:
            session.execute("SELECT 1")
        except Exception:
            return False
        return True

    def create(self, session: psycopg.Connection[Any], user: User, statements: list[str]) -> None:
        self._perform(session, statements, user)

    def renew(self, session: psycopg.Connection[Any], user: User, statements: list[str]) -> None:
        self._perform(session, statements or [_EXPIRATION], user, prefix="")

    def set_password(
        self, session: psycopg.Connection[Any], user: User, statements: list[str], *, root: bool = False
    ) -> None:
        failure: DatabaseFailure | None = None
        try:
            self._perform(session, statements or [_CHANGE], user)
            return
        except DatabaseFailure as error:
            failure = DatabaseFailure(f"1 error occurred:\n\t* {error}\n\n", lost=error.lost)
        raise failure

    def drop(self, session: psycopg.Connection[Any], name: str, statements: list[str]) -> None:
        from .drivers import User

        if statements:
            self._perform(session, statements, User(name), prefix="")
            return
        self._guard(session, lambda: self._remove(session, name))

    def _remove(self, session: psycopg.Connection[Any], name: str) -> None:
        """All that it was granted must go first. All at once where that works, else as much as can be."""
        found = session.execute(_GRANTED, (name,)).fetchall()
        if not found:
            return
        from psycopg import sql

        role, database = sql.Identifier(name), sql.Identifier(found[0][0])
        revoking: list[sql.Composed] = []
        for _, granted, schema in found:
            if granted is None:
                continue
            if schema is None:
                revoking.append(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, role))
                continue
            inside = sql.Identifier(schema)
            revoking += (
                sql.SQL("REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA {} FROM {}").format(inside, role),
                sql.SQL("REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA {} FROM {}").format(inside, role),
                sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(inside, role),
            )
        dropping = sql.SQL("DROP ROLE IF EXISTS {}").format(role)
        try:
            session.execute(sql.SQL("; ").join([*revoking, dropping]))
            return
        except _psycopg().Error:
            if session.closed:
                raise
        for one in revoking:
            try:
                session.execute(one)
            except _psycopg().Error:
                if session.closed:
                    raise
        session.execute(dropping)

    def _perform(
        self,
        session: psycopg.Connection[Any],
        statements: list[str],
        user: User,
        prefix: str = "failed to execute query: ",
    ) -> None:
        """All of ``statements`` in one transaction."""
        values = {"name": user.name, "username": user.name}
        if user.password:
            values["password"] = self._hashed(session, user)
        if user.expires:
            values["expiration"] = time.strftime("%Y-%m-%d %H:%M:%S+0000", time.gmtime(user.expires))
        dialect = _dialect(session)
        texts = [text for each in expand(statements) for text in render(each, values, dialect)]

        def perform() -> None:
            session.execute("BEGIN")
            try:
                for text in texts:
                    # Without parameters it goes out as it stands, whatever is in it: no placeholder is looked for.
                    session.execute(text.encode())
                session.execute("COMMIT")
            except BaseException:
                if not session.closed:
                    session.execute("ROLLBACK")
                raise

        self._guard(session, perform, prefix)

    def _hashed(self, session: psycopg.Connection[Any], user: User) -> str:
        if self._kind == "password":
            return user.password
        made = session.pgconn.encrypt_password(user.password.encode(), user.name.encode(), b"scram-sha-256")
        return made.decode()

    @staticmethod
    def _guard(session: psycopg.Connection[Any], action: Callable[[], None], prefix: str = "") -> None:
        failure: DatabaseFailure | None = None
        try:
            action()
            return
        except _psycopg().Error as error:
            failure = DatabaseFailure(prefix + _told(error), lost=session.closed)
        raise failure


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError:
        psycopg = None  # type: ignore[assignment]
    if psycopg is None:
        raise ConfigError("PostgreSQL's driver is missing: pip install 'wellkept[postgres]'")
    return psycopg


def _dialect(session: psycopg.Connection[Any]) -> Dialect:
    from psycopg import sql

    return Dialect(
        token=_TOKEN,
        literal=lambda text: sql.Literal(text).as_string(session),
        identifier=lambda text: sql.Identifier(text).as_string(session),
        text=lambda token: token[1:-1].replace("''", "'"),
        quoted=lambda token: token[1:-1].replace('""', '"'),
        separate=False,
    )


def _told(error: Any) -> str:
    diagnosis = error.diag
    if diagnosis.sqlstate is None:
        return f"the connection to the database failed ({type(error).__name__})"
    return f"{diagnosis.severity}: {diagnosis.message_primary} (SQLSTATE {diagnosis.sqlstate})"


def _not_connected(error: Exception, parameters: Mapping[str, Any]) -> DatabaseFailure:
    whom = f"failed to connect to `user={parameters.get('user', '')} database={parameters.get('dbname', '')}`"
    text = str(error)
    reason = text.rpartition("FATAL:")[2] if "FATAL:" in text else text.rpartition("failed:")[2]
    refused = "authentication failed" in text or getattr(error, "sqlstate", None) in _NOT_THE_PASSWORD
    return DatabaseFailure(f"{whom}: {' '.join(reason.split())}", lost=True, refused=refused)
