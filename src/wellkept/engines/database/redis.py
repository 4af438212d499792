"""Redis and Valkey, by redis-py: users of their access control lists.

Statements are rules, a list in JSON: ``["~app:*", "+@read"]``. There is nothing to quote: the protocol sends every
argument with its length.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .drivers import CONNECT_TIMEOUT, STATEMENT_TIMEOUT, Details
from .failures import DatabaseFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .drivers import User

_DEFAULT = ["~*", "+@read"]
_SETTERS = (">", "<", "#", "!")
"""Rules that set passwords are the engine's own; these and "nopass" would make users that it does not know."""
_FORBIDDEN = frozenset({"nopass", "resetpass", "reset"})


class Redis:
    """See ``drivers.Driver``."""

    username_template = (
        '{{ printf "V_%s_%s_%s_%s" (.DisplayName | uppercase | truncate 64) (.RoleName | uppercase | truncate 64) '
        "(random 20 | uppercase) (unix_time) | truncate 128 }}"
    )
    longest_name = 1024
    verifying = "error verifying connection"

    def __init__(self, details: Mapping[str, Any]) -> None:
        given = Details(details)
        self._host, self._port = given.text("host"), given.number("port")
        self._user, self._password = given.text("username"), given.text("password")
        self._tls, self._unverified = given.flag("tls"), given.flag("insecure_tls")
        self._ca = given.text("ca_cert")
        self._persistence = given.text("persistence_mode").upper()
        given.check()
        for name, value in (
            ("host", self._host),
            ("port", self._port),
            ("username", self._user),
            ("password", self._password),
        ):
            if not value:
                raise DatabaseFailure(f"{name} cannot be empty")
        if self._tls and not self._ca:
            raise DatabaseFailure("ca_cert cannot be empty")

    def secrets(self) -> tuple[str, ...]:
        return (self._password,)

    def connect(self) -> Any:
        redis = _redis()
        parameters: dict[str, Any] = {
            "host": self._host,
            "port": self._port,
            "username": self._user,
            "password": self._password,
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "socket_timeout": STATEMENT_TIMEOUT,
            "single_connection_client": True,
            "decode_responses": True,
            "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        }
        if self._tls:
            parameters |= {"ssl": True, "ssl_ca_data": self._ca or None}
            if self._unverified:
                parameters |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}

        def connect() -> Any:
            session = redis.Redis(**parameters)
            session.ping()
            return session

        return self._guard(connect)

    def close(self, session: Any) -> None:
        try:
            session.close()
        except Exception:
            pass

    def alive(self, session: Any) -> bool:
        try:
            session.ping()
        except Exception:
            return False
        return True

    def create(self, session: Any, user: User, statements: list[str]) -> None:
        rules = _rules(statements) if any(text.strip() for text in statements) else _DEFAULT
        self._set(session, user, "reset", "on", *rules)

    def renew(self, session: Any, user: User, statements: list[str]) -> None:
        """Its users do not end by themselves."""

    def set_password(self, session: Any, user: User, statements: list[str], *, root: bool = False) -> None:
        known = self._guard(lambda: session.execute_command("ACL", "GETUSER", user.name))
        if not known:
            raise DatabaseFailure(f"changeUserPassword for user {user.name} failed: user not found")
        self._set(session, user, "resetpass")

    def drop(self, session: Any, name: str, statements: list[str]) -> None:
        _check(name)
        self._guard(lambda: session.execute_command("ACL", "DELUSER", name))
        self._persist(session)

    def _set(self, session: Any, user: User, *rules: str) -> None:
        _check(user.name)
        self._guard(lambda: session.execute_command("ACL", "SETUSER", user.name, *rules, f">{user.password}"))
        self._persist(session)

    def _persist(self, session: Any) -> None:
        if self._persistence == "ACLFILE":
            self._guard(lambda: session.execute_command("ACL", "SAVE"))
        elif self._persistence == "REWRITE":
            self._guard(lambda: session.execute_command("CONFIG", "REWRITE"))

    @staticmethod
    def _guard(action: Callable[[], Any]) -> Any:
        errors = _redis().exceptions
        failure: DatabaseFailure | None = None
        try:
            return action()
        except errors.AuthenticationError:
            failure = DatabaseFailure("the server refused the username and password", lost=True, refused=True)
        except (errors.ConnectionError, errors.TimeoutError, OSError) as error:
            failure = DatabaseFailure(
                f"the connection to the server failed ({type(error).__name__})", lost=True
            )
        except errors.RedisError as error:
            failure = DatabaseFailure(f"response returned from Conn: ERR {error}")
        except UnicodeEncodeError:
            failure = DatabaseFailure("what is sent may not hold half of a character")
        raise failure


def _rules(statements: list[str]) -> list[str]:
    """What is no list in JSON is one rule. Raises ``DatabaseFailure`` for one that would set a password."""
    found: list[str] = []
    for text in filter(str.strip, statements):
        parsed: Any = None
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            pass  # a rule as it stands
        listed = isinstance(parsed, list) and all(isinstance(rule, str) for rule in parsed)
        found += parsed if listed else [text.strip()]
    for rule in found:
        if rule.startswith(_SETTERS) or rule.lower() in _FORBIDDEN or "\0" in rule:
            raise DatabaseFailure("a rule may not set a password: that is what the engine does")
    return found


def _check(name: str) -> None:
    if not name or any(letter.isspace() or letter == "\0" for letter in name):
        raise DatabaseFailure("a user's name may not hold spaces or NUL")


def _redis() -> Any:
    try:
        import redis
        import redis.backoff
        import redis.retry
    except ImportError:
        redis = None  # type: ignore[assignment]
    if redis is None:
        raise ConfigError("the driver of Redis is missing: pip install 'wellkept[redis]'")
    return redis
