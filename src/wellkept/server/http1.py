"""HTTP/1.1 over asyncio: the transport of ``wellkept server``. httptools (llhttp) parses, uvloop drives.

One ``Connection`` a client. Requests on it are answered in order, one at a time; those that the app can answer
from memory are answered in the same turn of the loop, with no task and no future. What a client may hold is
bounded everywhere: size and number of headers, size of the body, time for each, requests waiting in line,
answers that it does not read. Times are checked by one sweep a second over all connections, which costs a
request nothing. Why not an existing server: decision 0170.
"""

from __future__ import annotations

import asyncio
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import httptools

from .exchange import Answer, Exchange, refuse
from .limits import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.turn import Turn
    from ..errors import WellkeptError
    from .app import App
    from .pool import Pool


class Times(NamedTuple):
    """Seconds. ``header``: from the first byte of a request to the last of its headers; ``body``: until it is
    whole; ``idle``: between requests; ``write``: for a client to read what it asked for."""

    header: float = 10.0
    body: float = 30.0
    idle: float = 300.0
    write: float = 60.0


class Bounds(NamedTuple):
    """What one connection may send. Bytes, but for ``header_count`` and ``line``: requests sent before the answer.

    ``together``: of the bodies that all connections hold. Above it who holds more than ``little`` is turned away,
    or a few strangers who send as much as each may would fill the memory before anybody asks for their token.
    """

    header: int = 64 * 1024
    header_count: int = 200
    body: int = MAX_BODY
    line: int = 64
    together: int = 4 * MAX_BODY
    little: int = 64 * 1024


class Listener:
    """What the connections of one listener share: the app, the bounds, and the set of them all."""

    def __init__(
        self,
        app: App,
        pool: Pool,
        *,
        times: Times | None = None,
        bounds: Bounds | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        most: int = 0,
    ) -> None:
        self.app = app
        self.pool = pool
        self.times = times or Times()
        self.bounds = bounds or Bounds()
        self.most = most
        self.connections: set[Connection] = set()
        self.held = 0
        self.draining = False
        self._extra = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._heads: dict[tuple[int, bytes], bytes] = {}
        self.date = b""
        self.now = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: asyncio.Future[None] | None = None
        self._new_turn: Callable[[], Turn | None] = getattr(app, "turn", lambda: None)
        self._in_turn = False
        self._turn: Turn | None = None
        self._leaving: list[tuple[Connection, Exchange, Answer]] = []

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the sweep over the connections."""
        self.loop = loop
        self._sweep()

    def __call__(self) -> Connection:
        """A protocol for a new connection."""
        return Connection(self)

    def _sweep(self) -> None:
        self.now = now = self.loop.time()
        self.date = b"Date: " + formatdate(usegmt=True).encode() + b"\r\n"
        for connection in [each for each in self.connections if each.deadline < now]:
            connection.expire()
        self._timer = self.loop.call_later(1.0, self._sweep)

    def head(self, status: int, content_type: bytes) -> bytes:
        """The beginning of an answer, up to the length of its body."""
        known = self._heads.get((status, content_type))
        if known is None:
            if len(self._heads) > 256:
                self._heads.clear()
            try:
                phrase = HTTPStatus(status).phrase
            except ValueError:
                phrase = "Status"
            known = (
                b"HTTP/1.1 %d %b\r\nCache-Control: no-store\r\n" % (status, phrase.encode())
                + (b"Content-Type: %b\r\n" % content_type if status != 204 else b"")
                + b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
                + self._extra
            )
            self._heads[status, content_type] = known
        return known

    async def drain(self, patience: float) -> None:
        """Answer what was asked, and close; after ``patience`` seconds close all the same."""
        self.draining = True
        self.end_turn()
        for connection in list(self.connections):
            connection.finish()
        if self.connections:
            self._stopped = self.loop.create_future()
            try:
                await asyncio.wait_for(self._stopped, patience)
            except TimeoutError:
                for connection in list(self.connections):
                    connection.abort()
        if self._timer is not None:
            self._timer.cancel()

    def turn(self) -> Turn | None:
        """What is answered until ``end_turn`` leaves with it, recorded by one write."""
        if not self._in_turn:
            self._in_turn = True
            self._turn = self._new_turn()
            self.loop.call_soon(self.end_turn)
        return self._turn

    def hold(self, connection: Connection, exchange: Exchange, answer: Answer) -> None:
        """Have it leave at the end of the turn."""
        self._leaving.append((connection, exchange, answer))

    def end_turn(self) -> WellkeptError | None:
        """Write the records, and then the answers; errors in place of those, when there is no record of them. Why
        there is none."""
        if not self._in_turn:
            return None
        self._in_turn = False
        turn, self._turn = self._turn, None
        leaving, self._leaving = self._leaving, []
        failure = None if turn is None else turn.write()
        for connection, exchange, answer in leaving:
            if failure is not None and exchange.request is not None:
                answer = self.app.failed(failure, exchange)
            connection.send(exchange, answer)
        return failure

    def lost(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if self._stopped is not None and not self.connections and not self._stopped.done():
            self._stopped.set_result(None)


_REPEATED = 256
"""What a header that repeats another's name counts for, in bytes: joining them takes more than their length."""

