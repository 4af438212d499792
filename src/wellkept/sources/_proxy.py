"""The proxy that the environment names (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``), as curl and botocore read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError
from .vault.http1 import MAX_HEAD, remaining, send
from .vault.transport import dial

if TYPE_CHECKING:
    import socket


class Proxy(NamedTuple):
    """An HTTP proxy. ``headers`` hold its login, where it has one."""

    host: str
    port: int
    headers: dict[str, str]

    def dial(self, target: str | None, deadline: float) -> socket.socket:
        """A socket to the proxy; with ``target`` (``host:port``), a tunnel through it. Raises ``OSError``."""
        sock = dial(self.host, self.port, deadline)
        if target is None:
            return sock
        failure: OSError | None = None
        try:
            login = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            send(sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode(), deadline)
            status = _status(sock, deadline)
            if status != b"200":
                shown = status.decode("ascii") if status.isdigit() else "unknown"
                failure = OSError(None, f"the proxy made no tunnel (status {shown})")
        except OSError as error:
            failure = error
        if failure is not None:
            sock.close()
            raise failure
        return sock


def _status(sock: socket.socket, deadline: float) -> bytes:
    """The status of an answer to ``CONNECT``, which ends with its headers (RFC 9110, 9.3.6): read byte by byte,
    because what follows belongs to the TLS handshake."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        sock.settimeout(remaining(deadline))
        part = sock.recv(1)
        head += part
        if not part or len(head) > MAX_HEAD:
            raise OSError(None, "the proxy broke off")
    return head[9:12]


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy on the way to this server, if any. Raises ``ConfigError`` for one that is no HTTP proxy."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.parse import unquote, urlsplit
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or proxy_bypass(f"{host}:{port}"):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(
            f"{scheme}_proxy must be http://HOST:PORT; other kinds of proxies are not supported"
        )
    headers = {}
    if parts.username:
        from base64 import b64encode

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = "Basic " + b64encode(login).decode()
    return Proxy(parts.hostname, parts.port or 80, headers)
