"""Messages between supervisor and workers: JSON behind its length, over a socket pair that nobody else holds.

They carry root keys and shares; so they never touch a file, a pipe with a name, or a log.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

_LENGTH = struct.Struct("!I")
_LARGEST = 4 << 20


def pack(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return _LENGTH.pack(len(body)) + body


def receive(sock: socket.socket) -> dict[str, Any] | None:
    """The next message of a blocking socket; ``None`` when the other end is gone."""
    head = _exactly(sock, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    body = _exactly(sock, length) if length <= _LARGEST else None
    if body is None:
        return None
    message: dict[str, Any] = json.loads(body)
    return message


def take(buffer: bytearray) -> list[dict[str, Any]]:
    """The whole messages at the beginning of ``buffer``, which are removed from it."""
    found = []
    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            break
        found.append(json.loads(buffer[_LENGTH.size : end]))
        del buffer[:end]
    return found


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        try:
            part = sock.recv(size)
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
