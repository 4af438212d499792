"""XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), made of the library's ChaCha20 and ChaCha20-Poly1305.

HChaCha20 is ChaCha20's block function without its last addition; the block that the cipher gives out has it,
so subtracting the words that were added leaves the wanted ones.
"""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

_CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


class XChaCha20Poly1305:
    """As the library's AEADs, with nonces of 24 bytes."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        return self._inner(nonce).encrypt(bytes(4) + nonce[16:], data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        return self._inner(nonce).decrypt(bytes(4) + nonce[16:], data, associated_data)

    def _inner(self, nonce: bytes) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(hchacha20(self._key, nonce[:16]))


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """A subkey of 32 bytes for a nonce of 16."""
    block = Cipher(ChaCha20(key, nonce), None).encryptor().update(bytes(64))
    words = struct.unpack("<16I", block)
    added = (*_CONSTANTS, *struct.unpack("<4I", nonce))
    kept = (*words[:4], *words[12:])
    return struct.pack("<8I", *((word - each) & 0xFFFFFFFF for word, each in zip(kept, added, strict=True)))
