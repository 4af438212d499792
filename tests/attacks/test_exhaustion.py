"""Strangers who send much: the memory of the server process is measured, and others are served meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from doubles.server_process import Process, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
MOST_ONE = 200 * MIB
"""Bytes of a worker while it refuses one body of 31 MiB, whatever is in it. It begins with some 40 to 70 MiB."""
MOST_MANY = 512 * MIB
"""Likewise for a crowd of them."""

CVE_2025_59043 = {
    "numbers": b'{"a":[' + b"1," * 15_500_000 + b"1]}",
    "allowed-numbers": b'{"a":[' + b",".join([b"1"] * 1_390_000) + b"]}",
    "objects": b'{"a":[' + b"{}," * 10_000_000 + b"{}]}",
    "texts": b'{"a":[' + b'"",' * 10_000_000 + b'""]}',
    "keys": b'{"":' * 7_000_000,
    "one-text": b'{"a":"' + b"x" * (31 * MIB) + b'"}',
    "escapes": b'{"a":"' + b"\\u0041" * 5_000_000 + b'"}',
    "quotes": b'"' * (31 * MIB),
    "backslashes": b'{"a":"' + b"\\" * (31 * MIB),
    "spaces": b" " * (31 * MIB),
    "digits": b'{"a":' + b"9" * (31 * MIB) + b"}",
    "form": b"a=1&" * 7_000_000,
}
CVE_2025_6203 = {
    "arrays": b"[" * (31 * MIB),
    "objects": b'{"a":' * 6_000_000,
    "closed-arrays": b'{"a":' + b"[" * 15_000_000 + b"]" * 15_000_000 + b"}",
    "mixed": b'{"a":[' * 5_000_000,
    "deep": b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
}
OPEN = (
    "sys/wrapping/lookup",
    "auth/userpass/login/x",
    "auth/approle/login",
    "sys/unseal",
    "sys/init",
    "sys/rekey/init",
    "secret/data/x",
)

_some = itertools.cycle([OPEN[0:1], OPEN[1:3], OPEN[3:4], OPEN[4:6], OPEN[6:7]])


@pytest.fixture(scope="module")
def process(tmp_path_factory: Any) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("served"))
    try:
        process.start()
        root, _ = process.initialise()
        for kind in ("userpass", "approle"):
            process.call("POST", f"sys/auth/{kind}", {"type": kind}, root)
        yield process
        assert "Traceback" not in process.said()
    finally:
        process.__exit__()


@pytest.fixture
def worker(process: Process) -> int:
    """The one that serves, its greatest size forgotten."""
    (pid,) = process.workers()
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")
    return pid


def post(process: Process, path: str, body: bytes, *headers: bytes) -> int:
    """The status; 0 when the server hung up before it said one."""
    head = [b"POST /v1/%b HTTP/1.1" % path.encode(), b"Host: x", b"Content-Length: %d" % len(body), *headers]
    with socket.create_connection(("127.0.0.1", process.port), 60) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        with contextlib.suppress(ConnectionError):
            return int(client.recv(100).split()[1])
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", CVE_2025_59043)
def test_cve_2025_59043_no_body_of_a_stranger_takes_many_times_its_size(
    process: Process, worker: int, kind: str
) -> None:
    for path in next(_some):
        assert post(process, path, CVE_2025_59043[kind]) in (400, 403, 404, 405, 413), path
    assert memory(worker) < MOST_ONE
    assert memory(worker, "VmRSS") < 130 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("kind", CVE_2025_6203)
def test_cve_2025_6203_no_depth_of_a_strangers_body_occupies_the_server(
    process: Process, worker: int, kind: str
) -> None:
    for path in next(_some):
        assert post(process, path, CVE_2025_6203[kind]) in (400, 403, 404, 405, 413), path
    assert memory(worker) < MOST_ONE
    assert process.call("GET", "sys/health")[0] == 200


@pytest.mark.slow
def test_cve_2025_59043_a_crowd_of_large_bodies_does_not_add_up(process: Process, worker: int) -> None:
    """Sixteen at once; what is too much together is turned away with 503, and whoever sends little is not."""
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(post(process, "secret/data/x", CVE_2025_59043["one-text"]))
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert post(process, "secret/data/x", b'{"data":{}}') == 403
    assert set(answers) <= {0, 403, 503}
    assert memory(worker) < MOST_MANY


def test_cve_2025_59043_bodies_that_never_end_are_not_held_without_bound(
    process: Process, worker: int
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(16):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", process.port), 60))
            with contextlib.suppress(ConnectionError):
                client.sendall(
                    b"POST /v1/sys/unseal HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (32 * MIB)
                )
                client.sendall(b"x" * (31 * MIB))
        assert memory(worker) < MOST_MANY
        assert post(process, "secret/data/x", b'{"data":{}}') == 403
    while memory(worker, "VmRSS") > 130 * MIB:  # their connections are gone, and with them what they held
        assert process.call("GET", "sys/health")[0] == 200
    assert post(process, "secret/data/x", CVE_2025_59043["one-text"]) == 403


def test_cve_2025_59043_one_connection_does_not_queue_up_large_bodies(process: Process, worker: int) -> None:
    body = b'{"a":"' + b"x" * (4 * MIB) + b'"}'
    request = b"POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", process.port), 60) as client:
        reader = threading.Thread(target=lambda: _drain(client))
        reader.start()
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        reader.join()
    assert memory(worker) < MOST_MANY


def test_cve_2025_59043_tiny_pieces_of_a_body_take_no_more_than_large_ones(
    process: Process, worker: int
) -> None:
    with socket.create_connection(("127.0.0.1", process.port), 60) as client:
        client.sendall(b"POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(15):
                client.sendall(b"2\r\nab\r\n" * 300_000)
            client.sendall(b"0\r\n\r\n")
            assert client.recv(100).split()[1] == b"400"
    assert memory(worker) < MOST_ONE


def test_a_header_that_repeats_another_counts_for_more_than_its_length(process: Process) -> None:
    """Joining a thousand of them takes a thousand times their length."""
    with socket.create_connection(("127.0.0.1", process.port), 60) as client:
        client.sendall(b"GET /v1/sys/health HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 5000 + b"\r\n")
        assert client.recv(100).split()[1] == b"431"


def test_refused_requests_leave_nothing_behind_for_the_collector(served: Any) -> None:
    """A refusal that held its frames, which hold it, would keep each stranger's body in memory for a while."""
    import gc

    from wellkept.core.request import Request

    gc.collect()
    gc.disable()
    try:
        before = sum(type(each) is Request for each in gc.get_objects())
        for path, body in (
            ("secret/data/x", {"data": {}}),
            ("nope/x", {}),
            ("sys/wrapping/lookup", {"token": "x"}),
            ("auth/token/create", {"x": 1}),
        ):
            for token in ("", "s.guess"):
                for _ in range(5):
                    with contextlib.suppress(Exception):
                        served.request("POST", path, body, token=token)
        after = sum(type(each) is Request for each in gc.get_objects())
    finally:
        gc.enable()
    assert after <= before + 2


def _drain(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while client.recv(1 << 16):
            pass
