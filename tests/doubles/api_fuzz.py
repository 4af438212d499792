"""Requests that an OpenAPI document allows, and many that it does not: chosen at random, the same for the same seed."""

from __future__ import annotations

import base64
import json
import random
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELLO = base64.b64encode(b"hello").decode()
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, 1.5, -0.0, 1e308, "", " ", "\0", "a\nb", "é", "\u202e",
    "\U0001f600", "'\"\\", "%s%n{0}", "../x", "x/../y", "*", "+", "/", "0", "-1", "1h", "-1h", "9" * 30, "1e9", "NaN", "true",
    [], {}, [[]], [None], [1, "a"], {"": ""}, {"a": None}, {"a": {"b": [1]}}, [{}], "root", "default", "x" * 5000, "a,b,,c",
    _HELLO, "!!!", "vault:v1:", "vault:v0:" + _HELLO, "vault:v1:" + _HELLO, "vault:v99999999999999999999:" + _HELLO,
    "127.0.0.1/8", "::1", "999.1.1.1", "sha2-256", "none", "hex", "2026-01-01T00:00:00Z", "9999-99-99", "0001-01-01T00:00:00Z",
    '{"a":1}', 'path "x" { capabilities = ["read"] }', "path {", "s.x", "hvb.x", "b.x",
)  # fmt: skip
"""Values that go wrong somewhere."""

NAMES = (
    "a",
    "b",
    "x",
    "derived",
    "rsa",
    "ed",
    "mac",
    "role",
    "ann",
    "nobody",
    "p",
    "a/b",
    "a b",
    "é",
    "A",
    "..",
    "a.b",
    "%2e",
    "1",
)
_KNOWN = {
    "type": ("aes256-gcm96", "chacha20-poly1305", "ed25519", "ecdsa-p256", "hmac", "kv", "transit", "userpass", "approle", "x"),
    "mount": ("secret", "transit", "kv", "cubbyhole"), "source": ("platform", "all", "seal", "hw"),
    "plaintext": ("plaintext", "wrapped", _HELLO), "input": (_HELLO,), "context": (_HELLO,), "associated_data": (_HELLO,),
    "urlbytes": ("1", "32", "0", "-1", "999999999", "x"), "bytes": (1, "32", 0, -1, 2**40), "urlalgorithm": ("sha2-512", "md5", "x"),
    "hash_algorithm": ("sha2-256", "none", "sha1"), "format": ("base64", "hex", "x"), "version": (1, 2, 0, -1, "latest", 2**70),
    "username": ("ann", "nobody", "ANN"), "role_name": ("role", "nobody"), "policies": (["default"], "default,p", ["root"]),
    "token_type": ("service", "batch", "default", "x"), "ttl": ("1h", 60, -5, "x"), "versions": ([1], "1", [0], ["x"], 2**70),
    "options": ({"cas": 0}, {"cas": -1}, {"cas": "x"}, {"version": "2"}, {"version": "3"}, []), "data": ({"a": 1}, {"a": "b"}, None, 1),
    "batch_input": ([{"plaintext": _HELLO}], [{}], [None], [{"input": _HELLO}], [1], [{"ciphertext": "vault:v1:" + _HELLO}], []),
    "nonce": (_HELLO, "AAAAAAAAAAAAAAAA"),
}  # fmt: skip
"""What gets past the first check of a parameter of this name."""

_PLACE = re.compile(r"\{(\w+)\}")


class Call(NamedTuple):
    """One request: ``target`` as sent; ``body`` bytes or ``None``; ``where`` names the operation of the document."""

    method: str
    target: str
    body: bytes | None
    headers: dict[str, str]
    where: str

    def __repr__(self) -> str:
        return f"{self.method} {self.target} {self.headers or ''} {self.body!r}"


def calls(document: Mapping[str, Any], seed: int, *, skip: frozenset[str] = frozenset()) -> Iterator[Call]:
    """Without end. ``skip``: operations (``post /sys/seal``) that would end the game."""
    operations = [
        (method, path, row)
        for path, rows in sorted(document["paths"].items())
        for method, row in rows.items()
        if method in ("get", "post", "delete", "patch", "put") and f"{method} {path}" not in skip
    ]
    chance = random.Random(seed)
    turn: list[Any] = []
    while True:
        if not turn:  # each operation as often as any other
            turn = operations[:]
            chance.shuffle(turn)
        method, path, row = turn.pop()
        yield _call(chance, method, path, row)


def _call(chance: random.Random, method: str, path: str, row: Mapping[str, Any]) -> Call:
    target = "/v1" + _PLACE.sub(lambda found: _segment(chance, found[1]), path)
    verb = method.upper()
    query = [
        (each["name"], each.get("schema", {})) for each in row.get("parameters", ()) if each["in"] == "query"
    ]
    chosen = {name: value(chance, name) for name, _ in query if chance.random() < 0.5}
    if verb == "GET" and chance.random() < 0.3:
        verb = chance.choice(["LIST", "SCAN", "HEAD"]) if chance.random() < 0.9 else "LIST"
    headers: dict[str, str] = {}
    body = None
    if verb in ("POST", "PUT", "PATCH"):
        content = row.get("requestBody", {}).get("content", {})
        schema = next(iter(content.values()), {}).get("schema", {})
        names = list(schema.get("properties", {}))
        share = chance.choice([0.05, 0.1, 0.3, 0.6])
        given: Any = {name: value(chance, name) for name in names if chance.random() < share}
        if chance.random() < 0.15:
            given[chance.choice([*names, "unknown", "", "a.b"])] = value(chance, "unknown")
        if chance.random() < 0.04:
            given = chance.choice(ODD)
        body = json.dumps(given).encode()
        if chance.random() < 0.03:
            body = _torn(chance, body)
        if verb == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
    elif chosen:
        target += "?" + urlencode(
            {name: each if isinstance(each, str) else json.dumps(each) for name, each in chosen.items()}
        )
    if chance.random() < 0.06:
        headers["X-Vault-Wrap-TTL"] = chance.choice(["60", "1m", "-1", "0", "x", "9" * 40, "1e5", "nan"])
    if chance.random() < 0.02:
        verb = chance.choice(["GET", "POST", "PUT", "DELETE", "LIST", "PATCH", "OPTIONS", "TRACE"])
    return Call(verb, target, body, headers, f"{method} {path}")


def value(chance: random.Random, name: str) -> Any:
    """For a parameter of this name: mostly one that fits, where such are known."""
    if name in _KNOWN and chance.random() < 0.7:
        return chance.choice(_KNOWN[name])
    if chance.random() < 0.2:
        return chance.choice(NAMES)
    return chance.choice(ODD)


def _segment(chance: random.Random, name: str) -> str:
    if chance.random() < 0.1:
        odd = chance.choice(ODD)
        return quote(odd if isinstance(odd, str) else json.dumps(odd), safe="/")[:2000]
    if name in _KNOWN and chance.random() < 0.8:
        return quote(str(chance.choice(_KNOWN[name])))
    return quote(chance.choice(NAMES), safe="/%")


def _torn(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return chance.choice(
        [body[:at], body[:at] + bytes((chance.randrange(256),)) + body[at + 1 :], body + body, b"[" * 999]
    )
