"""Bytes that were HTTP with JSON once: cut, flipped, repeated, spliced, and framed wrongly. The same for the same seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGETS = (
    b"/v1/sys/wrapping/wrap", b"/v1/sys/wrapping/lookup", b"/v1/auth/userpass/login/ann", b"/v1/secret/data/a", b"/v1/sys/unseal",
    b"/v1/sys/health?standbyok=true", b"/v1/sys/mounts", b"/v1/sys/tools/hash", b"/v1/sys/internal/specs/openapi", b"/v1/cubbyhole/a",
)  # fmt: skip
_BODIES = (
    b'{"data":{"a":"b","c":[1,2.5e3,null,true,{"d":"\\u00e9\\n"}]}}', b'{"token":"s.x"}', b'{"password":"x"}', b'{"key":"00","reset":false}',
    b"a=1&b=%20&c[]=2", b"{}", b"null", b"",
)  # fmt: skip
_HEADERS = (
    b"X-Vault-Wrap-TTL: 60", b"X-Vault-Namespace: root", b"Authorization: Bearer x", b"X-Forwarded-For: 1.2.3.4", b"Connection: close",
    b"Connection: keep-alive, Upgrade", b"Upgrade: h2c", b"Expect: 100-continue", b"Content-Type: application/merge-patch+json",
    b"Content-Type: application/x-www-form-urlencoded", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Content-Length: 5", b"Content-Length: 0x5", b"Content-Length: +5", b"Content-Encoding: gzip",
    b"Host: y", b"X: " + b"y" * 3000, b" folded", b"X-Vault-Token: \xff\xfe", b"X-Vault-Request: true", b"TE: trailers",
)  # fmt: skip
_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET ", b"LIST ", b"SCAN ", b"LOCK ", b"CONNECT ", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"5;x=" + b"y" * 500 + b"\r\n",
    b"%00", b"%", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\\u0000", b"\\ud800", b"1e999", b"-", b"[" * 300, b"{" * 50, b'"',
    b"\x16\x03\x01\x02\x00", b"A" * 20_000, b"9" * 400,
)  # fmt: skip
_METHODS = (
    b"GET",
    b"POST",
    b"PUT",
    b"DELETE",
    b"LIST",
    b"PATCH",
    b"SCAN",
    b"HEAD",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"LOCK",
    b"list",
    b"X",
)


def pieces(seed: int, token: bytes) -> Iterator[list[bytes]]:
    """Without end: what one connection sends, in the pieces in which it does."""
    chance = random.Random(seed)
    while True:
        data = b"".join(_request(chance, token) for _ in range(chance.choice([1, 1, 1, 2, 3, 9])))
        for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 5])):
            data = _altered(chance, data)
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([0, 0, 0, 1, 3])))
        yield [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if b > a]


def _request(chance: random.Random, token: bytes) -> bytes:
    method = chance.choice(_METHODS)
    lines = [
        method + b" " + chance.choice(_TARGETS) + b" HTTP/1." + chance.choice([b"1", b"1", b"1", b"0"]),
        b"Host: x",
    ]
    if chance.random() < 0.5:
        lines.append(b"X-Vault-Token: " + token)
    lines += chance.sample(_HEADERS, chance.choice([0, 0, 0, 1, 1, 2, 4]))
    body = chance.choice(_BODIES) if method in (b"POST", b"PUT", b"PATCH") or chance.random() < 0.2 else b""
    if body and chance.random() < 0.3:
        body = _altered(chance, body)
    if chance.random() < 0.25:
        lines.append(b"Transfer-Encoding: chunked")
        body = _chunked(chance, body)
    elif body or chance.random() < 0.2:
        lines.append(b"Content-Length: %d" % (len(body) + chance.choice([0] * 12 + [1, -1, 100])))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _chunked(chance: random.Random, body: bytes) -> bytes:
    parts = []
    while body:
        size = chance.randrange(1, len(body) + 1)
        parts.append(b"%x%b\r\n%b\r\n" % (size, chance.choice([b"", b"", b";a=b", b" "]), body[:size]))
        body = body[size:]
    return (
        b"".join(parts)
        + b"0\r\n"
        + chance.choice([b"", b"", b"Trailer: t\r\n"])
        + chance.choice([b"\r\n", b"\r\n", b""])
    )


def _altered(chance: random.Random, data: bytes) -> bytes:
    at, to = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    what = chance.randrange(6)
    if what == 0:
        return data[:at]
    if what == 1:
        return data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :]
    if what == 2:
        return data[:at] + chance.choice(_TOKENS) + data[at:]
    if what == 3:
        return data[:at] + data[to:]
    if what == 4:
        return data[:at] + data[at:to] * 2 + data[to:]
    return data[:at] + chance.choice(_TOKENS) + data[to:]
