"""How one becomes somebody: the login methods, each of which says what to send, read anew every time.

A method reads its credentials at the moment of a login, never before: files that an agent or Kubernetes
replaces, variables, GitHub's token service. So a login after the first uses what is there then.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ...errors import ConfigError, Denied
from .options import variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Options

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
HOME_TOKEN = "~/.vault-token"  # noqa: S105 - a path; OpenBao's program uses it as well
MAX_CREDENTIAL = 64 * 1024


class Attempt(NamedTuple):
    """What to do to have a token: use ``token``; or post ``body`` to ``path`` and take the one that comes.

    ``sent`` are the strings that must not be repeated to anybody.
    """

    token: str
    path: str = ""
    body: dict[str, Any] | None = None
    sent: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Attempt {self.path or 'with a token'}>"


class Method(Protocol):
    """A way to log in."""

    kind: str

    def attempt(self, deadline: float) -> Attempt:
        """Read the credentials. Raises ``Denied`` that names where none was found."""


def choose(options: Options) -> Method:
    """The method that the URL names, or that the environment's variables belong to."""
    auth = options.auth
    if not auth and not (options.token_file or variable("TOKEN") or variable("TOKEN_FILE")):
        auth = "approle" if options.role_id_file or variable("ROLE_ID") else ""
    if auth in ("", "token"):
        return StaticToken(options)
    if auth == "approle":
        return AppRole(options)
    if auth in ("userpass", "ldap"):
        return UserPass(auth, options)
    if auth == "cert":
        return Certificate(options)
    return Jwt(auth, options)


class StaticToken:
    """A token that somebody else made: ``token_file=``, ``VAULT_TOKEN``, ``VAULT_TOKEN_FILE``, ``~/.vault-token``."""

    kind = "token"

    def __init__(self, options: Options) -> None:
        self._options = options

    def attempt(self, deadline: float) -> Attempt:
        named = self._options.token_file
        token = "" if named else variable("TOKEN")
        path = named or variable("TOKEN_FILE") or os.path.expanduser(HOME_TOKEN)
        token = token or _read(path) or ""
        if not token:
            raise Denied(
                f"{self._options.printable}: no token: VAULT_TOKEN (or BAO_TOKEN) is not set and {path} "
                "cannot be read; set one, or name a login with auth=",
                source=self._options.printable,
            )
        return Attempt(token, sent=(token,))


class AppRole:
    """A role ID and a secret ID: ``VAULT_ROLE_ID`` and ``VAULT_SECRET_ID``, or the same with ``_FILE``."""

    kind = "approle"

    def __init__(self, options: Options) -> None:
        self._options = options

    def attempt(self, deadline: float) -> Attempt:
        options = self._options
        role = options.role or _file_or_variable(options, options.role_id_file, "ROLE_ID", "role_id_file")
        body = {"role_id": role}
        if options.secret_id_file or variable("SECRET_ID"):  # a role may do without (bind_secret_id=false)
            body["secret_id"] = _file_or_variable(
                options, options.secret_id_file, "SECRET_ID", "secret_id_file"
            )
        mount = options.auth_mount or "approle"
        return Attempt("", f"auth/{mount}/login", body, tuple(body.values()))


class UserPass:
    """A user name (``user=`` or ``VAULT_USERNAME``) and a password (``VAULT_PASSWORD`` or ``_FILE``); LDAP too."""

    def __init__(self, kind: str, options: Options) -> None:
        self.kind = kind
        self._options = options
        if not options.user:
            raise ConfigError(f"{options.printable}: auth={kind} needs user= or VAULT_USERNAME")
        if any(part in ("", ".", "..") for part in options.user.split("/")):
            raise ConfigError(f"{options.printable}: the user's name is not acceptable")

    def attempt(self, deadline: float) -> Attempt:
        options = self._options
        password = _file_or_variable(options, options.password_file, "PASSWORD", "password_file")
        path = f"auth/{options.auth_mount or self.kind}/login/{options.user}"
        return Attempt("", path, {"password": password}, (password,))


class Certificate:
    """The client certificate of the TLS connection itself."""

    kind = "cert"

    def __init__(self, options: Options) -> None:
        self._options = options
        if not options.client_cert or not options.tls:
            raise ConfigError(
                f"{options.printable}: auth=cert needs TLS and client_cert= or VAULT_CLIENT_CERT"
            )

    def attempt(self, deadline: float) -> Attempt:
        body = {"name": self._options.role} if self._options.role else {}
        return Attempt("", f"auth/{self._options.auth_mount or 'cert'}/login", body)


class Jwt:
    """A signed token of the platform: Kubernetes' service account, a file, a variable, GitHub Actions."""

    def __init__(self, kind: str, options: Options) -> None:
        self.kind = kind
        self._options = options
        if kind == "kubernetes" and not options.role:
            raise ConfigError(f"{options.printable}: auth=kubernetes needs role=")

    def attempt(self, deadline: float) -> Attempt:
        options = self._options
        jwt = self._jwt(deadline)
        body = {"jwt": jwt}
        if options.role:
            body["role"] = options.role
        return Attempt("", f"auth/{options.auth_mount or self.kind}/login", body, (jwt,))

    def _jwt(self, deadline: float) -> str:
        options = self._options
        if options.jwt_env:
            jwt = os.environ.get(options.jwt_env, "").strip()
            sought = f"the variable {options.jwt_env} is not set"
        elif options.jwt_file or self.kind == "kubernetes":
            path = options.jwt_file or SERVICE_ACCOUNT
            jwt = _read(path) or ""
            sought = f"{path} cannot be read"
        else:
            from .github import fetch_token

            return fetch_token(options.printable, options.audience, deadline)
        if not jwt:
            raise Denied(f"{options.printable}: no JWT to log in with: {sought}", source=options.printable)
        return jwt


class Wrapped:
    """``method``, whose token or secret ID is a wrapping token: ``unwrap`` it first.

    A wrapping token can be used once; so what was in it is remembered for as long as the same one is given.
    """

    def __init__(self, method: Method, unwrap: Callable[[str, float], str]) -> None:
        self.kind = method.kind
        self._method = method
        self._unwrap = unwrap
        self._outside = self._inside = ""

    def attempt(self, deadline: float) -> Attempt:
        attempt = self._method.attempt(deadline)
        if attempt.token:
            token = self._content(attempt.token, deadline)
            return Attempt(token, sent=(token,))
        body = dict(attempt.body or {})
        if "secret_id" in body:
            body["secret_id"] = self._content(body["secret_id"], deadline)
        return attempt._replace(body=body, sent=tuple(body.values()))

    def _content(self, wrapping: str, deadline: float) -> str:
        if wrapping != self._outside:
            self._inside = self._unwrap(wrapping, deadline)
            self._outside = wrapping
        return self._inside


def _file_or_variable(options: Options, path: str, name: str, option: str) -> str:
    """What the file holds, or the variable where no file is named. Raises ``Denied``."""
    value = (_read(path) if path else variable(name)) or ""
    if not value:
        sought = f"{path} cannot be read" if path else f"VAULT_{name} is not set and {option}= not given"
        raise Denied(f"{options.printable}: nothing to log in with: {sought}", source=options.printable)
    return value


def _read(path: str) -> str | None:
    """A small text file without the white space around it; ``None`` when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_CREDENTIAL + 1)
    except (OSError, UnicodeDecodeError):
        return None
    return text.strip() if len(text) <= MAX_CREDENTIAL else None
