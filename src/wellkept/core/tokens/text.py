"""What a token's text looks like, and the keyed hash under which it is known."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes, hmac

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = bytes(ord(_ALPHABET[value % 62]) for value in range(256))
_LEFT_OVER = bytes(range(248, 256))
LENGTH = 24
SERVICE = "s."
BATCH = "b."


def random_text(length: int = LENGTH) -> str:
    """``length`` random letters and digits; 24 hold 142 bits."""
    text = b""
    while len(text) < length:
        # Each letter stands for four values of a byte; the eight values that are left over are dropped.
        text += os.urandom(length + length // 8 + 4).translate(_LETTERS, _LEFT_OVER)
    return text[:length].decode()


def new_token() -> str:
    """A new service token's text."""
    return SERVICE + random_text()


class Hasher:
    """Names tokens, accessors and leases by keyed hashes, so that storage holds no token and a lookup compares
    nothing that an attacker could feel his way along."""

    __slots__ = ("_prepared",)

    def __init__(self, key: bytes) -> None:
        self._prepared = hmac.HMAC(key, hashes.SHA256())

    def __call__(self, text: str) -> str:
        context = self._prepared.copy()
        context.update(text.encode("utf-8", "surrogatepass"))
        return context.finalize().hex()
