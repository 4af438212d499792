"""The same app behind uvicorn and granian answers the same."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from wellkept.server import asgi, rsgi
from wellkept.server.routes import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wellkept.testing.served import TestServer

CALLS: list[tuple[str, str, Any, str]] = [
    ("GET", "sys/health", None, ""),
    ("GET", "sys/seal-status", None, ""),
    ("HEAD", "sys/health", None, ""),
    ("POST", "secret/data/other", {"data": {"a": "1"}}, "root"),
    ("GET", "secret/data/other", None, "root"),
    ("GET", "secret/data/other", None, ""),
    ("GET", "secret/metadata?list=true", None, "root"),
    ("GET", "secret/data/a%252e%252e/x", None, "root"),
    ("PUT", "secret/data/a%2Fb%20c", {"data": {"a": "1"}}, "root"),
    ("DELETE", "secret/data/other", None, "root"),
    ("POST", "secret/data/other", "[]", "root"),
]


@pytest.fixture(params=["uvicorn", "granian"])
def port(request: pytest.FixtureRequest, served: TestServer) -> Iterator[int]:
    app = make_app(served.node, served.node.settings.listeners[0])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    if request.param == "uvicorn":
        uvicorn = pytest.importorskip("uvicorn")
        config = uvicorn.Config(asgi.application(app), port=number, log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        _wait(number)
        yield number
        server.should_exit = True
        thread.join()
        return
    embed = pytest.importorskip("granian.server.embed")
    started: list[Any] = []

    async def serve() -> None:
        server = embed.Server(rsgi.application(app), port=number, log_enabled=False)
        started.append((asyncio.get_running_loop(), server))
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    _wait(number)
    yield number
    loop, server = started[0]
    loop.call_soon_threadsafe(server.stop)
    thread.join()


def _wait(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)


def _call(port: int, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    sent = body if body is None or isinstance(body, str) else json.dumps(body)
    connection.request(method, f"/v1/{path}", body=sent, headers={"X-Vault-Token": token} if token else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    document = json.loads(content) if content else None
    if isinstance(document, dict):
        for name in ("request_id", "server_time_utc"):
            document.pop(name, None)
        data = document.get("data")
        if isinstance(data, dict):
            for each in (data, data.get("metadata") or {}):
                for name in ("created_time", "version", "deletion_time"):
                    each.pop(name, None)
    assert answer.getheader("Cache-Control") == "no-store"
    return answer.status, document


def test_another_transport_answers_as_ours(port: int, served: TestServer) -> None:
    for call in CALLS:
        assert _call(port, *call) == _call(served.port, *call), call
