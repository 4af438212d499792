"""The faulty network does what it says: each fault, as a client on a plain socket sees it."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wellkept.testing.faults import (
    FaultProxy,
    answer,
    cut,
    delay,
    garbage,
    hang,
    not_http,
    reset,
    rewrite,
)


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Path", self.path)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(echo):
    with FaultProxy(echo) as proxy:
        yield proxy


def post(proxy, body=b"hello", path="/x?y=1", timeout=5):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("POST", path, body, {"X-Mark": "1"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_without_a_fault_everything_passes_and_is_written_down(proxy):
    assert post(proxy) == (200, b"hello")
    (request,) = proxy.requests
    assert (request.method, request.path, request.body) == ("POST", "/x?y=1", b"hello")
    assert request.header("X-Mark") == "1"


def test_one_connection_serves_many_requests(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    for number in range(3):
        connection.request("POST", "/", str(number).encode())
        assert connection.getresponse().read() == str(number).encode()
    connection.close()


def test_a_fault_lasts_as_often_as_it_was_told_to_and_only_where_it_applies(proxy):
    proxy.fault(
        answer(429, "later", {"Retry-After": "3"}), times=2, when=lambda request: request.path == "/a"
    )
    assert post(proxy, path="/b") == (200, b"hello")
    assert post(proxy, path="/a") == (429, b"later")
    assert post(proxy, path="/a") == (429, b"later")
    assert post(proxy, path="/a") == (200, b"hello")


def test_half_an_answer_is_noticed_by_the_client(proxy):
    proxy.fault(cut(after_bytes=2))
    with pytest.raises(http.client.IncompleteRead):
        post(proxy)


def test_a_reset_leaves_no_answer(proxy):
    proxy.fault(reset())
    with pytest.raises(ConnectionError):
        post(proxy)


@pytest.mark.parametrize("fault", [delay(60), hang(), hang(after_bytes=2)])
def test_a_slow_server_outlasts_the_client(proxy, fault):
    proxy.fault(fault)
    with pytest.raises(TimeoutError):
        post(proxy, timeout=0.2)


def test_garbage_and_what_is_no_http(proxy):
    proxy.fault(garbage(b"\xff"), times=1)
    proxy.fault(not_http(), times=1)
    assert post(proxy) == (200, b"\xff")
    with pytest.raises(http.client.BadStatusLine):
        post(proxy)


def test_an_answer_can_be_rewritten(proxy):
    proxy.fault(rewrite(bytes.upper))
    assert post(proxy) == (200, b"HELLO")


def test_a_refused_connection_comes_back_on_the_same_port(proxy):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        post(proxy)
    proxy.accept()
    assert post(proxy) == (200, b"hello")


def test_a_connection_that_stands_is_broken_off_by_refusing(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    connection.request("POST", "/", b"1")
    connection.getresponse().read()
    proxy.refuse()

    def ask_again():
        connection.request("POST", "/", b"2")
        return connection.getresponse().read()

    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask_again()
    connection.close()


def test_clear_forgets_faults_and_records(proxy):
    proxy.fault(answer(500))
    post(proxy)
    proxy.refuse()
    proxy.clear()
    assert post(proxy) == (200, b"hello")
    assert len(proxy.requests) == 1
