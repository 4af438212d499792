"""The app for ASGI servers (uvicorn, hypercorn): where our own transport cannot run, or another one stands already.

::

    application = wellkept.server.asgi.application(app, pool_size=64)

Times, sizes of headers and TLS are then that server's to see to; the bound on bodies and JSON is kept here.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Exchange, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .app import App

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

COMMON = (
    (b"cache-control", b"no-store"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)


def application(
    app: App, *, pool_size: int = 64
) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """An ASGI 3 application that answers with ``app``."""
    pool = ThreadPoolExecutor(pool_size, "wellkept")

    async def serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            body = await _body(receive, app.limits.body)
            exchange = _exchange(scope, body or b"")
            given = (
                await answer(app, exchange, pool)
                if body is not None
                else refuse(413, "http: request body too large")
            )
            await _send(send, exchange, given)

    return serve


async def answer(app: App, exchange: Exchange, pool: ThreadPoolExecutor) -> Answer:
    """From memory, or by a thread within the time that a request may take."""
    given = app.now(exchange)
    if given is not None:
        return given
    work = asyncio.get_running_loop().run_in_executor(pool, app.slow, exchange)
    try:
        return await asyncio.wait_for(asyncio.shield(work), app.limits.duration)
    except TimeoutError:
        return refuse(504, "the request took too long")


def _exchange(scope: dict[str, Any], body: bytes) -> Exchange:
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    target = scope.get("raw_path") or scope["path"].encode()
    if scope.get("query_string"):
        target += b"?" + scope["query_string"]
    peer = scope.get("client") or ("",)
    return Exchange(scope["method"], target, headers, body, peer[0])


async def _body(receive: Receive, most: int) -> bytes | None:
    """``None`` when it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send(send: Send, exchange: Exchange, given: Answer) -> None:
    headers = [*COMMON, *((name.lower(), value) for name, value in given.headers)]
    if given.status != 204:
        headers += [(b"content-type", given.content_type), (b"content-length", b"%d" % len(given.body))]
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    body = b"" if exchange.method == "HEAD" or given.status == 204 else given.body
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
