"""A key of its own for each context: HKDF over SHA-256 (RFC 5869), the context as its information."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .faults import Fault

if TYPE_CHECKING:
    from .key import Key

_NO_CONTEXT = (
    "missing 'context' for key derivation; the key was created using a derived key, which means additional, "
    "per-request information must be included in order to perform operations with the key"
)


def derived(key: Key, number: int, context: bytes, size: int) -> bytes:
    """``size`` bytes for ``context``. Raises ``Fault``."""
    if number <= 0 or number > key.latest:
        raise Fault("invalid key version")
    if not context:
        raise Fault(_NO_CONTEXT)
    secret = key.version(number).secret
    if key.old_kdf:
        return _counter_mode(secret, context)[:size]
    return HKDF(SHA256(), size, None, context).derive(secret)


def _counter_mode(secret: bytes, context: bytes) -> bytes:
    """NIST SP 800-108's counter mode with HMAC-SHA256, 256 bits: one block."""
    message = (0).to_bytes(4, "big") + context + (256).to_bytes(4, "big")
    return hmac.digest(secret, message, hashlib.sha256)
