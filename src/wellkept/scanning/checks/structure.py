"""Values with a structure that can be looked into: JSON in base64, keys in PEM, pairs in base64."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

_ARMOUR = re.compile(rb"(?:[A-Z][A-Za-z-]{2,30}: [^\r\n\\]{1,200}(?:\r?\n|(?:\\r)?\\n))+")


def unbase64(text: bytes) -> bytes | None:
    """What base64 of either alphabet stands for, its padding optional; none when it is not base64."""
    text = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def json_object(text: bytes) -> dict[str, Any] | None:
    """A JSON object, or none. Texts over 64 KiB are not looked into."""
    if len(text) > 65536:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def jwt_header(token: bytes) -> dict[str, Any] | None:
    """The header of a JSON Web Token (RFC 7519) or JWE, or none when it has no ``alg``."""
    first = unbase64(token.partition(b".")[0])
    header = json_object(first) if first is not None else None
    return header if header is not None and isinstance(header.get("alg"), str) else None


def jwt_claims(token: bytes) -> dict[str, Any] | None:
    """The claims of a JSON Web Token, or none."""
    parts = token.split(b".")
    second = unbase64(parts[1]) if len(parts) > 1 else None
    return json_object(second) if second is not None else None


def key_material(block: bytes) -> bytes:
    """The base64 characters of a PEM block's body, white space, escapes and quotes removed."""
    start = block.find(b"-----", block.find(b"BEGIN"))
    stop = block.find(b"-----END", start)
    body = block[start + 5 : stop if stop > 0 else len(block)]
    body = _ARMOUR.sub(b"", body.replace(b"\\r\\n", b"\n").replace(b"\\n", b"\n").replace(b"\\/", b"/"))
    return bytes(byte for byte in body if byte in _B64)


_B64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
