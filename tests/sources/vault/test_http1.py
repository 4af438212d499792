"""One exchange: answers in every legal form, and a refusal for those that are none."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.sources.vault import http1
from wellkept.sources.vault.http1 import ExchangeError, receive


def answered(*parts, close=True, seconds=5.0):
    """What ``receive`` makes of ``parts``, sent one after the other."""
    ours, theirs = socket.socketpair()

    def serve():
        try:
            for part in parts:
                theirs.sendall(part)
            if close:
                theirs.close()
        except OSError:
            pass  # the reader had enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        return receive(ours, time.monotonic() + seconds)
    finally:
        ours.close()
        theirs.close()
        thread.join(5)


def test_a_body_with_a_length():
    answer = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Some:  thing \r\n\r\nhello", close=False)
    assert answer == (200, {"content-length": "5", "x-some": "thing"}, b"hello", True)


def test_an_answer_in_single_bytes():
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    assert answered(*(whole[i : i + 1] for i in range(len(whole))), close=False).body == b"hello"


def test_a_chunked_body_with_extensions_and_trailers():
    body = b"5;x=y\r\nhello\r\n1\r\n \r\nA\r\nwide world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    answer = answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body, close=False)
    assert (answer.body, answer.keep) == (b"hello wide world", True)


def test_a_body_that_ends_with_the_connection():
    answer = answered(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo")
    assert (answer.body, answer.keep) == (b"hello", False)


def test_no_content_and_interim_answers():
    assert answered(b"HTTP/1.1 204 No Content\r\n\r\n", close=False).body == b""
    answer = answered(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", close=False
    )
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close", b"HTTP/1.0 200 OK"])
def test_a_connection_that_will_close_is_not_kept(head):
    assert not answered(head + b"\r\nContent-Length: 0\r\n\r\n").keep


def test_what_follows_the_body_unasked_ends_the_connection():
    assert not answered(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", close=False
    ).keep


HALVES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
]


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_is_broken_off_not_garbage(half):
    with pytest.raises(ExchangeError, match="half-way") as caught:
        answered(half)
    assert caught.value.received
    assert not caught.value.garbage


GARBAGE = [
    b"\x15\x03\x01\x00\x02\x02P\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"HTTP/2 200 OK\r\n\r\n",
    b"HTTP/1.1 2OO OK\r\n\r\n",
    b"HTTP/1.1 099 Odd\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_what_is_no_http_is_garbage_and_not_quoted(garbage):
    with pytest.raises(ExchangeError) as caught:
        answered(garbage)
    assert caught.value.garbage
    assert "hello" not in str(caught.value)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * (http1.MAX_HEAD + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * (http1.MAX_HEAD + 1),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_read(endless):
    with pytest.raises(ExchangeError) as caught:
        answered(endless, close=False)
    assert caught.value.garbage


def test_an_endless_body_without_length_is_cut_off():
    with pytest.raises(ExchangeError, match="more than"):
        answered(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * (http1.MAX_BODY // 65536 + 2))


def test_nothing_at_all_is_told_apart_from_half():
    with pytest.raises(ExchangeError) as caught:
        answered()
    assert not caught.value.received


def test_a_server_that_drips_does_not_stretch_the_deadline():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip():
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.01):
            theirs.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began = time.monotonic()
    with pytest.raises(ExchangeError) as caught:
        receive(ours, began + 0.2)
    took = time.monotonic() - began
    stop.set()
    thread.join()
    ours.close()
    theirs.close()
    assert caught.value.late
    assert caught.value.received
    assert took >= 0.2


class Scripted:
    """A socket that gives ``data`` in pieces of ``step`` bytes, and then its end."""

    def __init__(self, data, step):
        self.data, self.step = data, step

    def settimeout(self, seconds):
        assert seconds > 0

    def recv(self, size):
        piece, self.data = self.data[: min(self.step, size)], self.data[min(self.step, size) :]
        return piece


WHOLE = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\n\r\nhello",
]


@given(
    start=st.sampled_from([*WHOLE, b""]),
    cut=st.integers(0, 80),
    junk=st.binary(max_size=40),
    rest=st.sampled_from([*WHOLE, b""]),
    step=st.integers(1, 100),
)
def test_whatever_comes_is_an_answer_or_a_refusal(start, cut, junk, rest, step):
    try:
        answer = receive(Scripted(start[:cut] + junk + rest, step), time.monotonic() + 60)
    except ExchangeError:
        return
    assert 200 <= answer.status <= 999


@given(answer=st.sampled_from(WHOLE), step=st.integers(1, 100))
def test_the_pieces_in_which_an_answer_comes_make_no_difference(answer, step):
    assert receive(Scripted(answer, step), time.monotonic() + 60).body == b"hello"
