"""Connections are kept, shared, and replaced when the server has closed them; nothing else is sent twice."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from wellkept.errors import Malformed, Unavailable
from wellkept.sources.vault import transport
from wellkept.sources.vault.transport import Pool
from wellkept.testing.faults import FaultProxy, Reply, answer, cut, hang, not_http, reset

REQUEST = b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture
def proxy():
    """Answers everything with ``fine``, until told otherwise."""
    with FaultProxy("http://127.0.0.1:9") as server:
        yield server


@pytest.fixture
def pool(proxy):
    made = Pool("127.0.0.1", proxy.port)
    yield made
    made.close()


def ask(pool, *, again=True, seconds=5.0):
    return pool.exchange(REQUEST, time.monotonic() + seconds, again=again)


def reply(text):
    return Reply(200, [], text.encode())


def test_one_connection_serves_request_after_request(proxy, pool):
    proxy.fault(answer(200, "fine"))
    for _ in range(5):
        assert ask(pool).body == b"fine"
    assert len(pool._idle) == 1
    assert len(proxy._open) == 1


def test_a_kept_connection_that_the_server_closed_is_replaced_without_anybody_noticing(proxy, pool):
    proxy.fault(answer(200, "fine"))
    ask(pool)
    proxy.refuse()
    proxy.accept()
    assert ask(pool).body == b"fine"


def test_a_kept_connection_that_dies_under_the_request_is_replaced_once(proxy, pool):
    proxy.fault(answer(200, "fine"), times=1)
    ask(pool)
    proxy.fault(reset(), times=1)
    proxy.fault(answer(200, "second"))
    assert ask(pool).body == b"second"
    assert len(proxy.requests) == 3


def test_what_must_not_be_sent_twice_is_not(proxy, pool):
    proxy.fault(answer(200, "fine"), times=1)
    ask(pool)
    proxy.fault(reset(), times=1)
    proxy.fault(answer(200, "never seen"))
    with pytest.raises(Unavailable):
        ask(pool, again=False)
    assert len(proxy.requests) == 2


def test_a_new_connection_that_dies_is_not_retried(proxy, pool):
    proxy.fault(reset())
    with pytest.raises(Unavailable):
        ask(pool)
    assert len(proxy.requests) == 1


def test_half_an_answer_on_a_kept_connection_is_not_asked_for_again(proxy, pool):
    proxy.fault(answer(200, "fine"), times=1)
    ask(pool)
    proxy.fault(lambda exchange: exchange.send(reply("half a loaf"), body_bytes=4), times=1)
    with pytest.raises(Unavailable, match="half-way"):
        ask(pool)
    assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (hang(), Unavailable, "did not answer in time"),
        (cut(after_bytes=5), Unavailable, "half-way"),
        (reset(), Unavailable, "reached|without"),
        (not_http(), Malformed, "no HTTP"),
    ],
)
def test_failures_are_sorted(proxy, pool, fault, kind, said):
    proxy.fault(fault)
    with pytest.raises(kind, match=said) as caught:
        ask(pool, seconds=0.3)
    assert f"127.0.0.1:{proxy.port}" in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_connection_refused(proxy, pool):
    proxy.refuse()
    with pytest.raises(Unavailable, match="refused"):
        ask(pool)


def test_a_name_that_does_not_resolve():
    with pytest.raises(Unavailable):
        ask(Pool("no-such-host.invalid", 8200))


def test_a_connection_is_not_kept_longer_than_middle_boxes_remember_it(proxy, pool, monkeypatch):
    proxy.fault(answer(200, "fine"))
    ask(pool)
    first = pool._idle[0][0]
    monkeypatch.setattr(transport, "IDLE", 0.0)
    ask(pool)
    assert pool._idle[0][0] is not first


def test_a_batch_is_on_its_way_together_and_comes_back_in_order(proxy, pool):
    gate = threading.Barrier(transport.WINDOW)

    def together(exchange):
        gate.wait(10)  # broken unless as many requests as the window are under way at once
        exchange.send(reply(exchange.request.path))

    proxy.fault(together, times=transport.WINDOW)
    proxy.fault(lambda exchange: exchange.send(reply(exchange.request.path)))
    requests = [f"GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n".encode() for number in range(20)]
    results = pool.exchange_many(requests, time.monotonic() + 10)
    assert [result.body for result in results] == [f"/{number}".encode() for number in range(20)]


def test_in_a_batch_one_failure_is_one_failure(proxy, pool):
    proxy.fault(not_http(), when=lambda request: request.path == "/3")
    proxy.fault(reset(), when=lambda request: request.path == "/5")
    proxy.fault(answer(200, "fine"))
    requests = [f"GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n".encode() for number in range(12)]
    results = pool.exchange_many(requests, time.monotonic() + 10)
    assert [number for number, result in enumerate(results) if isinstance(result, Exception)] == [3, 5]
    assert isinstance(results[3], Malformed)
    assert isinstance(results[5], Unavailable)


def test_a_batch_over_connections_that_went_stale_is_whole(proxy, pool):
    proxy.fault(answer(200, "fine"))
    pool.exchange_many([REQUEST] * 8, time.monotonic() + 10)
    assert len(pool._idle) > 1
    proxy.refuse()
    proxy.accept()
    results = pool.exchange_many([REQUEST] * 8, time.monotonic() + 10)
    assert all(result.body == b"fine" for result in results)


def test_a_batch_against_nobody_fails_for_each(proxy, pool):
    proxy.refuse()
    results = pool.exchange_many([REQUEST] * 10, time.monotonic() + 5)
    assert all(isinstance(result, Unavailable) for result in results)


def test_a_hanging_batch_ends_at_its_deadline(proxy, pool):
    proxy.fault(hang())
    results = pool.exchange_many([REQUEST] * 30, time.monotonic() + 0.3)
    assert all(isinstance(result, Unavailable) for result in results)


def test_threads_share_connections_and_never_answers(proxy, pool):
    proxy.fault(lambda exchange: exchange.send(reply(exchange.request.path)))
    wrong = []

    def work(number):
        request = f"GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n".encode()
        for _ in range(20):
            body = pool.exchange(request, time.monotonic() + 10, again=True).body
            if body != f"/{number}".encode():
                wrong.append(body)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pool._idle) <= 8


def test_a_forked_child_leaves_the_parents_connections_alone(proxy, pool):
    proxy.fault(answer(200, "fine"))
    ask(pool)
    ours = pool._idle[0][0].sock
    child = os.fork()
    if child == 0:
        try:
            fine = ask(pool).body == b"fine" and pool._idle[0][0].sock is not ours
        except BaseException:
            fine = False
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    connections = len(proxy._open)
    assert ask(pool).body == b"fine"
    assert pool._idle[0][0].sock is ours
    assert len(proxy._open) <= connections


def test_a_resolver_that_hangs_takes_no_longer_than_allowed(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(transport.socket, "getaddrinfo", lambda *_, **__: gate.wait(30))
    with pytest.raises(Unavailable, match="in time"):
        ask(Pool("vault.example.com", 8200), seconds=0.1)
    gate.set()


def test_an_address_that_does_not_answer_leaves_time_for_the_next(proxy, pool, monkeypatch):
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _ in range(4):  # a full queue drops what comes: connecting hangs
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        fillers.append(filler)
    real = socket.getaddrinfo("127.0.0.1", proxy.port, type=socket.SOCK_STREAM)
    silent = [(*real[0][:4], full.getsockname())]
    monkeypatch.setattr(transport, "resolve", lambda *_: silent + real)
    proxy.fault(answer(200, "fine"))
    try:
        assert ask(pool, seconds=1.0).body == b"fine"
    finally:
        for each in (*fillers, full):
            each.close()


def test_names_are_looked_up_and_addresses_are_not(proxy, monkeypatch):
    proxy.fault(answer(200, "fine"))
    assert ask(Pool("localhost", proxy.port)).body == b"fine"
    with pytest.raises(Unavailable):
        ask(Pool("1.2.3.4.5", 1))
    with pytest.raises(Unavailable):
        ask(Pool("a" * 300 + ".example", 1))
