"""The transport against clients that are slow, greedy, confused or hostile. The app behind it answers with what it got."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from wellkept.server.exchange import Answer, Exchange
from wellkept.server.http1 import Bounds, Listener, Times
from wellkept.server.limits import Limits
from wellkept.server.pool import Pool
from wellkept.server.serve import new_loop

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


class Echo:
    """``/now`` is answered on the loop, ``/large`` with a megabyte; all else in a thread, ``/wait`` when told to."""

    limits = Limits(duration=30)

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)

    def now(self, exchange: Exchange) -> Answer | None:
        if exchange.target.startswith(b"/now"):
            return self._answer(exchange)
        if exchange.target == b"/large":
            return Answer(200, b"x" * (1 << 20))
        return None

    def slow(self, exchange: Exchange) -> Answer:
        if exchange.target == b"/wait":
            self.begun.release()
            assert self.go.wait(20)
        return self._answer(exchange)

    def _answer(self, exchange: Exchange) -> Answer:
        if exchange.target.endswith(b"/nothing"):
            return Answer(204)
        return Answer(200, b"%b %b %d" % (exchange.method.encode(), exchange.target, len(exchange.body)))


class Running:
    def __init__(
        self, *, app: Echo | None = None, tls: ssl.SSLContext | None = None, **options: object
    ) -> None:
        self.app = app or Echo()
        self.tls = tls
        self.loop = new_loop()
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.address = self.sock.getsockname()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started, options))
        self.thread.start()
        started.wait()

    def _run(self, started: threading.Event, options: dict[str, object]) -> None:
        asyncio.set_event_loop(self.loop)
        self.pool = Pool(self.loop, 4)
        self.listener = Listener(self.app, self.pool, **options)  # type: ignore[arg-type]
        self.listener.start(self.loop)
        self.server = self.loop.run_until_complete(
            self.loop.create_server(self.listener, sock=self.sock, ssl=self.tls)
        )
        self.loop.call_soon(started.set)
        self.loop.run_forever()
        self.loop.close()

    def connect(self) -> socket.socket:
        made = socket.create_connection(self.address, timeout=20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def say(self, data: bytes) -> bytes:
        """Send, say no more, and read until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return read_all(client)

    def drain(self, patience: float) -> asyncio.Future[None]:
        self.loop.call_soon_threadsafe(self.server.close)
        return asyncio.run_coroutine_threadsafe(self.listener.drain(patience), self.loop)  # type: ignore[return-value]

    def close(self) -> None:
        self.app.go.set()
        self.drain(5).result(20)  # type: ignore[call-arg]
        self.pool.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def read_all(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        parts.append(b"<reset>")
    return b"".join(parts)


def read_answer(client: socket.socket) -> bytes:
    """One answer with a body of known length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(1)
        assert part, data
        data += part
    head = data.decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
    while length:
        part = client.recv(length)
        length -= len(part)
        data += part
    return data


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(**options: object) -> Running:
        made.append(Running(**options))
        return made[-1]

    yield start
    for each in made:
        each.close()


GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_connection_serves_many_requests_one_after_the_other(start: Callable[..., Running]) -> None:
    with start().connect() as client:
        for number in range(5):
            client.sendall(GET % b"/now/%d" % number)
            assert read_answer(client).endswith(b"GET /now/%d 0" % number)


def test_pipelined_requests_are_answered_in_order_though_some_wait_for_threads(
    start: Callable[..., Running],
) -> None:
    running = start()
    paths = [b"/wait", b"/now/1", b"/thread/2", b"/now/3"]
    with running.connect() as client:
        client.sendall(b"".join(GET % path for path in paths))
        running.app.begun.acquire(timeout=10)
        running.app.go.set()
        assert [read_answer(client).rpartition(b"\r\n")[2] for _ in paths] == [
            b"GET %b 0" % path for path in paths
        ]


def test_a_thousand_requests_in_one_piece_are_all_answered(start: Callable[..., Running]) -> None:
    answer = start().say((GET % b"/now") * 1000)
    assert answer.count(b"HTTP/1.1 200 OK") == 1000


def test_a_client_that_closed_its_side_is_still_answered(start: Callable[..., Running]) -> None:
    running = start()
    with running.connect() as client:
        client.sendall(GET % b"/wait")
        client.shutdown(socket.SHUT_WR)
        running.app.begun.acquire(timeout=10)
        running.app.go.set()
        assert read_all(client).endswith(b"GET /wait 0")


def test_bytes_that_come_one_at_a_time_make_a_request(start: Callable[..., Running]) -> None:
    with start().connect() as client:
        for byte in b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            client.sendall(bytes((byte,)))
        assert read_answer(client).endswith(b"POST /a 3")


def test_a_chunked_body_arrives_whole(start: Callable[..., Running]) -> None:
    body = b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
    answer = start().say(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert answer.endswith(b"POST /a 7")


def test_a_client_that_expects_to_be_told_to_go_on_is_told(start: Callable[..., Running]) -> None:
    with start().connect() as client:
        client.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert read_answer(client).endswith(b"POST /a 2")


def test_an_upgrade_of_the_protocol_is_declined_by_answering_as_usual(start: Callable[..., Running]) -> None:
    with start().connect() as client:
        client.sendall(
            b"GET /now/1 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + GET % b"/now/2"
        )
        assert read_answer(client).endswith(b"GET /now/1 0")
        assert read_answer(client).endswith(b"GET /now/2 0")
        client.sendall(GET % b"/now/3")
        assert read_answer(client).endswith(b"GET /now/3 0")


def test_head_and_204_have_no_body(start: Callable[..., Running]) -> None:
    answer = start().say(b"HEAD /now HTTP/1.1\r\nHost: x\r\n\r\n" + GET % b"/now/nothing")
    first, second, rest = answer.split(b"\r\n\r\n")
    assert b"Content-Length: 11" in first
    assert b"204 No Content" in second
    assert b"Content-Length" not in second
    assert rest == b""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /now HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /now HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"400"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n", b"400"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999999\r\n\r\n", b"4"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 3\r\n\r\nabc", b"417"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /now HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET /now HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: a\r\n" % n for n in range(300)) + b"\r\n", b"431"),
    ],
    ids=[
        "no-host", "two-hosts", "nonsense", "tls", "smuggling", "two-lengths", "negative", "bad-chunk", "too-large",
        "absurd", "expectation", "long-path", "long-header", "many-headers",
    ],
)  # fmt: skip
def test_what_is_malformed_or_too_large_is_refused_and_the_connection_closed(
    start: Callable[..., Running], request_: bytes, status: bytes
) -> None:
    running = start(bounds=Bounds(body=1 << 20))
    answer = running.say(request_ + GET % b"/now/after")
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert b"/now/after" not in answer
    assert b"Connection: close" in answer
    assert running.say(GET % b"/now").endswith(b"GET /now 0")


def test_a_chunked_body_above_the_limit_is_refused_when_it_exceeds_it(start: Callable[..., Running]) -> None:
    running = start(bounds=Bounds(body=1000))
    with running.connect() as client:
        client.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"200\r\n" + b"a" * 512 + b"\r\n")
        client.sendall(b"200\r\n" + b"a" * 512 + b"\r\n")
        assert read_answer(client).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("chunked", [False, True], ids=["header", "trailer"])
def test_a_header_that_never_ends_is_refused_before_it_fills_the_memory(
    start: Callable[..., Running], chunked: bool
) -> None:
    begin = b"GET /now HTTP/1.1\r\nHost: x\r\n"
    if chunked:
        begin = b"POST /now HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    with start().connect() as client:
        client.sendall(begin + b"A: ")
        sent = 0
        try:
            while sent < 50 << 20:
                sent += client.send(b"a" * (1 << 16))
        except OSError:
            pass
        assert sent < 50 << 20


def test_what_failed_is_said_after_the_answers_to_what_came_before(start: Callable[..., Running]) -> None:
    running = start()
    with running.connect() as client:
        client.sendall(GET % b"/wait" + GET % b"/now/2" + b"nonsense\r\n\r\n")
        running.app.begun.acquire(timeout=10)
        running.app.go.set()
        assert b"/wait" in read_answer(client)
        assert b"/now/2" in read_answer(client)
        assert read_answer(client).startswith(b"HTTP/1.1 400")
        assert client.recv(1) == b""


@pytest.mark.slow
def test_who_takes_too_long_is_cut_off_wherever_it_stands(start: Callable[..., Running]) -> None:
    running = start(times=Times(header=0.1, body=0.1, idle=0.1, write=0.1))
    running.app.limits = Limits(duration=0.1)
    with (
        running.connect() as header,
        running.connect() as body,
        running.connect() as idle,
        running.connect() as busy,
    ):
        header.sendall(b"GET /now HTTP/1.1\r\nHo")
        body.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        idle.sendall(GET % b"/now")
        busy.sendall(GET % b"/wait")
        assert read_all(header).startswith(b"HTTP/1.1 408")
        assert read_all(body).startswith(b"HTTP/1.1 408")
        assert read_all(idle).startswith(b"HTTP/1.1 200")
        assert read_all(busy).startswith(b"HTTP/1.1 504")
    with running.connect() as silent:
        assert read_all(silent) == b""


@pytest.mark.slow
def test_a_client_that_does_not_read_is_not_served_without_end(start: Callable[..., Running]) -> None:
    running = start(times=Times(write=0.5))
    with running.connect() as client:
        client.settimeout(5)
        sent = 0
        try:
            while sent < 2000:
                client.sendall(GET % b"/large")
                sent += 1
        except OSError:
            pass
        deadline = time.monotonic() + 15
        while running.listener.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not running.listener.connections


def test_draining_answers_what_was_asked_and_closes_the_rest(start: Callable[..., Running]) -> None:
    running = start()
    with running.connect() as busy, running.connect() as idle:
        idle.sendall(GET % b"/now")
        read_answer(idle)
        busy.sendall(GET % b"/wait")
        running.app.begun.acquire(timeout=10)
        drained = running.drain(20)
        assert idle.recv(1) == b""
        assert not drained.done()
        running.app.go.set()
        answer = read_all(busy)
        assert answer.endswith(b"GET /wait 0")
        assert b"Connection: close" in answer
        drained.result(20)  # type: ignore[call-arg]
        with pytest.raises(ConnectionRefusedError):
            running.connect()


def test_above_the_number_of_connections_new_ones_are_turned_away(start: Callable[..., Running]) -> None:
    running = start(most=2)
    with running.connect() as first, running.connect() as second:
        for client in (first, second):
            client.sendall(GET % b"/now")
            read_answer(client)
        with running.connect() as third:
            assert read_all(third) in (b"", b"<reset>")
        first.sendall(GET % b"/now")
        assert read_answer(first).startswith(b"HTTP/1.1 200")
