"""Through the environment's proxy, as a tunnel: the proxy sees where to, and nothing of what is said."""

from __future__ import annotations

import socket
import threading

import pytest

from wellkept.errors import Unavailable


class Tunnel:
    """A proxy that knows CONNECT only; ``heard`` is what it was asked, ``passed`` what went through."""

    def __init__(self):
        self.heard, self.passed = [], b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.heard.append(head.decode().split("\r\n")[0])
        host, port = head.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self._pass, args=(server, client), daemon=True).start()
        self._pass(client, server, record=True)

    def _pass(self, source, target, record=False):
        try:
            while data := source.recv(65536):
                if record:
                    self.passed += data
                target.sendall(data)
        except OSError:
            pass  # one side left
        finally:
            target.close()

    def close(self):
        self._server.close()


@pytest.fixture
def tunnel(monkeypatch):
    made = Tunnel()
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{made.port}")
    yield made
    made.close()


@pytest.fixture
def bao(openbao_tls, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", openbao_tls.root_token)
    openbao_tls.write("proxied", {"value": "through the tunnel"})
    return openbao_tls


def test_tls_goes_through_the_proxy_and_stays_tls(bao, tunnel, opened):
    assert opened(bao.url()).read("proxied").reveal() == "through the tunnel"
    assert tunnel.heard == [f"CONNECT 127.0.0.1:{bao.port} HTTP/1.1"]
    assert bao.root_token.encode() not in tunnel.passed


def test_no_proxy_is_heeded(bao, tunnel, opened, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert opened(bao.url()).read("proxied").reveal() == "through the tunnel"
    assert tunnel.heard == []


def test_plain_http_is_never_shown_to_a_proxy(openbao, tunnel, opened, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{tunnel.port}")
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    openbao.write("proxied", {"value": "direct"})
    assert opened(openbao.url()).read("proxied").reveal() == "direct"
    assert tunnel.heard == []


def test_a_proxy_that_is_away_is_unavailable(bao, tunnel, opened, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        opened(bao.url()).read("proxied")
