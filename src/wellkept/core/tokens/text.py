"""What a token's text looks like, and the keyed hash under which it is known."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes, hmac

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 24
SERVICE = "s."
BATCH = "b."


def random_text(length: int = LENGTH) -> str:
    """``length`` random letters and digits; 24 hold 142 bits."""
    number = int.from_bytes(os.urandom(length + 8), "big")  # 8 bytes more leave no bias worth the name
    letters = []
    for _ in range(length):
        number, index = divmod(number, 62)
        letters.append(_ALPHABET[index])
    return "".join(letters)


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
