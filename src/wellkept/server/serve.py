"""One process that serves: an event loop, its listeners, and a way to reload and to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..errors import WellkeptError
from . import tls
from .http1 import Bounds, Listener, Times
from .pool import Pool
from .routes import make_app
from .sockets import BACKLOG

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from .node import Node
    from .settings import ListenerSettings


LINGER = 0.1
"""Seconds between the decision to stop and the last connection accepted."""


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Server:
    """Serves ``node`` on ``sockets``, one for each of its settings' listeners, on ``loop``."""

    def __init__(
        self,
        node: Node,
        sockets: Sequence[socket.socket],
        loop: asyncio.AbstractEventLoop,
        *,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._node = node
        self._sockets = sockets
        self._loop = loop
        self._say = say
        self._pool = Pool(loop, node.settings.threads)
        self._listeners: list[Listener] = []
        self._servers: list[asyncio.Server] = []
        self._contexts: list[tuple[ssl.SSLContext, ListenerSettings]] = []
        self._stopping: asyncio.Task[None] | None = None
        self.stopped = loop.create_future()

    async def start(self) -> None:
        """Accept connections from now on. Raises ``ConfigError``."""
        for settings, sock in zip(self._node.settings.listeners, self._sockets, strict=True):
            context = None
            if settings.tls:
                context = tls.context(settings)
                self._contexts.append((context, settings))
            listener = Listener(
                make_app(self._node, settings),
                self._pool,
                times=Times(
                    settings.http_read_header_timeout,
                    settings.http_read_timeout,
                    settings.http_idle_timeout,
                    settings.http_write_timeout,
                ),
                bounds=Bounds(body=settings.max_request_size),
                headers=tuple(
                    (name.encode("ascii"), value.encode("ascii")) for name, value in settings.headers.items()
                ),
                most=settings.max_connections,
            )
            listener.start(self._loop)
            self._listeners.append(listener)
            handshake, goodbye = (10.0, 5.0) if context else (None, None)
            server = await self._loop.create_server(
                listener,
                sock=sock,
                ssl=context,
                backlog=BACKLOG,
                ssl_handshake_timeout=handshake,
                ssl_shutdown_timeout=goodbye,
            )
            self._servers.append(server)

    def reload(self) -> None:
        """Read certificates again. What is wrong with them is said, and the old ones stay."""
        for context, settings in self._contexts:
            try:
                tls.renew(context, settings)
            except WellkeptError as error:
                self._say(f"the certificate was not replaced: {error}")
            else:
                self._say(f"certificate of {settings.address} read again")

    def stop(self) -> None:
        """Stop accepting, answer what was asked, and end; ``stopped`` is done then. Safe to call again."""
        if self._stopping is None:
            self._stopping = self._loop.create_task(self._stop())

    async def _stop(self) -> None:
        for listener in self._listeners:
            listener.draining = True
        # Who connected before it was known still gets an answer: a moment to accept and to read.
        await asyncio.sleep(LINGER)
        for server in self._servers:
            server.close()
        patience = self._node.settings.shutdown_patience
        await asyncio.gather(*(listener.drain(patience) for listener in self._listeners))
        self._pool.close()
        if not self.stopped.done():
            self.stopped.set_result(None)
