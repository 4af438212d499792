"""The app for granian's own interface, RSGI: HTTP/2, and TLS in Rust. It knows no client certificates.

::

    granian --interface rsgi module:application      # application = wellkept.server.rsgi.application(app)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .asgi import COMMON, answer
from .exchange import Exchange, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .app import App

_COMMON = [(name.decode(), value.decode()) for name, value in COMMON]


def application(app: App, *, pool_size: int = 64) -> Callable[[Any, Any], Awaitable[None]]:
    """An RSGI application that answers with ``app``."""
    pool = ThreadPoolExecutor(pool_size, "wellkept")

    async def serve(scope: Any, protocol: Any) -> None:
        headers = _headers(scope.headers.items())
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:18]) > app.limits.body:
            given = refuse(413, "http: request body too large")
            protocol.response_bytes(
                given.status, [*_COMMON, ("content-type", "application/json")], given.body
            )
            return
        body = await protocol() if scope.method not in ("GET", "HEAD", "LIST") else b""
        target = quote(scope.path).encode()  # granian has decoded it; our door decodes, and only once
        if scope.query_string:
            target += b"?" + scope.query_string.encode()
        peer = scope.client.rpartition(":")[0].strip("[]")
        exchange = Exchange(scope.method, target, headers, body, peer)
        given = await answer(app, exchange, pool)
        shown = [
            *_COMMON,
            *((name.decode("latin-1"), value.decode("latin-1")) for name, value in given.headers),
        ]
        if given.status == 204:
            protocol.response_empty(204, shown)
            return
        shown.append(("content-type", given.content_type.decode("latin-1")))
        protocol.response_bytes(given.status, shown, b"" if scope.method == "HEAD" else given.body)

    return serve


def _headers(items: Any) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in items:
        key, content = name.lower().encode("latin-1"), value.encode("latin-1", "replace")
        headers[key] = headers[key] + b", " + content if key in headers else content
    return headers
