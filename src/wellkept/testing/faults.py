"""A faulty network on loopback: an HTTP proxy that delays, cuts, refuses, lies and writes down what it saw.

It stands between a source and its server, real or double, to play what a real server cannot be asked for:
throttling, an outage, half an answer, garbage. Without a fault it passes everything on, so that
``requests`` proves what a source asked for and what it did not::

    with FaultProxy(server_url) as proxy:
        proxy.fault(answer(503), times=2)          # the next two requests, then all is well again
        proxy.fault(delay(30), when=lambda request: request.path == "/slow")
        ...
        assert [request.path for request in proxy.requests] == [...]

A fault is any callable that takes an ``Exchange``; those that most tests need stand below. Waiting ends when
the proxy closes, so a test with a hanging server leaves no thread behind.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
MAX_BODY = 16 * 1024 * 1024


class Request(NamedTuple):
    """What a client asked: ``path`` with its query, ``headers`` with lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name.lower(), default)


class Reply(NamedTuple):
    """What a server answered. ``headers`` as pairs, without those of the connection itself."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request on its way: what a fault works on."""

    def __init__(self, proxy: FaultProxy, handler: BaseHTTPRequestHandler, request: Request) -> None:
        self.proxy = proxy
        self.request = request
        self._handler = handler

    def forward(self) -> Reply:
        """Ask the server behind, and give back what it answered. 502 when it does not."""
        return self.proxy.forward(self.request)

    def send(self, reply: Reply, *, body_bytes: int | None = None) -> None:
        """Answer the client; with ``body_bytes``, promise the whole body and break off after so many."""
        handler = self._handler
        handler.send_response_only(reply.status)
        for name, value in reply.headers:
            if name.lower() not in HOP_BY_HOP and name.lower() != "content-length":
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        if self.request.method != "HEAD":
            handler.wfile.write(reply.body if body_bytes is None else reply.body[:body_bytes])
        if body_bytes is not None:
            self.hang_up()

    def send_raw(self, data: bytes) -> None:
        """Write bytes that need not be HTTP, then hang up."""
        self._handler.wfile.write(data)
        self.hang_up()

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection; with ``reset`` by a TCP RST, as a dying server does."""
        self._handler.close_connection = True
        self._handler.wfile.flush()
        if reset:
            linger = struct.pack("ii", 1, 0)
            self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def wait(self, seconds: float | None) -> None:
        """Let ``seconds`` pass (``None``: for ever), or less when the proxy closes."""
        self.proxy.closing.wait(seconds)


class _Rule:
    __slots__ = ("fault", "left", "when")

    def __init__(
        self, fault: Callable[[Exchange], None], left: int | None, when: Callable[[Request], bool] | None
    ) -> None:
        self.fault = fault
        self.left = left
        self.when = when


class FaultProxy:
    """A proxy before ``upstream`` (``http://host:port``), listening on a free loopback port at once.

    ``tls`` makes it speak TLS to its clients; ``upstream_tls`` is the context used towards an ``https``
    upstream. ``url`` is where clients go; ``requests`` is all they asked, in order.
    """

    def __init__(
        self,
        upstream: str,
        *,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.scheme, parts.hostname or "", parts.port)
        self._tls = tls
        self._upstream_tls = upstream_tls
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.port = 0
        self.accept()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def fault(
        self,
        fault: Callable[[Exchange], None],
        *,
        times: int | None = None,
        when: Callable[[Request], bool] | None = None,
    ) -> None:
        """Play ``fault`` for requests that ``when`` accepts, ``times`` times (``None``: until ``clear``).
        Of several that apply, the one added first is played."""
        with self._lock:
            self._rules.append(_Rule(fault, times, when))

    def clear(self) -> None:
        """No more faults, and a clean record; connections are accepted again."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()
        self.accept()

    def refuse(self) -> None:
        """From now on: connection refused. Connections that stand are broken off."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        with self._lock:
            standing = list(self._open)
        for connection in standing:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone by itself in between

    def accept(self) -> None:
        """Listen (again), on the same port."""
        if self._server is not None:
            return
        proxy = self

        class Handler(_Handler):
            owner = proxy

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hung up first is no news."""

        server = Server(("127.0.0.1", self.port), Handler)
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop; whatever waits is let go."""
        self.closing.set()
        self.refuse()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def forward(self, request: Request) -> Reply:
        """Pass ``request`` on to the server behind, unchanged."""
        scheme, host, port = self._upstream
        connection = (
            http.client.HTTPSConnection(host, port, timeout=60, context=self._upstream_tls)
            if scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=60)
        )
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException) as error:
            return Reply(502, [], f"nothing behind the proxy: {type(error).__name__}".encode())
        finally:
            connection.close()

    def _choose(self, request: Request) -> Callable[[Exchange], None] | None:
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.left != 0 and (rule.when is None or rule.when(request)):
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return None


class _Handler(BaseHTTPRequestHandler):
    owner: FaultProxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an unbuffered answer waits 40 ms for the delayed acknowledgement
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.owner._lock:
            self.owner._open.add(self.connection)

    def finish(self) -> None:
        with self.owner._lock:
            self.owner._open.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers))
        exchange = Exchange(self.owner, self, request)
        fault = self.owner._choose(request)
        if fault is None:
            exchange.send(exchange.forward())
        else:
            fault(exchange)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_LIST = _serve  # noqa: N815

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        return self.rfile.read(min(int(headers.get("content-length") or 0), MAX_BODY))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(64).split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline(8)
        self.rfile.readline(8)
        return body

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: ``requests`` is the record."""


def answer(
    status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None
) -> Callable[[Exchange], None]:
    """Answer so, without asking the server behind."""
    data = body.encode() if isinstance(body, str) else body
    pairs = list((headers or {}).items())
    return lambda exchange: exchange.send(Reply(status, pairs, data))


def delay(seconds: float) -> Callable[[Exchange], None]:
    """Wait, then pass on as if nothing were."""

    def play(exchange: Exchange) -> None:
        exchange.wait(seconds)
        exchange.send(exchange.forward())

    return play


def hang(*, after_bytes: int | None = None) -> Callable[[Exchange], None]:
    """Take the request and never answer; or stop for ever after so many bytes of the answer's body."""

    def play(exchange: Exchange) -> None:
        if after_bytes is not None:
            exchange.send(exchange.forward(), body_bytes=after_bytes)
            exchange._handler.wfile.flush()
        exchange.wait(None)
        exchange.hang_up()

    return play


def cut(*, after_bytes: int = 0) -> Callable[[Exchange], None]:
    """Half an answer: promise the whole body, send so many bytes of it, hang up."""
    return lambda exchange: exchange.send(exchange.forward(), body_bytes=after_bytes)


def reset() -> Callable[[Exchange], None]:
    """Break the connection off without a byte of an answer."""
    return lambda exchange: exchange.hang_up(reset=True)


def garbage(data: bytes = b"\x00\xff not what was asked for \xfe{") -> Callable[[Exchange], None]:
    """A well-formed 200 whose body makes no sense."""
    return answer(200, data, {"Content-Type": "application/json"})


def not_http(data: bytes = b"\x15\x03\x01\x00\x02\x02P\r\n\r\n") -> Callable[[Exchange], None]:
    """Bytes that are no HTTP at all."""
    return lambda exchange: exchange.send_raw(data)


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Exchange], None]:
    """Pass on, with the body of the answer changed."""

    def play(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.send(reply._replace(body=change(reply.body)))

    return play