_STAND_INS = ((b"LIST ", b"LOCK "), (b"SCAN ", b"BIND "))
"""Methods of Vault's, and the parser's own of the same length in whose place they stand while it reads."""


class Connection(asyncio.Protocol):
    """One client."""

    __slots__ = (
        "_body",
        "_busy",
        "_certificate",
        "_closing",
        "_eof",
        "_farewell",
        "_fed",
        "_head",
        "_headers",
        "_held",
        "_line",
        "_listener",
        "_open",
        "_parser",
        "_paused",
        "_peer",
        "_reading",
        "_size",
        "_start",
        "_target",
        "_transport",
        "_verb",
        "_working",
        "deadline",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser = httptools.HttpRequestParser(self)
        self._line: deque[tuple[Exchange, bool]] = deque()
        self._busy = False
        self._closing = False
        self._eof = False
        self._paused = False
        self._reading = True
        self._open = False  # whether a request has begun and is not whole
        self._farewell: Answer | None = None
        self._start = b""
        self._verb = ""  # a method that the parser does not know, of the request that has begun
        self._certificate: bytes | None = None
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: bytes | bytearray = b""
        self._size = 0
        self._held = 0  # bytes of bodies, from their arrival until they are answered
        self._working = 0  # of these, of the request that a thread is at
        self._head = 0
        self._fed = 0

    # The transport calls these.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        listener = self._listener
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        self.deadline = listener.loop.time() + listener.times.header
        listener.connections.add(self)
        if 0 < listener.most < len(listener.connections):
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._line.clear()
        self._release(self._held - self._working)
        self._listener.lost(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._open:
            self._fed += len(data)
        failure = self._feed(data)
        # What is neither body nor the framing of it: a header or trailer that never ends stays in the parser.
        if (
            failure is None
            and self._open
            and self._fed > self._listener.bounds.header + 8 * self._size + len(data)
        ):
            failure = refuse(431, "the request's headers are too large")
        if failure is not None:
            self._farewell = failure
            self._stop_reading()
        if not self._busy and (self._line or failure is not None):
            self._next()

    def _feed(self, data: bytes) -> Answer | None:
        """What to say when it was no request."""
        if not self._open:
            data = self._known(data)
            if not data:
                return None
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # Declined by answering as usual; what follows is HTTP as before.
                self._parser = httptools.HttpRequestParser(self)
                data = data[upgrade.args[0] :]
                if data:
                    continue
            except httptools.HttpParserCallbackError as error:
                cause = error.__context__ if error.__context__ is not None else error.__cause__
                return cause.answer if isinstance(cause, _Refused) else refuse(400, "malformed request")
            except httptools.HttpParserError:
                return refuse(400, "malformed request")
            return None

    def _known(self, data: bytes) -> bytes:
        """The beginning of a request, a method of Vault's that the parser does not know written as one it knows.

        Empty when so little has come that it cannot be told yet. Only the first of several requests that come in
        one piece is seen here; clients that send several at once do not list.
        """
        data = self._start + data
        self._start = b""
        if data[0] not in b"LS":
            return data
        for verb, stand_in in _STAND_INS:
            if data.startswith(verb):
                self._verb = verb[:-1].decode()
                return stand_in + data[len(verb) :]
            if verb.startswith(data):
                self._start = data
                return b""
        return data

    def eof_received(self) -> bool:
        """The client has said all it will; what it asked is still answered."""
        self._eof = True
        tls = self._transport.get_extra_info("ssl_object") is not None  # TLS has no half-closed connections
        return not tls and (self._busy or bool(self._line))

    def pause_writing(self) -> None:
        self._paused = True
        self._stop_reading()
        self.deadline = self._listener.now + self._listener.times.write

    def resume_writing(self) -> None:
        self._paused = False
        self._wait()
        if not self._busy and (self._line or self._farewell is not None):
            self._next()

    # The parser calls these.

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = {}
        self._body = b""
        self._size = 0
        self._head = 0
        self._fed = 0
        self._open = True
        self.deadline = self._listener.now + self._listener.times.header

    def on_url(self, url: bytes) -> None:
        self._target += url
        if len(self._target) > self._listener.bounds.header:
            raise _Refused(refuse(414, "the path is too long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._headers
        name = name.lower()
        self._head += len(name) + len(value)
        if name in headers:
            if name == b"host":
                raise _Refused(refuse(400, "more than one Host header"))
            value = headers[name] + b", " + value
            self._head += _REPEATED
        headers[name] = value
        if len(headers) > self._listener.bounds.header_count or self._head > self._listener.bounds.header:
            raise _Refused(refuse(431, "the request's headers are too large"))

    def on_headers_complete(self) -> None:
        headers = self._headers
        length = headers.get(b"content-length")
        if length is not None and length.isdigit():
            # More digits than any bound has are not worth converting.
            if len(length) > 18 or int(length) > self._listener.bounds.body:
                raise _Refused(refuse(413, "http: request body too large"))
        elif b"transfer-encoding" not in headers:
            return
        self.deadline = self._listener.now + self._listener.times.body
        if b"expect" in headers:
            if headers[b"expect"].lower() != b"100-continue":
                raise _Refused(refuse(417, "the expectation cannot be met"))
            if not self._busy and not self._line:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        listener, size = self._listener, len(body)
        self._size += size
        self._held += size
        listener.held += size
        if self._size > listener.bounds.body:
            raise _Refused(refuse(413, "http: request body too large"))
        if listener.held > listener.bounds.together and self._held > listener.bounds.little:
            raise _Refused(refuse(503, "the server holds too many large requests at the moment"))
        if not self._body:
            self._body = body  # most come in one piece
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body + body)

    def _release(self, size: int) -> None:
        self._held -= size
        self._listener.held -= size

    def on_message_complete(self) -> None:
        parser = self._parser
        headers = self._headers
        if b"host" not in headers and parser.get_http_version() == "1.1":
            raise _Refused(refuse(400, "missing required Host header"))
        exchange = Exchange(
            self._verb or parser.get_method().decode("ascii"),
            self._target,
            headers,
            bytes(self._body),
            self._peer,
            self._client_certificate,
        )
        self._body = b""
        self._size = 0
        self._open = False
        self._verb = ""
        self._line.append((exchange, parser.should_keep_alive()))
        if len(self._line) >= self._listener.bounds.line:
            self._stop_reading()

    # Answering.

    def _next(self) -> None:
        """Answer what waits in line, until one has to wait for a thread."""
        listener = self._listener
        while self._line and not self._paused and not self._closing:
            exchange, keep = self._line.popleft()
            self.deadline = listener.now + listener.app.limits.duration
            turn = listener.turn()
            answer = listener.app.now(exchange) if turn is None else listener.app.now(exchange, turn)
            if answer is None:
                self._delegate(exchange, keep)
                return
            if exchange.body:
                self._release(len(exchange.body))
            if keep and not listener.draining and not self._eof and len(answer.body) < _LITTLE:
                listener.hold(self, exchange, answer)
            else:
                failure = listener.end_turn()
                if failure is not None and exchange.request is not None:
                    answer = listener.app.failed(failure, exchange)
                self._write(exchange, answer, keep)
        if self._farewell is not None and not self._paused and not self._closing:
            # Where the next request would begin is not known.
            self._write(_NONE, self._farewell, keep=False)
        self._wait()

    def _delegate(self, exchange: Exchange, keep: bool) -> None:
        self._busy = True
        self._working = len(exchange.body)
        app = self._listener.app
        if exchange.together:
            self._listener.pool.together(app, exchange, lambda given: self._done(exchange, given, keep))
            return
        self._listener.pool.submit(
            lambda: app.slow(exchange), lambda given: self._done(exchange, given, keep)
        )

    def _done(self, exchange: Exchange, answer: Answer, keep: bool) -> None:
        self._busy = False
        self._working = 0
        self._release(len(exchange.body))
        if self._closing:
            return
        self._write(exchange, answer, keep)
        if self._closing:
            return
        if (self._line or self._farewell is not None) and not self._paused:
            self._next()
        elif self._eof:
            self._close()
        self._wait()

    def _write(self, exchange: Exchange, answer: Answer, keep: bool) -> None:
        listener = self._listener
        listener.end_turn()  # what is held goes first, and this one's record before it
        if self._closing:
            return
        if listener.draining or (self._eof and not self._line):
            keep = False
        self.send(exchange, answer, keep)
        if not keep:
            self._close()

    def send(self, exchange: Exchange, answer: Answer, keep: bool = True) -> None:
        """Write it to the client."""
        if self._closing:
            return
        listener = self._listener
        status, body, content_type, extra = answer
        head = listener.head(status, content_type)
        for name, value in extra:
            head += name + b": " + value + b"\r\n"
        if status != 204:
            head += b"Content-Length: %d\r\n" % len(body)
        head += listener.date if keep else listener.date + b"Connection: close\r\n"
        silent = status == 204 or exchange.method == "HEAD"
        self._transport.write(head + b"\r\n" if silent else head + b"\r\n" + body)

    def _wait(self) -> None:
        """For the next request."""
        if self._closing or self._busy or self._paused:
            return
        if self._farewell is None:
            self._start_reading()
        if not self._open:
            self.deadline = self._listener.now + self._listener.times.idle

    def _close(self) -> None:
        self._closing = True
        self.deadline = self._listener.now + self._listener.times.write
        self._transport.close()

    def finish(self) -> None:
        """Close as soon as nothing is being answered."""
        if not self._busy and not self._line:
            self._close()

    def abort(self) -> None:
        self._transport.abort()

    def expire(self) -> None:
        """A deadline has passed: which one follows from what the connection is doing."""
        if self._busy:
            # The work cannot be called off; its client need not wait for it.
            self._write(_NONE, refuse(504, "the request took too long"), keep=False)
        elif self._paused or self._closing:
            self._transport.abort()
        elif self._open:
            self._write(_NONE, refuse(408, "the request took too long to arrive"), keep=False)
        else:
            self._close()

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _start_reading(self) -> None:
        if not self._reading and not self._closing:
            self._reading = True
            self._transport.resume_reading()

    def _client_certificate(self) -> bytes | None:
        if self._certificate is None:
            tls = self._transport.get_extra_info("ssl_object")
            self._certificate = (tls.getpeercert(True) or b"") if tls is not None else b""
        return self._certificate or None


_LITTLE = 64 * 1024
"""Bytes of an answer from which on it does not wait for others."""

_NONE = Exchange("GET", b"", {})
"""Stands for a request that did not arrive whole."""


class _Refused(Exception):
    """Leaves the parser with the answer to give."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
