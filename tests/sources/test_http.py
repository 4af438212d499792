"""The small HTTP client: kept connections, one total time, TLS, proxies, and failures sorted without a trace."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time

import pytest

from wellkept.errors import ConfigError, Malformed, Unavailable
from wellkept.sources._http import HttpClient
from wellkept.sources.vault import http1
from wellkept.testing.certificates import Authority
from wellkept.testing.faults import FaultProxy, answer, not_http, reset

TOKEN = "t0ken-of-the-caller"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def server():
    """A server that answers everything with 200 and a body, until a test says otherwise."""
    with FaultProxy(NOWHERE) as proxy:
        yield proxy


def fine(body=b"fine"):
    return answer(200, body)


def get(client, path="/", timeout=5.0):
    return client.request("GET", path, headers={"Authorization": TOKEN}, timeout=timeout)


def failure(client, kind, timeout=5.0):
    with pytest.raises(kind) as caught:
        get(client, timeout=timeout)
    error = caught.value
    assert error.__context__ is None, "an exception of the library is chained: it can quote what was sent"
    assert error.__cause__ is None
    assert TOKEN not in str(error)
    return str(error)


def test_any_status_is_an_answer_and_headers_have_no_case(server):
    server.fault(answer(418, b"tea", {"X-Why": "short"}))
    reply = get(HttpClient(server.url), "/pot?x=1")
    assert (reply.status, reply.body, reply.headers.get("x-why")) == (418, b"tea", "short")
    assert server.requests[0].path == "/pot?x=1"
    assert server.requests[0].header("host") == f"127.0.0.1:{server.port}"


def test_the_path_of_the_base_comes_first(server):
    server.fault(fine())
    get(HttpClient(server.url + "/behind/"), "/v1/x")
    assert server.requests[0].path == "/behind/v1/x"


def connections(server, requests):
    """How many connections ``requests`` make: each new one is accepted by ``server``'s own socket."""
    seen = set()

    def play(exchange):
        seen.add(exchange._handler.client_address)
        exchange.send(_reply())

    server.fault(play)
    requests()
    return len(seen)


def _reply(body=b"fine"):
    from wellkept.testing.faults import Reply

    return Reply(200, [], body)


def test_requests_one_after_another_share_one_connection(server):
    client = HttpClient(server.url)
    assert connections(server, lambda: [get(client) for _ in range(5)]) == 1


def test_a_chunked_answer_leaves_the_connection_usable(server):
    def play(exchange):
        exchange._handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfin\r\n1\r\ne\r\n0\r\n\r\n"
        )

    server.fault(play, times=1)
    server.fault(fine(b"again"))
    client = HttpClient(server.url)
    assert get(client).body == b"fine"
    assert get(client).body == b"again"


