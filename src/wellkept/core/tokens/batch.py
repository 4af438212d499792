"""Batch tokens: not stored anywhere, because the text itself holds the record, encrypted by the store's key.

They cannot be revoked, renewed or used a number of times; they end with their time, or with their parent.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .text import BATCH
from .token import Token

_AAD = b"wellkept batch token 1"
_LONGEST = 64 * 1024


class BatchTokens:
    """``key`` is 32 bytes, the same for the life of the store."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def issue(self, token: Token) -> str:
        """The text of ``token``."""
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, token.encode(), _AAD)
        return BATCH + urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, text: str) -> Token | None:
        """The record in ``text``, or ``None`` when it is not one of ours. Its end is not looked at."""
        body = text.removeprefix(BATCH)
        if len(body) > _LONGEST or not body.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
            return Token.decode(self._cipher.decrypt(sealed[:12], sealed[12:], _AAD))
        except (NotBase64, InvalidTag, ValueError):
            return None
