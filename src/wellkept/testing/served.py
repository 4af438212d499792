"""A real server for tests: started in this process, on a free loopback port, in a moment; nothing is mocked.

::

    with wellkept.testing.server() as server:
        client = hvac.Client(url=server.address, token=server.root_token)

There is a key/value engine (version 2) at ``secret/``. Time is real unless a ``clock`` is given, which then
drives every TTL and lease.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import threading
from typing import TYPE_CHECKING, Any

from ..clock import SYSTEM
from .vault_api import VaultAPI

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from types import TracebackType

    from ..clock import Clock
    from ..server.node import Node


class ServerError(Exception):
    """The server refused a call of ``TestServer.request``; ``status`` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class TestServer(VaultAPI):
    """A running, unsealed server.

    ``address`` is where it listens, ``root_token`` may do everything, ``unseal_key`` opens it after ``seal``.
    A context manager; ``stop`` and ``start`` play an outage (the data stays).
    """

    __test__ = False  # pytest: no class of tests
    host = "127.0.0.1"

    def __init__(
        self, *, clock: Clock = SYSTEM, root_token: str = "", options: Mapping[str, Any] | None = None
    ) -> None:
        from ..server import dev

        self._directory = dev.directory()
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._options = dict(options or {})
        self.port = 0
        try:
            self._start()
            self.root_token, self.unseal_key = dev.open_new(self.node, root_token)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """As ``VAULT_ADDR`` wants it."""
        return f"http://{self.host}:{self.port}"

    def url(self, mount: str = "secret", options: str = "") -> str:
        """The URL of a source for ``wellkept.open``; ``options`` is a query string."""
        return f"vault+http://{self.host}:{self.port}/{mount}{'?' + options if options else ''}"

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One call of the API (``path`` without ``/v1/``), as root unless ``token`` says otherwise; ``""`` is none.

        Returns the parsed answer (``None`` when empty). Raises ``ServerError`` for a status of 400 and above.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        sent = {**(headers or {})}
        shown = self.root_token if token is None else token
        if shown:
            sent["X-Vault-Token"] = shown
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/v1/{path}", body=payload, headers=sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise ServerError(answer.status, content.decode(errors="replace"))
        return json.loads(content) if content else None

    def seal(self) -> None:
        """Seal: every call answers 503 until ``unseal``."""
        self.request("PUT", "sys/seal")

    def unseal(self) -> None:
        self.request("PUT", "sys/unseal", {"key": self.unseal_key})

    def stop(self) -> None:
        """Stop; requests under way are answered. Connections are refused until ``start``. The data stays."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._server.stop)
            self._thread.join()
            self._thread = None

    def start(self) -> None:
        """Start again after ``stop``, on the same port, unsealed."""
        self._start()
        self.unseal()

    def close(self) -> None:
        """Stop, and forget everything."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self) -> None:
        from ..server import dev
        from ..server.board import OwnBoard
        from ..server.node import Node
        from ..server.serve import new_loop
        from ..server.sockets import open_sockets

        settings = dev.settings(self._directory, self.host, self.port, **self._options)
        sockets = open_sockets(settings.listeners)
        self.port = settings.listeners[0].port
        self.node: Node = Node(settings, OwnBoard(), clock=self._clock)
        self._loop = new_loop()
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(sockets, started), name="wellkept-test-server", daemon=True
        )
        self._thread.start()
        started.wait()

    def _run(self, sockets: list[socket.socket], started: threading.Event) -> None:
        from ..server.serve import Server

        asyncio.set_event_loop(self._loop)
        self._server = Server(self.node, sockets, self._loop)
        self._loop.run_until_complete(self._server.start())
        started.set()
        self._loop.run_until_complete(self._server.stopped)
        self.node.close()
        for sock in sockets:
            sock.close()
        self._loop.close()

    def __enter__(self) -> TestServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<TestServer {self.address}>"
