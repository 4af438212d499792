"""Response wrapping: an answer is laid aside, and whoever asked gets a token that fetches it once.

The token has one use, and is good for nothing but that. Who unwraps deletes it in the same transaction that
reads the answer, so of two who try, one is refused, and knows that somebody was there before.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .grant import AuthGrant, LeaseGrant, WrapInfo
from .issue import shown
from .refusal import Refusal
from .request import Raw, Response
from .revocation import WRAPPED
from .tokens.text import new_token, random_text
from .tokens.token import Token

if TYPE_CHECKING:
    from .leases.store import LeaseStore
    from .revocation import Revoker
    from .tokens.store import TokenStore
    from .view import View

POLICY = "response-wrapping"
INVALID = "wrapping token is not valid or does not exist"
ALLOWED = frozenset({("read", "cubbyhole/response"), ("update", "sys/wrapping/unwrap")})
"""What the token itself may do."""


class Wrapping:
    """All functions take the view of the whole storage."""

    def __init__(self, tokens: TokenStore, leases: LeaseStore, revoker: Revoker) -> None:
        self._tokens = tokens
        self._leases = leases
        self._revoker = revoker

    def wrap(self, view: View, response: Response, path: str, ttl: float, now: float) -> Response:
        """Lay ``response`` aside; the answer that is given instead."""
        accessor = response.auth.accessor if response.auth is not None else ""
        return self._lay(view, _encode(response), path, ttl, now, accessor)

    def _lay(
        self, view: View, content: bytes, path: str, ttl: float, now: float, wrapped_accessor: str
    ) -> Response:
        text = new_token()
        told: dict[str, Any] = {"creation_path": path, "creation_time": now, "creation_ttl": int(ttl)}
        if wrapped_accessor:
            told["wrapped_accessor"] = wrapped_accessor
        token = Token(
            key=self._tokens.hash(text),
            accessor=random_text(),
            policies=(POLICY,),
            path=path,
            num_uses=1,
            created=float(int(now)),
            ttl=ttl,
            explicit_max_ttl=ttl,
            issued=now,
            expires=now + ttl,
            orphan=True,
            wrapped=told,
        )
        self._tokens.add(view, token)
        self._leases.add_login(view, token)
        view.put(WRAPPED + token.key, content)
        answer = Response()
        answer.wrap_info = WrapInfo(text, token.accessor, int(ttl), now, path, wrapped_accessor)
        return answer

    def unwrap(self, view: View, text: str, now: float) -> Response:
        """The answer that was laid aside; the token is gone with it. Raises ``Refusal``."""
        token = self._token(view, text, now)
        content = self._content(view, token)
        self._revoker.token(view, token, now)
        return _decode(content)

    def rewrap(self, view: View, text: str, now: float) -> Response:
        """The same answer under a new token, with the same time to live. Raises ``Refusal``."""
        token = self._token(view, text, now)
        content = self._content(view, token)
        told = token.wrapped
        self._revoker.token(view, token, now)
        return self._lay(
            view, content, told["creation_path"], token.ttl, now, told.get("wrapped_accessor", "")
        )

    def lookup(self, view: View, text: str, now: float) -> dict[str, Any]:
        """Where and when it was made, and its time to live. Raises ``Refusal``."""
        return dict(self._token(view, text, now).wrapped)

    def _token(self, view: View, text: str, now: float) -> Token:
        token = self._tokens.lookup(view, text, now) if text else None
        if token is None or not token.wrapped:
            raise Refusal(400, INVALID)
        return token

    @staticmethod
    def _content(view: View, token: Token) -> bytes:
        entry = view.get(WRAPPED + token.key)
        if entry is None:
            raise Refusal(400, INVALID)
        return entry.value


def _encode(response: Response) -> bytes:
    auth, lease = response.auth, response.lease
    return json.dumps(
        {
            "data": dict(response.data),
            "auth": None if auth is None else asdict(shown(auth)),
            "lease": None if lease is None else {**asdict(lease), "internal": {}},
            "warnings": list(response.warnings),
            "status": response.status,
        },
        default=_plain,
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Raw):
        return json.loads(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if hasattr(value, "items"):
        return dict(value.items())
    return list(value)


def _decode(content: bytes) -> Response:
    stored = json.loads(content)
    auth, lease = stored["auth"], stored["lease"]
    response = Response(stored["data"], warnings=tuple(stored["warnings"]), status=stored["status"])
    if auth is not None:
        for name in ("policies", "bound_cidrs", "token_policies"):
            auth[name] = tuple(auth[name])
        response.auth = AuthGrant(**auth)
    if lease is not None:
        response.lease = LeaseGrant(**lease)
    return response
