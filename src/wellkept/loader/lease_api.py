"""What a lease says to the server: issue, renew, revoke; and how its answers are to be understood."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, Malformed, NotFound
from ..redaction import known
from ..secret import Secret
from ..sources.vault.answers import parse, sort_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..sources.vault.http1 import Answer
    from ..sources.vault.session import Session

PUBLIC_FIELDS = frozenset({"username", "user", "access_key", "arn", "rotation_period", "last_vault_rotation"})
"""Fields that say who one is, not what proves it; logs may show them."""


class Credentials:
    """Issued credentials. ``username`` is ``None`` where the engine gives none; ``fields`` holds all it gave.

    ``expires``: when they stop being good unless renewed, in seconds since the epoch. Prints without values.
    """

    __slots__ = ("expires", "fields", "lease_id", "name")

    def __init__(self, name: str, fields: Mapping[str, Secret], lease_id: str, expires: float) -> None:
        self.name = name
        self.fields = fields
        self.lease_id = lease_id
        self.expires = expires

    @property
    def username(self) -> str | None:
        user = self.fields.get("username") or self.fields.get("user")
        return None if user is None else user.reveal()

    @property
    def password(self) -> Secret:
        """The password. Raises ``NotFound``, naming the fields there are, where the engine gives none."""
        return self.field("password")

    def field(self, key: str) -> Secret:
        """One field, as ``access_key`` or ``secret_key`` of the AWS engine. Raises ``NotFound``."""
        found = self.fields.get(key)
        if found is None:
            there = ", ".join(sorted(self.fields)) or "none"
            raise NotFound(
                f"the credentials of {self.name!r} have no field {key!r}; there are: {there}", name=self.name
            )
        return found

    def __repr__(self) -> str:
        return f"<Credentials {self.name!r} of {self.username!r}>"


class Grant(NamedTuple):
    """Time granted by the server: ``seconds``, from the moment it was asked; ``capped``: a maximum is near."""

    seconds: float
    renewable: bool
    capped: bool = False


class Issued(NamedTuple):
    """New credentials' ``fields`` and their lease. A static role's have no lease (``lease_id`` is empty): the server
    changes their password itself when ``grant.seconds`` are over."""

    fields: dict[str, Secret]
    lease_id: str
    grant: Grant


class LeaseApi:
    """Calls on ``session`` for the credentials at ``path``. Raises what the session raises, and sorted errors."""

    def __init__(self, session: Session, path: str, body: Mapping[str, Any] | None) -> None:
        self._session = session
        self._path = path
        self._body = None if body is None else dict(body)
        self.source = session.source

    def issue(self, seconds: float) -> Issued:
        """New credentials, within ``seconds``. Never sent twice: each answer is a user in some database."""
        method = "GET" if self._body is None else "POST"
        answer = self._call(method, self._path, self._body, seconds)
        what = f"issuing credentials at {self._path!r}"
        if answer.status == 400 and b"unknown role" in answer.body:
            raise NotFound(
                f"{self.source}: {what}: there is no such role", name=self._path, source=self.source
            )
        if answer.status != 200:
            raise sort_failure(answer, what, name=self._path, source=self.source)
        parsed = parse(answer, what, name=self._path, source=self.source)
        data, lease_id = parsed.get("data"), parsed.get("lease_id")
        if not isinstance(data, dict) or not isinstance(lease_id, str):
            raise Malformed(
                f"{self.source}: {what}: the answer holds none", name=self._path, source=self.source
            )
        duration, renewable = parsed.get("lease_duration"), parsed.get("renewable") is True
        if not lease_id:
            duration, renewable = data.get("ttl") if "rotation_period" in data else None, False
        if (
            isinstance(duration, bool)
            or not isinstance(duration, int | float)
            or (duration <= 0 and lease_id)
        ):
            raise ConfigError(f"{self.source}: what {self._path!r} answers is not leased; read it with get()")
        return Issued(self._secrets(data), lease_id, Grant(float(duration), renewable))

    def renew(self, lease_id: str, ttl: float, seconds: float) -> Grant | None:
        """More time for ``lease_id``, of ``ttl`` seconds if it may be; ``None``: the server knows it no more.

        A server that does not allow it grants nothing (0 seconds).
        """
        body = {"lease_id": lease_id, "increment": int(ttl)}
        answer = self._call("PUT", "sys/leases/renew", body, seconds)
        if answer.status in (401, 403) or (answer.status == 400 and b"not renewable" in answer.body):
            return Grant(0.0, False, capped=True)
        if answer.status in (400, 404):
            return None
        what = f"renewing the lease of {self._path!r}"
        if answer.status != 200:
            raise sort_failure(answer, what, name=self._path, source=self.source)
        parsed = parse(answer, what, name=self._path, source=self.source)
        granted = parsed.get("lease_duration")
        if isinstance(granted, bool) or not isinstance(granted, int | float):
            raise Malformed(
                f"{self.source}: {what}: the answer holds no time", name=self._path, source=self.source
            )
        if granted < ttl or "max_ttl" in str(parsed.get("warnings")):
            # Seconds are rounded up: what is left may be one less.
            return Grant(max(float(granted) - 1.0, 0.0), parsed.get("renewable") is True, capped=True)
        return Grant(float(granted), parsed.get("renewable") is True)

    def revoke(self, lease_id: str, seconds: float) -> None:
        """Give ``lease_id`` back. Raises ``Denied`` where the policy does not allow it: then it runs out by itself."""
        answer = self._call("PUT", "sys/leases/revoke", {"lease_id": lease_id}, seconds)
        if answer.status not in (200, 202, 204, 400, 404):  # 400, 404: it is gone already
            raise sort_failure(
                answer, f"revoking the lease of {self._path!r}", name=self._path, source=self.source
            )

    def _call(self, method: str, path: str, body: Any, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        return self._session.call(method, path, body, deadline=deadline, again=path != self._path)

    def _secrets(self, data: dict[str, Any]) -> dict[str, Secret]:
        import json

        fields: dict[str, Secret] = {}
        for key, value in data.items():
            if value is None:
                continue
            text = value if isinstance(value, str) else json.dumps(value)
            fields[key] = Secret(text, name=f"{self._path}#{key}", source=self.source)
            if key not in PUBLIC_FIELDS and isinstance(value, str):
                known.remember(fields[key])
        return fields
