"""What the seals share: AES-256-GCM around the root key, and reading fields from a blob that may be damaged."""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ...errors import IntegrityError
from ..envelope import attempt

if TYPE_CHECKING:
    from collections.abc import Mapping


def wrap_key(wrapping: bytes, root: bytes, context: bytes) -> dict[str, Any]:
    """``root`` encrypted under ``wrapping``, bound to ``context``."""
    nonce = os.urandom(12)
    sealed = AESGCM(wrapping).encrypt(nonce, root, context)
    return {
        "nonce": b2a_base64(nonce, newline=False).decode(),
        "sealed": b2a_base64(sealed, newline=False).decode(),
    }


def unwrap_key(wrapping: bytes, blob: Mapping[str, Any], context: bytes) -> bytes | None:
    """The root key, or ``None`` when this is not the wrapping key (or the blob was altered: one cannot tell)."""
    nonce, sealed = field(blob, "nonce", 12), field(blob, "sealed", 48)
    return attempt(lambda: AESGCM(wrapping).decrypt(nonce, sealed, context))


def field(blob: Mapping[str, Any], name: str, length: int) -> bytes:
    """A base64 field of exactly ``length`` bytes. Raises ``IntegrityError``."""
    value = blob.get(name)
    raw = _decode(value) if isinstance(value, str) else None
    if raw is None or len(raw) != length:
        raise damaged()
    return raw


def damaged() -> IntegrityError:
    return IntegrityError("the seal's configuration is damaged or altered; restore it from a backup")


def _decode(text: str) -> bytes | None:
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
