"""The chain that holds the audit lines together: pure functions over bytes, no file and no clock in it.

Every line is one JSON object. It begins with its sequence number, and ends with ``prev``, the mac of the
line before (zeros for the first), and ``mac``, HMAC-SHA-256 over the line's own bytes up to there. So a
changed line no longer fits its own mac, and a dropped or moved line no longer fits its neighbours. What a
chain cannot notice by itself is a missing end; that is what the ``Head`` is for, a small authenticated
statement of the last line, kept in the encrypted store.

Three keys come from the one that the barrier derives: for lines, for heads and for the digests of values.
They are separate so that nobody can have a line signed by storing its text as a secret.
"""

from __future__ import annotations

from _operator import _compare_digest as bytes_eq  # what ``hmac.compare_digest`` is, without loading hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes, hmac

from ..errors import IntegrityError

GENESIS = "0" * 64
_MAC_FIELD = b',"mac":"'
_TAIL = len(_MAC_FIELD) + 64 + len(b'"}')


class Head(NamedTuple):
    """The last line: its ``seq`` and ``mac``, and ``size``, the file's length in bytes after it."""

    seq: int
    mac: str
    size: int


START = Head(0, GENESIS, 0)


class Line(NamedTuple):
    """What a line says of its own place in the chain."""

    seq: int
    prev: str
    mac: str


class Chain:
    """Signs and checks with keys made from ``key`` (32 bytes)."""

    __slots__ = ("_digest", "_head", "_line")

    def __init__(self, key: bytes) -> None:
        self._line = hmac.HMAC(subkey(key, b"wellkept audit line"), hashes.SHA256())
        self._head = hmac.HMAC(subkey(key, b"wellkept audit head"), hashes.SHA256())
        self._digest = hmac.HMAC(subkey(key, b"wellkept audit digest"), hashes.SHA256())

    def digest(self, value: bytes) -> str:
        """How a value appears in the record: equal for equal values, telling nothing else about them."""
        return "hmac-sha256:" + mac_of(self._digest, value)

    def line(self, head: Head, members: str) -> tuple[bytes, Head]:
        """The line that follows ``head``, newline included, and the head after it.

        ``members`` is the JSON text of the record's own members, without the braces.
        """
        seq = head.seq + 1
        body = f'{{"seq":{seq},{members},"prev":"{head.mac}"'.encode()
        mac = mac_of(self._line, body)
        line = body + _MAC_FIELD + mac.encode() + b'"}\n'
        return line, Head(seq, mac, head.size + len(line))

    def check(self, line: bytes) -> Line | None:
        """The place that ``line`` (without newline) claims, or ``None`` when it is not as it was signed."""
        body, tail = line[:-_TAIL], line[-_TAIL:]
        if not tail.startswith(_MAC_FIELD) or not tail.endswith(b'"}'):
            return None
        mac = tail[len(_MAC_FIELD) : -2]
        if not bytes_eq(mac_of(self._line, body).encode(), mac):
            return None
        # The mac holds, so the line was made by ``line`` above, and has its shape.
        return Line(int(body[7 : body.index(b",")]), body[-65:-1].decode(), mac.decode())

    def seal_head(self, head: Head) -> bytes:
        """``head`` as bytes to be stored."""
        text = f"1 {head.seq} {head.mac} {head.size}"
        return f"{text} {mac_of(self._head, text.encode())}".encode()

    def open_head(self, stored: bytes | None) -> Head:
        """The head from its stored bytes. Raises ``IntegrityError`` when it is missing or not authentic."""
        text, _, mac = (stored or b"").rpartition(b" ")
        if not text or not bytes_eq(mac_of(self._head, text).encode(), mac):
            state = "is missing from the store" if stored is None else "in the store is damaged"
            raise IntegrityError(f"the head of the audit log {state}; restore the store from a backup")
        _, seq, last, size = text.decode().split(" ")
        return Head(int(seq), last, int(size))


def subkey(key: bytes, label: bytes) -> bytes:
    """A key of its own for ``label``."""
    context = hmac.HMAC(key, hashes.SHA256())
    context.update(label)
    return context.finalize()


def mac_of(prepared: hmac.HMAC, data: bytes) -> str:
    """HMAC of ``data`` in hexadecimal; ``prepared`` holds the key, and is not used up."""
    context = prepared.copy()
    context.update(data)
    return context.finalize().hex()