def test_threads_do_not_get_each_others_answers(server):
    def play(exchange):
        exchange.send(_reply(exchange.request.path.encode()))

    server.fault(play)
    client = HttpClient(server.url)
    wrong = []

    def many(number):
        for turn in range(25):
            path = f"/{number}/{turn}"
            if get(client, path).body != path.encode():
                wrong.append(path)

    threads = [threading.Thread(target=many, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(server.requests) == 200


def test_a_kept_connection_that_the_server_closed_is_replaced_silently(server):
    server.fault(fine())
    client = HttpClient(server.url)
    get(client)
    server.refuse()
    server.accept()
    assert get(client).body == b"fine"


def test_a_new_connection_that_breaks_is_not_tried_again(server):
    server.fault(reset())
    assert "closed the connection" in failure(HttpClient(server.url), Unavailable)
    assert len(server.requests) == 1


def test_a_refused_connection_is_unavailable_and_says_where(server):
    server.refuse()
    message = failure(HttpClient(server.url), Unavailable)
    assert f"127.0.0.1:{server.port}" in message
    assert "refused" in message


def test_a_name_that_does_not_resolve_is_unavailable():
    failure(HttpClient("http://no-such-host.invalid"), Unavailable)


def test_the_time_is_up_in_all_even_when_bytes_keep_dripping(server):
    def drip(exchange):
        exchange._handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            exchange._handler.wfile.write(b"x")
            exchange._handler.wfile.flush()
            exchange.wait(0.05)

    server.fault(drip)
    begin = time.monotonic()
    assert "in time" in failure(HttpClient(server.url), Unavailable, timeout=0.3)
    assert time.monotonic() - begin < 3, "each byte bought more time"


def test_half_an_answer_is_unavailable(server):
    server.fault(lambda exchange: exchange.send(_reply(), body_bytes=2))
    assert "half-way" in failure(HttpClient(server.url), Unavailable)


def test_headers_cut_short_are_unavailable(server):
    server.fault(lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\nContent-Ty"))
    assert "half-way" in failure(HttpClient(server.url), Unavailable)


def test_what_is_no_http_is_malformed(server):
    server.fault(not_http())
    assert "no HTTP" in failure(HttpClient(server.url), Malformed)


def test_an_endless_answer_is_malformed_before_it_fills_the_memory(server, monkeypatch):
    monkeypatch.setattr(http1, "MAX_BODY", 100_000)
    server.fault(fine(b"x" * 1_000_000))
    assert "more than 100000 bytes" in failure(HttpClient(server.url), Malformed)


def test_a_header_that_http_cannot_carry_is_refused_without_quoting_it(server):
    client = HttpClient(server.url)
    with pytest.raises(ConfigError) as caught:
        client.request("GET", "/", headers={"Authorization": TOKEN + "\n"}, timeout=5)
    assert TOKEN not in str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(ConfigError) as caught:
        client.request("GET", "/", headers={"Authorization": TOKEN + "…"}, timeout=5)
    assert caught.value.__context__ is None
    assert server.requests == []


def test_a_failed_request_does_not_spoil_the_next(server):
    server.fault(lambda exchange: exchange.send(_reply(), body_bytes=2), times=1)
    server.fault(fine())
    client = HttpClient(server.url)
    failure(client, Unavailable)
    assert get(client).body == b"fine"


def test_closed_and_used_again(server):
    server.fault(fine())
    client = HttpClient(server.url)
    get(client)
    client.close()
    client.close()
    assert get(client).body == b"fine"


def test_after_a_fork_parent_and_child_have_connections_of_their_own(server):
    server.fault(lambda exchange: exchange.send(_reply(exchange.request.path.encode())))
    client = HttpClient(server.url)
    get(client, "/before")
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage does not see it
        code = 1
        try:
            client.after_fork()
            code = 0 if all(get(client, "/child").body == b"/child" for _ in range(20)) else 2
        finally:
            os._exit(code)
    assert all(get(client, "/parent").body == b"/parent" for _ in range(20))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def tls_server(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate_file, authority.key_file)
    with FaultProxy(NOWHERE, tls=context) as proxy:
        proxy.fault(fine())
        yield proxy


def test_a_private_ca_is_trusted_when_given(tls_server, authority):
    assert get(HttpClient(tls_server.url, ca=authority.ca_file)).body == b"fine"


def test_an_unknown_ca_is_refused_and_the_message_says_what_to_do(tls_server):
    assert "with ca=" in failure(HttpClient(tls_server.url), Unavailable)
    assert tls_server.requests == []


def test_a_ca_file_that_is_none_is_a_configuration_error(tls_server, tmp_path):
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        if path.name == "empty.pem":
            path.write_text("nothing")
        with pytest.raises(ConfigError, match=path.name):
            get(HttpClient(tls_server.url, ca=str(path)))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://x", "127.0.0.1:80", "http://", "https://user:pw@host/", "http://host:port/", "http://[::1/"),
        *("http://host/a b", "http://höst/", "http://host/a\r\nX-Evil: 1"),
    ],
)
def test_an_endpoint_that_is_none_or_holds_a_credential_is_refused(url):
    with pytest.raises(ConfigError) as caught:
        HttpClient(url)
    assert "pw" not in str(caught.value)


def test_the_proxy_of_the_environment_is_used_with_its_login(server, monkeypatch):
    server.fault(fine())
    monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{server.port}")
    assert get(HttpClient("http://far.example"), "/x").body == b"fine"
    (request,) = server.requests
    assert request.path == "http://far.example/x"
    assert request.header("host") == "far.example"


def test_an_address_in_no_proxy_is_asked_directly(server, monkeypatch):
    server.fault(fine())
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    get(HttpClient(server.url), "/x")
    assert server.requests[0].path == "/x"


def test_https_goes_through_the_proxy_as_a_tunnel(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{server.port}")
    failure(HttpClient("https://far.example"), Unavailable)  # this proxy makes no tunnels
    assert server.requests == []


class Tunnels:
    """A proxy that connects through, when it is asked with the right login."""

    def __init__(self, login=None):
        self.login = login
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.asked.append(head.decode())
        if self.login and f"Proxy-Authorization: Basic {self.login}" not in self.asked[-1]:
            client.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno")
            client.close()
            return
        host, port = head.split()[1].decode().split(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
        self._copy(client, server)

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        target.close()

    def close(self):
        self.listener.close()


def test_https_through_a_tunnel_reaches_the_server_and_hides_the_request_from_the_proxy(
    tls_server, authority, monkeypatch
):
    tunnels = Tunnels(login="bWU6cGFzcw==")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass@{tunnels.address}")
    client = HttpClient(tls_server.url, ca=authority.ca_file)
    assert get(client).body == b"fine"
    assert get(client).body == b"fine"
    assert len(tunnels.asked) == 1, "the tunnel is kept"
    assert TOKEN not in tunnels.asked[0]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:wrong@{tunnels.address}")
    message = failure(HttpClient(tls_server.url, ca=authority.ca_file), Unavailable)
    assert "status 407" in message
    assert "wrong" not in message
    tunnels.close()
