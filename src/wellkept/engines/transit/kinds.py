"""The kinds of keys, and what each can do. Names and numbers are OpenBao's (the numbers stand in backups)."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """``size`` in bytes: a symmetric key's; 0 for others. ``bits``: an RSA modulus'. ``curve``: Go's name of it."""

    name: str
    number: int
    size: int = 0
    bits: int = 0
    curve: str = ""

    @property
    def aead(self) -> bool:
        return self.size > 0

    @property
    def rsa(self) -> bool:
        return self.bits > 0

    @property
    def ecdsa(self) -> bool:
        return self.curve != ""

    @property
    def ed25519(self) -> bool:
        return self.number == 2

    @property
    def hmac(self) -> bool:
        return self.number == 10

    @property
    def encrypts(self) -> bool:
        return self.aead or self.rsa

    @property
    def signs(self) -> bool:
        return self.rsa or self.ecdsa or self.ed25519

    @property
    def hashes_input(self) -> bool:
        """Whether a message is hashed before it is signed."""
        return self.rsa or self.ecdsa

    @property
    def derives(self) -> bool:
        return self.aead or self.ed25519


KINDS = {
    kind.name: kind
    for kind in (
        Kind("aes256-gcm96", 0, size=32),
        Kind("ecdsa-p256", 1, curve="P-256"),
        Kind("ed25519", 2),
        Kind("rsa-2048", 3, bits=2048),
        Kind("rsa-4096", 4, bits=4096),
        Kind("chacha20-poly1305", 5, size=32),
        Kind("ecdsa-p384", 6, curve="P-384"),
        Kind("ecdsa-p521", 7, curve="P-521"),
        Kind("aes128-gcm96", 8, size=16),
        Kind("rsa-3072", 9, bits=3072),
        Kind("hmac", 10),
        Kind("xchacha20-poly1305", 11, size=32),
    )
}
NUMBERED = {kind.number: kind for kind in KINDS.values()}

LEAST_HMAC, MOST_HMAC = 32, 512
"""Bytes of an HMAC key."""
