"""Several workers over one store: each follows the others, and none is missed."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from doubles.server_process import Process
from wellkept.testing.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path, "workers = 2\nkv_at_secret = true") as process:
        yield process


def sealed_everywhere(process: Process) -> set[bool]:
    """What many connections, spread over the workers, say."""
    return {process.call("GET", "sys/seal-status")[1]["sealed"] for _ in range(20)}


def test_shares_may_reach_different_workers_and_all_of_them_open_and_close_together(two: Process) -> None:
    token, keys = two.initialise()
    assert sealed_everywhere(two) == {False}
    assert two.call("PUT", "secret/data/a", {"data": {"x": "1"}}, token)[0] == 200
    for round_ in range(5):
        assert two.call("PUT", "sys/seal", {}, token)[0] == 204
        assert sealed_everywhere(two) == {True}
        assert {two.call("GET", "secret/data/a", token=token)[0] for _ in range(10)} == {503}
        for key in keys[round_ % 2 :][:2]:
            assert two.call("PUT", "sys/unseal", {"key": key})[0] == 200
        assert sealed_everywhere(two) == {False}
        assert {two.call("GET", "secret/data/a", token=token)[0] for _ in range(10)} == {200}


def test_a_killed_worker_is_replaced_and_the_server_stays_unsealed(two: Process) -> None:
    token, _ = two.initialise()
    two.call("PUT", "secret/data/a", {"data": {"x": "1"}}, token)
    for _ in range(3):
        victim = two.workers()[0]
        os.kill(victim, signal.SIGKILL)
        assert two.call("GET", "secret/data/a", token=token)[0] == 200
        two.wait_for(lambda victim=victim: victim not in two.workers() and len(two.workers()) == 2)
    assert sealed_everywhere(two) == {False}
    for _ in range(20):
        assert two.call("GET", "secret/data/a", token=token)[0] == 200
    assert two.stop() == 0


def test_a_rekey_is_followed_by_every_worker_while_they_serve(two: Process) -> None:
    token, keys = two.initialise()
    two.call("PUT", "secret/data/a", {"data": {"x": "1"}}, token)
    wrong: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for method, body in (("GET", None), ("PUT", {"data": {"x": "1"}})):
                status, _ = two.call(method, "secret/data/a", body, token)
                if status != 200:
                    wrong.append(status)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(4):
            _, begun = two.call(
                "PUT", "sys/rotate/root/init", {"secret_shares": 3, "secret_threshold": 2}, token
            )
            nonce = begun["data"]["nonce"]
            two.call("PUT", "sys/rotate/root/update", {"key": keys[2], "nonce": nonce}, token)
            status, made = two.call("PUT", "sys/rotate/root/update", {"key": keys[0], "nonce": nonce}, token)
            assert status == 200, made
            keys = made["data"]["keys"]
            assert two.call("PUT", "sys/rotate", {}, token)[0] == 204
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    os.kill(two.workers()[0], signal.SIGKILL)
    two.wait_for(lambda: len(two.workers()) == 2)
    for _ in range(20):
        assert two.call("GET", "secret/data/a", token=token)[0] == 200


def test_a_worker_that_dies_with_shares_in_hand_does_not_lose_them(two: Process) -> None:
    _, made = two.call("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 3})
    two.call("PUT", "sys/unseal", {"key": made["keys"][0]})
    for victim in two.workers():
        os.kill(victim, signal.SIGKILL)
    two.wait_for(lambda: len(two.workers()) == 2)
    assert two.call("PUT", "sys/unseal", {"key": made["keys"][1]})[1]["progress"] == 2
    assert two.call("PUT", "sys/unseal", {"key": made["keys"][2]})[1]["sealed"] is False


def test_a_store_closed_by_a_key_file_is_opened_at_the_start_by_every_worker(tmp_path: Path) -> None:
    config = f'workers = 2\nkv_at_secret = true\nseal "keyfile" {{ path = "{tmp_path}/store.key" }}'
    with Process(tmp_path, config) as process:
        status, made = process.call("PUT", "sys/init", {})
        assert status == 200, made
        assert made["keys"] == []
        assert sealed_everywhere(process) == {False}
        token = made["root_token"]
        assert process.call("PUT", "secret/data/a", {"data": {"x": "1"}}, token)[0] == 200
        assert process.stop() == 0
    with Process(tmp_path, config) as again:
        assert sealed_everywhere(again) == {False}
        assert again.call("GET", "secret/data/a", token=token)[0] == 200


def test_sigterm_lets_requests_under_way_finish(two: Process) -> None:
    token, _ = two.initialise()
    body = b'{"data":{"x":"1"}}'
    head = b"POST /v1/secret/data/late HTTP/1.1\r\nHost: x\r\nX-Vault-Token: %b\r\nContent-Length: %d\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", two.port), timeout=20) for _ in range(20)]
    for client in clients:
        client.sendall(head % (token.encode(), len(body)) + body)
    two.signal(signal.SIGTERM)
    answers = [client.recv(4096) for client in clients]
    for client in clients:
        client.close()
    assert two.process is not None
    assert two.process.wait(30) == 0
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_a_new_certificate_is_taken_on_sighup_while_clients_are_served(tmp_path: Path) -> None:
    authority = Authority(str(tmp_path))
    listener = f'tls_cert_file = "{authority.certificate_file}"\ntls_key_file = "{authority.key_file}"'
    with Process(tmp_path, "workers = 2\nkv_at_secret = true", listener=listener) as process:
        process.context = ssl.create_default_context(cafile=authority.ca_file)
        token, _ = process.initialise()
        standing = http.client.HTTPSConnection("127.0.0.1", process.port, context=process.context, timeout=20)
        standing.request("GET", "/v1/sys/health")
        standing.getresponse().read()
        failures: list[object] = []
        done = threading.Event()

        def load() -> None:
            while not done.is_set():
                try:
                    status, _ = process.call("GET", "sys/health")
                except OSError as error:
                    failures.append(error)
                else:
                    failures.extend([status] if status != 200 else [])

        clients = [threading.Thread(target=load) for _ in range(2)]
        for client in clients:
            client.start()
        before = serial(process.port)
        authority.server()
        process.signal(signal.SIGHUP)
        try:
            process.wait_for(lambda: process.said().count("read again") == 2)
        finally:
            done.set()
            for client in clients:
                client.join()
        assert serial(process.port) != before
        standing.request("GET", "/v1/sys/health", headers={"X-Vault-Token": token})
        assert standing.getresponse().read()
        standing.close()
        with open(authority.certificate_file, "w") as file:
            file.write("no certificate")
        process.signal(signal.SIGHUP)
        process.wait_for(lambda: "was not replaced" in process.said())
        assert serial(process.port) != before


def serial(port: int) -> int:
    from cryptography import x509

    return x509.load_pem_x509_certificate(
        ssl.get_server_certificate(("127.0.0.1", port)).encode()
    ).serial_number


def test_what_prevents_a_start_is_said_and_ends_it(tmp_path: Path) -> None:
    process = Process(
        tmp_path, "workers = 2", listener='tls_cert_file = "/nowhere"\ntls_key_file = "/nowhere"'
    )
    with pytest.raises(AssertionError, match="cannot be loaded"):
        process.start()
    assert process.process is not None
    assert process.process.wait(20) == 78
