"""HTTP for sources that have no protocol of their own on top: a base URL, a private CA, the environment's proxy.

Connections and exchanges are ``vault.transport`` and ``vault.http1``; there is one HTTP client in this house.
Added here: where requests go and how, with every failure sorted and nothing of a request in any of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ._proxy import Proxy, proxy_for
from .vault.transport import Pool

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping, Sequence

    from ..errors import SecretError
    from .vault.http1 import Answer


class HttpClient:
    """Requests to one server. ``base`` is ``http[s]://host[:port][/path]``; ``ca`` a file of PEM certificates
    that are trusted instead of the system's. Safe to use from several threads; cheap to make: nothing is
    opened before the first request."""

    def __init__(self, base: str, *, ca: str | None = None) -> None:
        self.base = base
        scheme, self.host, port, self.path = _split(base)
        usual = 443 if scheme == "https" else 80
        self.port = port or usual
        host = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = host if self.port == usual else f"{host}:{self.port}"
        proxy = proxy_for(scheme, self.host, self.port)
        self._start = f"http://{self.authority}{self.path}" if proxy and scheme == "http" else self.path
        self._common = {"Host": self.authority, "Accept-Encoding": "identity"}
        if proxy and scheme == "http":
            self._common |= proxy.headers
        context = _Contexts(ca) if scheme == "https" else None
        self._pool = _Pool(self.host, self.port, context)
        self._pool.proxy = proxy
        self._pool.target = f"{host}:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
    ) -> Answer:
        """Ask, within ``timeout`` seconds in all; a request that must not be sent twice has no place here. Any
        status is an answer. Raises ``Unavailable``, ``Malformed``; ``ConfigError`` where a header cannot be sent."""
        request = self.encoded(method, path, headers, body)
        return self._pool.exchange(request, time.monotonic() + timeout, again=True)

    def request_many(self, requests: Sequence[bytes], *, timeout: float) -> list[Answer | SecretError]:
        """Each of ``encoded``'s requests with its answer or error, in order, several on their way at a time."""
        return self._pool.exchange_many(requests, time.monotonic() + timeout)

    def encoded(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
        """A request as bytes. Raises ``ConfigError``, without quoting what it is about, for a header that would
        end early or hold more than Latin-1: it may be a credential."""
        lines = [f"{method} {self._start}{path} HTTP/1.1"]
        every = {name.lower(): f"{name}: {value}" for name, value in {**self._common, **headers}.items()}
        lines += every.values()
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = _latin1("\r\n".join(lines))
        if head is None or head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
            raise ConfigError(f"{self.authority} was not asked: a header holds what HTTP cannot carry")
        return head + b"\r\n\r\n" + (body or b"")

    def close(self) -> None:
        """Close the idle connections; the next request opens a new one."""
        self._pool.close()

    def after_fork(self) -> None:
        """In the child: leave the parent its connections."""
        self._pool.after_fork()


class _Contexts:
    """Makes the TLS context; anew when the file ``ca`` has changed, because authorities are renewed under a long-lived
    process (Kubernetes replaces a pod's ``ca.crt``)."""

    def __init__(self, ca: str | None) -> None:
        self._ca = ca
        self._seen: object = None

    def __call__(self) -> ssl.SSLContext:
        self._seen = self._state()
        return _context(self._ca)

    def changed(self) -> bool:
        return self._seen != self._state()

    def _state(self) -> object:
        import os

        if self._ca is None:
            return None
        try:
            found = os.stat(self._ca)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class _Pool(Pool):
    """A pool whose connections may lead through a proxy."""

    proxy: Proxy | None = None
    target = ""

    def _dial(self, deadline: float) -> socket.socket:
        if self.proxy is None:
            return super()._dial(deadline)
        return self.proxy.dial(self.target if self.make_context is not None else None, deadline)


def _split(url: str) -> tuple[str, str, int | None, str]:
    from urllib.parse import urlsplit

    parts: Any = None
    port = None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"an endpoint is http://HOST[:PORT] or https://HOST[:PORT], not {_shown(url)!r}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"no credential belongs into a URL: {_shown(url)!r}")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"an endpoint has no spaces, and hosts beyond ASCII as xn--: {_shown(url)!r}")
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def _shown(url: str) -> str:
    """``url`` without what may be a credential."""
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2].partition("?")[0]


def _latin1(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _context(ca: str | None) -> ssl.SSLContext:
    import ssl

    reason = ""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise ConfigError(f"the CA file {ca} cannot be used: {reason}; it must hold PEM")
