"""Any bytes in any pieces: the connection answers or closes, and nothing is raised; through the parser alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.server.exchange import Answer, Exchange
from wellkept.server.http1 import Bounds, Listener
from wellkept.server.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class App:
    limits = Limits()

    def now(self, exchange: Exchange) -> Answer | None:
        return None if exchange.target.startswith(b"/slow") else Answer(200, b"%d" % len(exchange.body))

    def slow(self, exchange: Exchange) -> Answer:
        return Answer(200, b"slow")


class Later:
    """A pool whose work is done when told to."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def submit(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.work.append(lambda: done(work()))


class Transport:
    def __init__(self) -> None:
        self.sent = b""
        self.closed = False
        self.reading = True

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else None

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


piece = st.sampled_from(
    [
        b"GET /now HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", b"LIST /now HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3\r\nabc\r\n", b"0\r\n\r\n", b"\r\n", b"Host: x\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"HEAD /now HTTP/1.0\r\n\r\n",
        b"Content-Length: 99999\r\n", b"Upgrade: h2c\r\nConnection: upgrade\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"A" * 3000,
    ]
) | st.binary(max_size=40)  # fmt: skip


@given(st.lists(piece, max_size=12), st.lists(st.integers(1, 200), max_size=10), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_bytes_in_any_pieces(
    loop: asyncio.AbstractEventLoop, pieces: list[bytes], cuts: list[int], eof: bool
) -> None:
    pool = Later()
    listener = Listener(App(), pool, bounds=Bounds(header=2000, body=1000, line=4))  # type: ignore[arg-type]
    listener.loop = loop
    connection, transport = listener(), Transport()
    connection.connection_made(transport)
    data = b"".join(pieces)
    while data and not transport.closed:
        cut = cuts.pop() if cuts else len(data)
        connection.data_received(data[:cut])
        data = data[cut:]
        if len(pool.work) and cut % 2:
            pool.work.pop(0)()
    if eof and not transport.closed:
        connection.eof_received()
    while pool.work:
        pool.work.pop(0)()
    connection.expire() if not transport.closed else None
    connection.connection_lost(None)
    assert not listener.connections
    assert re.fullmatch(rb"(HTTP/1\.1 \d{3} .*)?", transport.sent, re.DOTALL)
    for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", transport.sent):
        assert status in (b"100", b"200", b"400", b"408", b"413", b"414", b"417", b"431")
