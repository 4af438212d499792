"""A user name and a password that belong together, and change together.

Connection pools follow one of these, whether the pair is a static secret that somebody rotates
(``StaticCredential``) or comes from a lease (``loader.leases``); both offer the ``Rotating`` protocol.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import Malformed
from ..secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from .secrets import Secrets


class Credential(NamedTuple):
    """``username`` is ``None`` where the secret holds a password only; the user is then the pool's own affair."""

    username: str | None
    password: Secret


class Pair(Protocol):
    """What a pool needs to know of a credential."""

    @property
    def username(self) -> str | None: ...

    @property
    def password(self) -> Secret: ...


class Rotating(Protocol):
    """A credential that may be another one the next time it is asked for. Safe to share between threads."""

    def current(self) -> Pair:
        """The credential to open a connection with now; from memory where that is possible."""

    def refresh(self, refused: Any = None) -> Pair:
        """A newer one than ``refused``, which ``current`` gave and a service did not take: what is held by now if
        it differs, else read again. One flight, however many ask."""

    def on_change(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``callback`` after each change; returns what ends that."""


class StaticCredential:
    """The credential that a secret holds.

    The secret ``name`` is a JSON object with ``username`` (or ``user``) and ``password``, as the cloud services'
    rotations write it; or a URL with a user and a password in it; or a password alone, which then goes with
    ``username``. Raises what ``Secrets.get`` raises, and ``Malformed`` for an object without a password.
    """

    def __init__(self, secrets: Secrets, name: str, *, username: str | None = None) -> None:
        self._secrets = secrets
        self._name = name
        self._username = username

    def current(self) -> Credential:
        return self._parse(self._secrets.get(self._name))

    def refresh(self, refused: Any = None) -> Credential:
        if refused is not None:
            held = self.current()
            if (held.username, held.password) != (refused.username, refused.password):
                return held
        self._secrets.refresh(self._name)
        return self.current()

    def on_change(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        return self._secrets.on_change(self._name, callback)

    def __repr__(self) -> str:
        return f"<StaticCredential {self._name!r}>"

    def _parse(self, secret: Secret) -> Credential:
        text = secret.reveal()
        if text.startswith("{"):
            return self._from_object(secret, text)
        if "://" in text and "@" in text:
            from urllib.parse import unquote, urlsplit

            parts = urlsplit(text)
            if parts.password is not None:
                user = unquote(parts.username) if parts.username else self._username
                return Credential(user, self._derived(secret, unquote(parts.password)))
        return Credential(self._username, secret)

    def _from_object(self, secret: Secret, text: str) -> Credential:
        try:
            fields = json.loads(text)
        except ValueError:
            return Credential(self._username, secret)  # a password may well begin with a brace
        password = fields.get("password")
        if not isinstance(password, str):
            raise Malformed(
                f"secret {self._name!r} is a JSON object without a text field 'password'",
                name=self._name,
                source=secret.source,
            )
        username = fields.get("username", fields.get("user", self._username))
        return Credential(username, self._derived(secret, password))

    @staticmethod
    def _derived(secret: Secret, password: str) -> Secret:
        return Secret(password, name=f"{secret.name}#password", version=secret.version, source=secret.source)
