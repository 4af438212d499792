"""A small HTTP client for sources that speak HTTP themselves: the standard library's, with what it lacks.

Kept connections shared by threads, one total time for a request, a private CA, the ``*_PROXY`` variables, a
bound on the answer, and every failure sorted into ``Unavailable`` (could not be reached, timed out, broke
off) or ``Malformed`` (is no HTTP, is too large), with no exception of the library's chained to it: those can
quote what was sent. No redirect is followed, nothing is retried, except that a kept connection which the
server had closed in the meantime is replaced once, before a byte of an answer was seen.
"""

from __future__ import annotations

import http.client
import os
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..errors import ConfigError, Malformed, SecretError, Unavailable

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping

MAX_BODY = 8 * 1024 * 1024
"""Bytes of an answer; a secret is 1 MiB at most anywhere, and a batch is a few dozens of small ones."""

IDLE = 50.0
"""Seconds after which a kept connection is not used again: middle boxes forget it at about 60."""

KEPT = 8
"""Idle connections kept."""


class Answer(NamedTuple):
    """``headers`` is asked with ``.get``, whatever the case of the name."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class HttpClient:
    """Requests to one server. ``base`` is ``http[s]://host[:port][/path]``; ``ca`` a file of PEM certificates
    that are trusted instead of the system's. Safe to use from several threads; cheap to make: nothing is
    opened before the first request."""

    def __init__(self, base: str, *, ca: str | None = None) -> None:
        parts = _split(base)
        self.base = base
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.path = parts.path.rstrip("/")
        self._secure = parts.scheme == "https"
        self._ca = ca
        self._tls: ssl.SSLContext | None = None
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        self._proxy = _proxy_for(parts.scheme, self.host, self.port)

    @property
    def authority(self) -> str:
        """What the ``Host`` header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self._secure else 80) else f"{host}:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
    ) -> Answer:
        """Ask, within ``timeout`` seconds in all. Any status is an answer. Raises ``Unavailable``, ``Malformed``."""
        deadline = time.monotonic() + timeout
        while True:
            connection, kept = self._take()
            outcome = self._try(connection, kept, method, path, dict(headers), body, timeout, deadline)
            if isinstance(outcome, Answer):
                return outcome
            if outcome is not None:
                raise outcome

    def close(self) -> None:
        """Close the idle connections; the next request opens a new one."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def after_fork(self) -> None:
        """Leave the parent its connections. Dropping them here closes this process's handles only; nothing
        is said on the wire, because Python sends no TLS farewell unless asked to."""
        self._idle = []

    def _try(
        self,
        connection: http.client.HTTPConnection,
        kept: bool,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout: float,
        deadline: float,
    ) -> Answer | SecretError | ConfigError | None:
        """The answer; or the error to raise; or ``None`` where a kept connection turned out to be dead."""
        progress = _Progress()
        try:
            return self._exchange(connection, method, path, headers, body, deadline, progress)
        except Exception as error:
            connection.close()
            timed_out = isinstance(error, TimeoutError)
            if kept and not progress.answered and isinstance(error, OSError) and not timed_out:
                return None
            failure = self._sort(error, timeout)
            if failure is None:
                raise
        return failure

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        deadline: float,
        progress: _Progress,
    ) -> Answer:
        if connection.sock is None:
            connection.timeout = _left(deadline)
            connection.connect()
        sock: socket.socket = connection.sock
        sock.settimeout(_left(deadline))
        headers.setdefault("Host", self.authority)
        connection.request(method, self._target(path), body, headers)
        sock.settimeout(_left(deadline))
        response = connection.getresponse()
        progress.answered = True
        data = _read(response, sock, deadline)
        response.close()
        if not data and response.length is None and not response.chunked and response.will_close:
            raise http.client.IncompleteRead(b"")  # the headers were cut, or a server that promises nothing
        if response.will_close:
            connection.close()
        else:
            self._give_back(connection)
        return Answer(response.status, response.headers, data)

    def _target(self, path: str) -> str:
        whole = self.path + path
        forwarded = self._proxy is not None and not self._secure
        return f"http://{self.authority}{whole}" if forwarded else whole

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                break  # another thread was faster
            if time.monotonic() - since < IDLE:
                return connection, True
            connection.close()
        return self._connection(), False

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        if len(self._idle) < KEPT:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.host, self.port
        if self._proxy is not None:
            host, port = self._proxy.host, self._proxy.port
        if not self._secure:
            return http.client.HTTPConnection(host, port)
        connection = http.client.HTTPSConnection(host, port, context=self._context())
        if self._proxy is not None:
            connection.set_tunnel(self.host, self.port, self._proxy.headers)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            import ssl

            reason = ""
            try:
                self._tls = ssl.create_default_context(cafile=self._ca)
            except OSError as error:
                reason = error.strerror or type(error).__name__
            if self._tls is None:
                raise ConfigError(f"the CA file {self._ca} cannot be used: {reason}; it must hold PEM")
        return self._tls

    def _sort(self, error: Exception, timeout: float) -> SecretError | ConfigError | None:
        where = f"{self.host}:{self.port}"
        if isinstance(error, TimeoutError):
            return Unavailable(f"{where} did not answer within {timeout:.3g} s", source=self.base)
        if isinstance(error, http.client.IncompleteRead | ConnectionResetError | BrokenPipeError):
            return Unavailable(f"{where} broke the connection off half-way", source=self.base)
        if isinstance(error, _TooLarge):
            return Malformed(f"{where} sent more than {MAX_BODY} bytes", source=self.base)
        if isinstance(error, http.client.HTTPException):
            return Malformed(f"{where} answered with something that is no HTTP", source=self.base)
        if isinstance(error, OSError):
            return Unavailable(f"{where} cannot be reached: {_reason(error)}", source=self.base)
        if isinstance(error, ValueError):  # http.client quotes the header, which may be the credential
            return ConfigError(f"{where} was not asked: the host or a header holds what HTTP cannot carry")
        return None


class _Progress:
    answered = False


class _TooLarge(Exception):
    pass


class _Proxy(NamedTuple):
    host: str
    port: int
    headers: dict[str, str]


def _split(url: str):  # type: ignore[no-untyped-def]  # urlsplit's result type is private
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"an endpoint is http://HOST[:PORT] or https://HOST[:PORT], not {_shown(url)!r}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"no credential belongs into a URL: {_shown(url)!r}")
    return parts


def _shown(url: str) -> str:
    """``url`` without what may be a credential."""
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2].partition("?")[0]


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    parts, size = [], 0
    while True:
        sock.settimeout(_left(deadline))
        part = response.read1(65536)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise _TooLarge
    if response.length:  # read1, unlike read, does not complain about a body that ends early
        raise http.client.IncompleteRead(b"")
    return b"".join(parts)


def _reason(error: OSError) -> str:
    verify = getattr(error, "verify_message", None)
    if verify:
        return f"its certificate is not trusted ({verify}); give the authority's as ca=FILE"
    return (error.strerror or str(error) or type(error).__name__).lower()


def _proxy_for(scheme: str, host: str, port: int) -> _Proxy | None:
    """The proxy that the environment names for this server, as curl and botocore read it."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
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
        from urllib.parse import unquote

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = "Basic " + b64encode(login).decode()
    return _Proxy(parts.hostname, parts.port or 80, headers)
