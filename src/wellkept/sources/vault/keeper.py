"""Keeps one good token: logs in, renews, replaces; one thread at a time, the others use what is still good.

When the server refuses a token that has died, there is one new login however many threads were refused: the
token's number tells who came late.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import ConfigError, Denied, Malformed, SecretError, Transient, Unavailable
from ...redaction import known
from ...secret import Secret
from . import answers, login
from .token import UNKNOWN_FOR, Token, acceptable, header

if TYPE_CHECKING:
    from collections.abc import Callable

    from .http1 import Answer
    from .wire import Wire

RENEWAL = 5.0
"""Seconds of a read's time that a renewal of the token may use, at most."""


class Keeper:
    """The token for ``wire``. Its methods raise ``Denied`` (nothing to log in with, or the login was refused),
    ``ConfigError``, ``Unavailable``, ``Throttled`` and ``Malformed``. Safe between threads."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._source = wire.options.printable
        self._method: login.Method = login.choose(wire.options)
        if wire.options.wrapped:
            self._method = login.Wrapped(self._method, self._unwrap)
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def present(self) -> Token | None:
        """The token at hand, good or not; ``None`` before the first login."""
        return self._token

    def on_new_token(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after each login but the first; on the thread that logged in, so: briefly."""
        self._listeners.append(callback)

    def token(self, deadline: float) -> Token:
        """The token to use now; logs in or renews first where that is due."""
        token = self._token
        now = time.monotonic()
        if token is not None and now < token.due:
            return token
        return self._attend(token, now, deadline)

    def learn(self, deadline: float) -> None:
        """Find out the token's TTL where it is not known; renew it or log in again where that is due."""
        token = self.token(deadline)
        if not token.known:
            with self._lock:
                if self._token is token and not token.known:
                    self._look_up(token, deadline)

    def after_fork(self) -> None:
        """In the child: a lock of its own; the token is still good."""
        self._lock = threading.Lock()

    def _attend(self, token: Token | None, now: float, deadline: float) -> Token:
        """Log in, look up or renew: by one thread; the others go on with a token that is still good."""
        alive = token is not None and now < token.expires
        if not self._lock.acquire(blocking=not alive, timeout=-1 if alive else max(deadline - now, 0)):
            if alive:
                assert token is not None
                return token
            raise Unavailable(f"{self._source}: waited for another thread's login until the time was up")
        try:
            current = self._token
            if current is not token and current is not None:
                return current
            if token is None:
                return self._log_in(deadline)
            return self._prolong(token, deadline)
        finally:
            self._lock.release()

    def _prolong(self, token: Token, deadline: float) -> Token:
        """``token`` or its successor, when ``token`` is due. Failures do not end a token that still lives."""
        now = time.monotonic()
        limit = min(deadline, now + RENEWAL)
        attempt = self._method.attempt(limit) if self._method.kind == "token" else None
        if attempt is not None and attempt.token != token.value:
            return self._adopt(attempt.token)  # an agent wrote a new one
        if not token.known:
            self._look_up(token, limit)
            if time.monotonic() < token.due:
                return token
        if token.renewable and now < token.expires:
            granted = self._renew(token, limit)
            if granted is None or (granted and (attempt is not None or not token.capped(granted))):
                return token
        if attempt is not None:
            token.retry(now)
            return token  # nothing more can be done here; the server will say when it is dead
        try:
            return self._log_in(deadline)
        except Transient:
            if time.monotonic() >= token.expires:
                raise
            token.retry(time.monotonic())
            return token

    def _renew(self, token: Token, deadline: float) -> float | None:
        """Seconds granted, 0 when it will not be renewed, ``None`` when the server could not say."""
        asked = time.monotonic()
        body = {"increment": int(token.ttl)} if token.ttl else {}
        answer = self._quietly("POST", "auth/token/renew-self", body, token, deadline)
        auth = answers.auth_of(answer)
        if auth is None:
            token.retry(time.monotonic())
            return None if answer is None or answer.status >= 429 else 0.0
        token.granted(auth.get("lease_duration"), auth.get("renewable"), asked)
        return token.expires - asked

    def _look_up(self, token: Token, deadline: float) -> None:
        """Ask what the token's TTL is; where that is not permitted, leave it at that."""
        asked = time.monotonic()
        answer = self._quietly("GET", "auth/token/lookup-self", None, token, deadline)
        data = None if answer is None or answer.status != 200 else answers.part(answer, "data")
        if data is not None:
            token.ttl = 0.0
            creation = data.get("creation_ttl")
            token.granted(data.get("ttl"), data.get("renewable"), asked)
            if isinstance(creation, int) and creation > token.ttl > 0:
                token.due = asked + max(token.ttl - creation / 3, 0.0)
                token.ttl = float(creation)
        elif answer is None or answer.status not in (403, 404):
            token.retry(asked)
        else:
            token.known = True  # that there is nothing to know
            token.due = float("inf")

    def recover(self, refused: Token, deadline: float) -> bool:
        """After a 403 with ``refused``: whether there is another token now, worth another try."""
        if self._token is not refused:
            return True
        if self._lives(refused, deadline):
            return False
        if not self._lock.acquire(timeout=max(deadline - time.monotonic(), 0)):
            return False
        try:
            if self._token is not refused:
                return True
            if self._method.kind == "token":
                renewed = self._method.attempt(deadline)
                if renewed.token == refused.value:
                    return False
                self._adopt(renewed.token)
            else:
                self._log_in(deadline)
        finally:
            self._lock.release()
        return True

    def _lives(self, token: Token, deadline: float) -> bool:
        """Whether the server still knows ``token``, so that it was the policy that refused.

        Where even looking oneself up is not permitted, the form of the refusal tells: a policy's comes as a
        list of one error, a dead token's as a bare "permission denied" or with "invalid token" beside it.
        """
        answer = self._wire.send("GET", "auth/token/lookup-self", None, token.header, deadline, again=True)
        if answer.status < 400:
            return True
        if answer.status in (401, 403):
            return b"1 error occurred" in answer.body and b"invalid token" not in answer.body
        raise answers.sort_failure(answer, "looking the token up", name=None, source=self._source)

    def _log_in(self, deadline: float) -> Token:
        """A new token; the caller holds the lock."""
        attempt = self._method.attempt(deadline)
        if attempt.token:
            return self._adopt(attempt.token)
        asked = time.monotonic()
        for sent in attempt.sent:
            known.remember(Secret(sent, name=f"{self._method.kind} login", source=self._source))
        path = quote(attempt.path, safe="/")
        answer = self._wire.send("POST", path, attempt.body, b"", deadline, again=False)
        if answer.status >= 400:
            raise self._refused(answer, attempt)
        auth = answers.auth_of(answer)
        value = None if auth is None else auth.get("client_token")
        if auth is None or not isinstance(value, str) or not value:
            raise Malformed(
                f"{self._source}: the {self._method.kind} login was answered without a token (is a second "
                "factor demanded?)",
                source=self._source,
            )
        token = self._adopt(value)
        token.granted(auth.get("lease_duration"), auth.get("renewable"), asked)
        return token

    def _adopt(self, value: str) -> Token:
        """Make ``value`` the session's token; the caller holds the lock."""
        if not acceptable(value):
            raise ConfigError(f"{self._source}: the token holds characters that no token has")
        known.remember(Secret(value, name="token", source=self._source))
        before = self._token
        token = Token(value, 1 if before is None else before.number + 1)
        if self._method.kind == "token":
            token.due = time.monotonic() + UNKNOWN_FOR
        self._token = token
        if before is not None:
            for listener in list(self._listeners):
                listener()
        return token

    def _unwrap(self, wrapping: str, deadline: float) -> str:
        """The token or the secret ID in ``wrapping``. Raises ``Denied`` where somebody else may have taken it."""
        if not acceptable(wrapping):
            raise ConfigError(f"{self._source}: the wrapping token holds characters that no token has")
        known.remember(Secret(wrapping, name="wrapping token", source=self._source))
        what = "unwrapping"
        answer = self._wire.send("POST", "sys/wrapping/unwrap", {}, header(wrapping), deadline, again=False)
        if answer.status in (400, 403, 404):
            raise Denied(
                f"{self._source}: the wrapping token has expired or was used before: if it was not by you, then "
                "somebody else has what was in it",
                source=self._source,
            )
        if answer.status != 200:
            raise answers.sort_failure(answer, what, name=None, source=self._source)
        content = (answers.auth_of(answer) or {}).get("client_token")
        content = content or (answers.part(answer, "data") or {}).get("secret_id")
        if not isinstance(content, str) or not content:
            raise Malformed(
                f"{self._source}: {what}: neither a token nor a secret ID was in it", source=self._source
            )
        return content

    def _refused(self, answer: Answer, attempt: login.Attempt) -> SecretError:
        what = f"the {self._method.kind} login at {attempt.path}"
        if answer.status in (400, 401, 403, 404):
            words = answers.explain(answer, attempt.sent)
            return Denied(f"{self._source}: {what} was refused: {words}", source=self._source)
        return answers.sort_failure(answer, what, name=None, source=self._source)

    def _quietly(self, method: str, path: str, body: Any, token: Token, deadline: float) -> Answer | None:
        """The answer, or ``None`` when there was none: housekeeping must not fail a read."""
        try:
            return self._wire.send(method, path, body, token.header, deadline, again=True)
        except SecretError:
            return None
