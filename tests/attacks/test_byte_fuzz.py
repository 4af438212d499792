"""Nonsense at the HTTP and JSON parsers of a running server: it is refused or answered, and the server goes on.

As many connections as CI allows; ``WELLKEPT_FUZZ_CONNECTIONS`` and ``WELLKEPT_FUZZ_SEED`` make it longer and other.
"""

from __future__ import annotations

import os
import re
import socket
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from doubles.byte_fuzz import pieces
from doubles.server_process import Process, memory

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = int(os.environ.get("WELLKEPT_FUZZ_CONNECTIONS", "20000"))
SEED = int(os.environ.get("WELLKEPT_FUZZ_SEED", "4"))
MOST_MEMORY = 300 << 20
"""Bytes of one worker. It begins with some 70 MB."""

_STATUS = re.compile(rb"(?:^|\n)HTTP/1\.1 (\d{3}) ")


def say(port: int, parts: Sequence[bytes], kept: deque[socket.socket], hang: bool) -> bytes:
    """Send, and read what comes until the server closes; ``hang``: read nothing, and leave the connection as it is."""
    client = socket.create_connection(("127.0.0.1", port), 30)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer = b""
    try:
        for part in parts:
            client.sendall(part)
        if hang:
            kept.append(client)
            return b""
        client.shutdown(socket.SHUT_WR)
        while part := client.recv(1 << 16):
            answer += part
    except (ConnectionResetError, BrokenPipeError):
        pass  # it was told what it was told, and then cut off
    except OSError as error:
        if error.errno != 107:  # ENOTCONN: closed by the other side before we were through
            raise
    client.close()
    return answer


@pytest.mark.slow
def test_no_bytes_whatever_make_the_server_fail(serve: Any) -> None:
    process: Process = serve()
    root, _ = process.initialise()
    for path, body in (("sys/mounts/secret", {"type": "kv"}), ("sys/auth/userpass", {"type": "userpass"})):
        assert process.call("POST", path, body, root)[0] == 204
    process.call("POST", "auth/userpass/users/ann", {"password": "right", "bcrypt_cost": 4}, root)
    token = process.call("POST", "auth/token/create", {"policies": ["default"]}, root)[1]["auth"][
        "client_token"
    ]
    seen: dict[int, int] = {}
    failed: list[str] = []
    kept: deque[socket.socket] = deque()
    for number, parts in zip(range(CONNECTIONS), pieces(SEED, token.encode()), strict=False):
        answer = say(process.port, parts, kept, hang=number % 29 == 0)
        while len(kept) > 100:
            kept.popleft().close()
        found = [int(status) for status in _STATUS.findall(answer)]
        for status in found:
            seen[status] = seen.get(status, 0) + 1
        if any(status >= 500 for status in found) or b"Traceback" in answer or (answer and not found):
            failed.append(f"{parts!r}\n  {answer[:500]!r}")
    for client in kept:
        client.close()
    assert not failed, "\n".join(failed[:20])
    assert seen[200] > CONNECTIONS / 100
    assert seen[400] > CONNECTIONS / 10
    assert process.call("GET", "auth/token/lookup-self", token=token)[0] == 200
    assert process.call("GET", "sys/health")[0] == 200
    assert "Traceback" not in process.said()
    assert max(memory(pid) for pid in process.workers()) < MOST_MEMORY
    assert process.stop() == 0
