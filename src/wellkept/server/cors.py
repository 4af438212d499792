"""Requests from other origins' pages, as ``sys/config/cors`` allows them; in OpenBao's manner.

A browser says where a page came from. While cross-origin requests are not enabled, that changes nothing: the
answer carries no permission, so the browser keeps it from the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.refusal import Refusal
from ..core.sys.config import cors
from .exchange import Answer

if TYPE_CHECKING:
    from .exchange import Exchange
    from .node import Serving

_METHODS = ("DELETE", "GET", "OPTIONS", "POST", "PUT", "LIST", "SCAN")
_MAX_AGE = b"300"

Headers = tuple[tuple[bytes, bytes], ...]


def check(exchange: Exchange, serving: Serving | None) -> tuple[Answer | None, Headers]:
    """For a request with an ``Origin``: the answer, if it only asks for permission; and the headers that permit.

    Raises ``Refusal``: 403 for an origin that is not allowed, 405 for a method that never is.
    """
    config: dict[str, Any] = cors(serving.barrier) if serving is not None else {"enabled": False}
    if not config.get("enabled"):
        return None, ()
    origin = exchange.headers[b"origin"]
    if not _allowed(origin, config):
        raise Refusal(403, "origin not allowed")
    headers: Headers = ((b"Access-Control-Allow-Origin", origin), (b"Vary", b"Origin"))
    if config.get("allow_credentials"):
        headers += ((b"Access-Control-Allow-Credentials", b"true"),)
    if exchange.method != "OPTIONS":
        return None, headers
    wanted = exchange.headers.get(b"access-control-request-method", b"").decode("latin-1")
    if wanted not in _METHODS:
        return Answer(405), ()
    named = ",".join(str(name) for name in config.get("allowed_headers") or ())
    headers += (
        (b"Access-Control-Allow-Methods", ",".join(_METHODS).encode()),
        (b"Access-Control-Allow-Headers", named.encode("latin-1", "replace")),
        (b"Access-Control-Max-Age", _MAX_AGE),
    )
    return Answer(200, b"", b"text/plain", headers), ()


def _allowed(origin: bytes, config: dict[str, Any]) -> bool:
    origins = config.get("allowed_origins") or ()
    return origins == ["*"] or origin.decode("latin-1") in origins
