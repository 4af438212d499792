"""How one value is enclosed: ``format (1) | term (4) | nonce (12) | ciphertext and tag``, AES-256-GCM.

The associated data is the format, the term and the entry's key, so that an entry that was moved, swapped or
relabelled does not open. Nonces are random; the number of encryptions under one term is kept far below the
2^32 that NIST SP 800-38D allows for them (see ``keyring``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag

from ..errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
OVERHEAD = 1 + 4 + 12 + 16
"""Bytes by which an enclosed value is longer."""


def enclose(cipher: AESGCM, term: int, key: str, value: bytes) -> bytes:
    """``value`` encrypted under ``term`` for the place ``key``."""
    head = head_of(term)
    nonce = os.urandom(12)
    return head + nonce + cipher.encrypt(nonce, value, head + key.encode())


def head_of(term: int) -> bytes:
    """The beginning of what is enclosed under ``term``: format and term."""
    return bytes((FORMAT,)) + term.to_bytes(4, "big")


def term_of(key: str, sealed: bytes) -> int:
    """The term that an enclosed value names. Raises ``IntegrityError`` when it is no such value."""
    if len(sealed) < OVERHEAD or sealed[0] != FORMAT:
        raise IntegrityError(
            f"the entry {key!r} is not in a form that this version knows: damaged or altered"
        )
    return int.from_bytes(sealed[1:5], "big")


def disclose(cipher: AESGCM, key: str, sealed: bytes) -> bytes:
    """The value, proven to be what was written at ``key``. Raises ``IntegrityError``."""
    try:
        return cipher.decrypt(sealed[5:17], sealed[17:], sealed[:5] + key.encode())
    except InvalidTag:
        pass  # raised below, with nothing in its context
    raise IntegrityError(
        f"the entry {key!r} is not what was written there: damaged, altered or moved; restore it from a backup"
    )


def attempt(decrypt: Callable[[], bytes]) -> bytes | None:
    """What ``decrypt`` returns, or ``None`` when the tag does not match."""
    try:
        return decrypt()
    except InvalidTag:
        return None
