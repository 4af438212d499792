"""One HTTP/1.1 exchange on one connection: strict about time, size and form, and fast.

A read of a secret is one small request and one small answer. ``http.client`` spends a quarter of that
round trip in the parser for electronic mail and cannot bound its total time (its timeout restarts with
every byte that drips in); so the few rules of RFC 9112 that a client needs are here. See decision 0080.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

MAX_HEAD = 64 * 1024
"""Bytes of status line and headers."""

MAX_BODY = 8 * 1024 * 1024
"""Bytes of an answer: a secret of 1 MiB, however it is escaped, or a listing of 100,000 names."""


class Answer(NamedTuple):
    """``headers`` has lower-case names; ``keep`` tells whether the connection may be used again."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep: bool

    def __repr__(self) -> str:
        """Without the body, which may be a secret: tracebacks with local variables print this."""
        return f"<Answer {self.status}, {len(self.body)} bytes>"


class ExchangeError(Exception):
    """No answer. ``received`` tells whether any byte of one had come; ``garbage``, that it was no HTTP.

    The text names what happened and never holds a byte of what was sent or received.
    """

    def __init__(
        self, what: str, *, received: bool = False, garbage: bool = False, late: bool = False
    ) -> None:
        super().__init__(what)
        self.received = received
        self.garbage = garbage
        self.late = late


def remaining(deadline: float) -> float:
    """Seconds until ``deadline`` (a reading of ``time.monotonic``). Raises ``TimeoutError`` when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def send(sock: socket.socket, request: bytes, deadline: float) -> None:
    """Write the whole request. Raises ``OSError`` (``TimeoutError`` among it)."""
    sock.settimeout(remaining(deadline))
    sock.sendall(request)


def receive(sock: socket.socket, deadline: float) -> Answer:
    """Read one answer to a request that was not ``HEAD``. Raises ``ExchangeError`` and ``OSError``."""
    buffer = bytearray()
    try:
        end = _fill_head(sock, buffer, deadline)
        status, headers, version = _parse_head(bytes(buffer[:end]))
        while 100 <= status < 200:  # an interim answer precedes the real one
            del buffer[: end + 4]
            end = _fill_head(sock, buffer, deadline)
            status, headers, version = _parse_head(bytes(buffer[:end]))
        del buffer[: end + 4]
        connection = headers.get("connection", "").lower()
        keep = "close" not in connection and (version != b"HTTP/1.0" or "keep-alive" in connection)
        if "content-encoding" in headers:
            raise ExchangeError("sent a compressed answer, which was not asked for", garbage=True)
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked" or "content-length" in headers:
                raise ExchangeError("framed its answer in a way that cannot be trusted", garbage=True)
            body = _read_chunks(sock, buffer, deadline)
        elif status in (204, 304):
            body = b""
        elif "content-length" in headers:
            size = _number(headers["content-length"])
            _fill(sock, buffer, size, deadline)
            body = bytes(buffer[:size])
            keep = keep and len(buffer) == size
        else:
            keep = False
            while _more(sock, buffer, deadline):
                _check_size(len(buffer))
            if not buffer:
                raise ExchangeError("broke the answer off half-way", received=True)
            body = bytes(buffer)
    except TimeoutError:
        late = ExchangeError("did not answer in time", received=bool(buffer), late=True)
    else:
        return Answer(status, headers, body, keep)
    raise late


def _more(sock: socket.socket, buffer: bytearray, deadline: float) -> bool:
    """Append what comes next; false at the end of the stream."""
    sock.settimeout(remaining(deadline))
    part = sock.recv(65536)
    buffer += part
    return bool(part)


def _fill(sock: socket.socket, buffer: bytearray, size: int, deadline: float) -> None:
    """Read until ``buffer`` holds at least ``size`` bytes."""
    _check_size(size)
    while len(buffer) < size:
        if not _more(sock, buffer, deadline):
            raise ExchangeError("broke the answer off half-way", received=True)


def _fill_head(sock: socket.socket, buffer: bytearray, deadline: float) -> int:
    """Read until the end of the headers is in ``buffer``; returns where they end."""
    end = buffer.find(b"\r\n\r\n")
    while end < 0:
        if len(buffer) > MAX_HEAD:
            raise ExchangeError("sent headers without end", received=True, garbage=True)
        if buffer and not b"HTTP/1.".startswith(buffer[:7]):
            raise ExchangeError("answered with something that is no HTTP", received=True, garbage=True)
        if not _more(sock, buffer, deadline):
            if not buffer:
                raise ExchangeError("closed the connection without an answer")
            raise ExchangeError("broke the answer off half-way", received=True)
        end = buffer.find(b"\r\n\r\n")
    return end


def _parse_head(head: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower-case names; a repeated one joined by a comma) and the protocol's version."""
    first, _, rest = head.decode("latin-1").partition("\r\n")
    code = first[9:12]
    if first[:9] not in ("HTTP/1.1 ", "HTTP/1.0 ") or not (
        code.isascii() and code.isdigit() and len(code) == 3 and code >= "100"
    ):
        raise ExchangeError("answered with something that is no HTTP", received=True, garbage=True)
    headers: dict[str, str] = {}
    for line in rest.split("\r\n") if rest else ():
        name, mark, value = line.partition(":")
        if not mark or not name or name != name.strip():
            raise ExchangeError("sent a header that is none", received=True, garbage=True)
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return int(code), headers, head[:8]


def _read_chunks(sock: socket.socket, buffer: bytearray, deadline: float) -> bytes:
    """A chunked body; ``buffer`` begins with its first chunk's size, or will."""
    body = bytearray()
    while True:
        line = _take_line(sock, buffer, deadline).partition(b";")[0].strip()
        size = int(line, 16) if 0 < len(line) <= 8 and line.isalnum() and _is_hex(line) else -1
        if size < 0:
            raise ExchangeError("sent a chunk without a size", received=True, garbage=True)
        if size == 0:
            while _take_line(sock, buffer, deadline):
                pass  # trailers say nothing that is needed
            return bytes(body)
        _check_size(len(body) + size)
        _fill(sock, buffer, size + 2, deadline)
        if buffer[size : size + 2] != b"\r\n":
            raise ExchangeError("sent a chunk longer than its size", received=True, garbage=True)
        body += buffer[:size]
        del buffer[: size + 2]


def _take_line(sock: socket.socket, buffer: bytearray, deadline: float) -> bytes:
    end = buffer.find(b"\r\n")
    while end < 0:
        if len(buffer) > MAX_HEAD:
            raise ExchangeError("sent a line without end", received=True, garbage=True)
        if not _more(sock, buffer, deadline):
            raise ExchangeError("broke the answer off half-way", received=True)
        end = buffer.find(b"\r\n")
    line = bytes(buffer[:end])
    del buffer[: end + 2]
    return line


def _is_hex(line: bytes) -> bool:
    return not line.strip(b"0123456789abcdefABCDEF")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ExchangeError("sent a length that is no number", received=True, garbage=True)
    return int(text)


def _check_size(size: int) -> None:
    if size > MAX_BODY:
        raise ExchangeError(f"sent more than {MAX_BODY} bytes", received=True, garbage=True)
