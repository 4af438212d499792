"""Requests of Vault's API as bytes on connections: what every one of them carries, and where it may lead."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .redirects import follow
from .transport import Pool

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from ...errors import SecretError
    from .._proxy import Proxy
    from .http1 import Answer
    from .options import Options

REDIRECTS = (301, 302, 307, 308)


class Wire:
    """The server of ``options``, without any thought of tokens: ``token`` is a header line, or empty."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.pool = _pool(options)
        self._common = _common_headers(options)

    def send(
        self,
        method: str,
        path: str,
        body: Any,
        token: bytes,
        deadline: float,
        *,
        again: bool,
        content_type: str = "application/json",
    ) -> Answer:
        """One request (``path`` without ``/v1/``, quoted) and its answer; ``again`` as in ``Pool.exchange``."""
        request = self.request(method, path, body, token, content_type)
        answer = self.pool.exchange(request, deadline, again=again)
        if answer.status in REDIRECTS:
            answer = follow(self.options, self.pool, answer, request, deadline)
        return answer

    def send_many(
        self, method: str, paths: Sequence[str], token: bytes, deadline: float
    ) -> list[Answer | SecretError]:
        """The same request for all ``paths``, several at a time; redirects are left to the caller."""
        return self.pool.exchange_many([self.request(method, path, None, token) for path in paths], deadline)

    def request(
        self, method: str, path: str, body: Any, token: bytes, content_type: str = "application/json"
    ) -> bytes:
        start = f"{method} /v1/{path} HTTP/1.1\r\n".encode("ascii") + self._common + token
        if body is None:
            return start + b"\r\n"
        content = json.dumps(body).encode()
        return (
            start
            + f"Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n".encode("ascii")
            + content
        )


class _Tunnelled(Pool):
    """Connections through a proxy, which sees where they lead and nothing of what is said."""

    proxy: Proxy
    target: str

    def _dial(self, deadline: float) -> socket.socket:
        return self.proxy.dial(self.target, deadline)


def _pool(options: Options) -> Pool:
    """Connections: plain ones directly, those with TLS through the environment's proxy where it names one."""
    host, port = options.host, options.port
    if not options.tls:
        return Pool(host, port)
    from .tls import ContextMaker

    context = ContextMaker(options)
    if any(name.lower().endswith("_proxy") for name in os.environ):
        from .._proxy import proxy_for

        proxy = proxy_for("https", host, port)
        if proxy is not None:
            tunnelled = _Tunnelled(host, port, context, server_name=options.server_name)
            tunnelled.proxy, tunnelled.target = proxy, options.authority
            return tunnelled
    return Pool(host, port, context, server_name=options.server_name)


def _common_headers(options: Options) -> bytes:
    """The headers of every request. ``X-Vault-Request`` is what agents demand against forged browser requests."""
    lines = f"Host: {options.authority}\r\nUser-Agent: wellkept\r\nX-Vault-Request: true\r\n"
    if options.namespace:
        lines += f"X-Vault-Namespace: {options.namespace}\r\n"
    if not lines.isascii() or "\r\n\r\n" in lines or lines.count("\r\n") != 3 + bool(options.namespace):
        raise ConfigError(f"{options.printable}: the host or the namespace holds characters that it cannot")
    return lines.encode("ascii")
