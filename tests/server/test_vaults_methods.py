"""LIST and SCAN, which HTTP parsers do not know, are understood, however they come in pieces."""

import http.client
import socket
import time

import pytest

import wellkept.testing


@pytest.fixture(scope="module")
def server():
    with wellkept.testing.server() as running:
        running.write("folder/a", {"x": 1})
        yield running


@pytest.mark.parametrize(("method", "keys"), [("LIST", b'["folder/"]'), ("SCAN", b'["folder/a"]')])
def test_a_method_of_vaults_is_answered_and_the_connection_goes_on(server, method, keys):
    connection = http.client.HTTPConnection(server.host, server.port)
    for _ in range(2):
        for asked in (method, "GET"):
            path = "secret/metadata" if asked == method else "secret/data/folder/a"
            connection.request(asked, f"/v1/{path}", headers={"X-Vault-Token": server.root_token})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200
            assert asked == "GET" or keys in content
    connection.close()


def test_it_may_come_byte_by_byte(server):
    with socket.create_connection((server.host, server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        text = f"LIST /v1/secret/metadata HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {server.root_token}\r\n\r\n"
        for letter in text[:8]:
            connection.sendall(letter.encode())
            time.sleep(0.002)
        connection.sendall(text[8:].encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", ["LOCK", "BIND", "LISTEN", "L", "SCANNED"])
def test_what_stands_in_for_them_is_not_understood_itself(server, method):
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.request(method, "/v1/secret/metadata", headers={"X-Vault-Token": server.root_token})
    assert connection.getresponse().status in (400, 405)
    connection.close()
